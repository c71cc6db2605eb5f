import Foundation
import OrderedJSON
import SafeFiles

extension SafetensorsWriter {
    /// Writes a model's weights into `directory` as transformers lays them out: `model.safetensors` when everything
    /// fits one shard, else `model-00001-of-0000N.safetensors` … with `model.safetensors.index.json`.
    ///
    /// Tensors are dealt to shards in the order given, a new shard beginning when the next tensor would exceed
    /// `shardBytes`. Throws as ``write(to:tensors:metadata:content:)`` does. Returns the names of the files.
    @discardableResult
    public static func writeSharded(
        into directory: String, tensors: [TensorDeclaration], shardBytes: Int = 5_000_000_000,
        metadata: [(String, String)] = [("format", "pt")], content: (TensorDeclaration, ByteSink) throws -> Void
    ) throws -> [String] {
        let shards = deal(tensors, shardBytes: shardBytes)
        func path(_ name: String) -> String { (directory as NSString).appendingPathComponent(name) }
        guard shards.count > 1 else {
            try write(to: path("model.safetensors"), tensors: tensors, metadata: metadata, content: content)
            return ["model.safetensors"]
        }
        var names: [String] = []
        var map: [(key: String, value: JSONValue)] = []
        for (number, shard) in shards.enumerated() {
            let name = "model-\(padded(number + 1))-of-\(padded(shards.count)).safetensors"
            try write(to: path(name), tensors: shard, metadata: metadata, content: content)
            names.append(name)
            map += shard.map { ($0.name, .string(name)) }
        }
        let index: JSONValue = [
            "metadata": [
                "total_parameters": .integer(tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }),
                "total_size": .integer(tensors.reduce(0) { $0 + $1.byteCount }),
            ],
            "weight_map": .object(JSONObject(map)),
        ]
        let style = JSONStyle(indent: 2, keySeparator: ": ", sortedKeys: true, asciiOnly: true)
        try AtomicFile.write(index.serialized(style) + "\n", to: path("model.safetensors.index.json"))
        return names + ["model.safetensors.index.json"]
    }

    private static func deal(_ tensors: [TensorDeclaration], shardBytes: Int) -> [[TensorDeclaration]] {
        var shards: [[TensorDeclaration]] = []
        var room = 0
        for tensor in tensors {
            if shards.isEmpty || tensor.byteCount > room {
                shards.append([])
                room = shardBytes
            }
            shards[shards.count - 1].append(tensor)
            room -= tensor.byteCount
        }
        return shards
    }

    static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
}
