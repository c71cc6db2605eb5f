import Diagnostics
import Foundation
import Kernels
import Models
import OrderedJSON
import WeightFiles

/// The shape of a published model, for measuring speed where its weights cannot be had: generated numbers cost the
/// same.
public struct ModelShape: Sendable {
    /// The name `--shape` takes.
    public let name: String
    /// What its config.json says.
    public let configuration: JSONValue

    /// The shapes that can be generated.
    public static let all: [ModelShape] = [
        ModelShape(
            name: "smollm2-135m",
            configuration: decoder(
                "llama", hidden: 576, feed: 1536, layers: 30, heads: 9, keyValue: 3, vocabulary: 49152,
                positions: 32768, theta: 1e5, tied: true)),
        ModelShape(
            name: "qwen2.5-0.5b",
            configuration: decoder(
                "qwen2", hidden: 896, feed: 4864, layers: 24, heads: 14, keyValue: 2, vocabulary: 151_936,
                positions: 32768, theta: 1e6, tied: true)),
        ModelShape(
            name: "llama3.2-1b",
            configuration: decoder(
                "llama", hidden: 2048, feed: 8192, layers: 16, heads: 32, keyValue: 8, vocabulary: 128_256,
                positions: 131_072, theta: 5e5, tied: true)),
        ModelShape(
            name: "qwen3-4b",
            configuration: decoder(
                "qwen3", hidden: 2560, feed: 9728, layers: 36, heads: 32, keyValue: 8, vocabulary: 151_936,
                positions: 40960, theta: 1e6, tied: true, headSize: 128)),
        ModelShape(
            name: "llama3.1-8b",
            configuration: decoder(
                "llama", hidden: 4096, feed: 14336, layers: 32, heads: 32, keyValue: 8, vocabulary: 128_256,
                positions: 131_072, theta: 5e5, tied: false)),
        ModelShape(
            name: "mistral-7b",
            configuration: decoder(
                "mistral", hidden: 4096, feed: 14336, layers: 32, heads: 32, keyValue: 8, vocabulary: 32_000,
                positions: 32768, theta: 1e6, tied: false)),
    ]

    /// The shape of a name.
    public static func named(_ name: String) throws(Problem) -> ModelShape {
        if let shape = all.first(where: { $0.name == name }) { return shape }
        throw Problem(
            "--shape: there is no shape '\(name)'", advice: "the shapes are " + all.map(\.name).joined(separator: ", "))
    }

    private static func decoder(
        _ type: String, hidden: Int, feed: Int, layers: Int, heads: Int, keyValue: Int, vocabulary: Int, positions: Int,
        theta: Double, tied: Bool, headSize: Int? = nil
    ) -> JSONValue {
        [
            "model_type": .string(type), "hidden_size": .integer(hidden), "intermediate_size": .integer(feed),
            "num_hidden_layers": .integer(layers), "num_attention_heads": .integer(heads),
            "num_key_value_heads": .integer(keyValue), "head_dim": .integer(headSize ?? hidden / heads),
            "vocab_size": .integer(vocabulary), "max_position_embeddings": .integer(positions),
            "rope_theta": .number(theta), "rms_norm_eps": 1e-6, "hidden_act": "silu", "dtype": "bfloat16",
            "tie_word_embeddings": .bool(tied),
        ]
    }

    /// Writes a model directory of this shape with generated bf16 weights. Large: two bytes a parameter.
    ///
    /// - Parameter mayGoOn: asked every two megabytes; may throw to end the work.
    public func write(to directory: String, mayGoOn: () throws -> Void = {}) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let file = directory + "/config.json"
        try configuration.serialized(.pretty).write(toFile: file, atomically: true, encoding: .utf8)
        let description = try ModelDescription(configuration: configuration, file: file)
        let modules = WeightPlan(description) { _ in false }.modules
        var declared: [TensorDeclaration] = []
        for module in modules {
            declared.append(TensorDeclaration(module.name.weight, shape: module.storedShape, format: .element(.bf16)))
            if let bias = module.shape.bias {
                declared.append(TensorDeclaration(module.name.bias, shape: [bias], format: .element(.bf16)))
            }
        }
        // One million normal numbers of deviation 0.02, repeated: the products cannot tell.
        var draws = NormalDraws(seed: 1, name: name)
        let block = (0..<(1 << 20)).map { _ in UInt16((draws.next() * 0.02).bitPattern >> 16) }
        try SafetensorsWriter.write(to: directory + "/model.safetensors", tensors: declared) { declaration, sink in
            var left = declaration.byteCount
            try block.withUnsafeBytes { bytes in
                while left > 0 {
                    try mayGoOn()
                    let piece = min(left, bytes.count)
                    try sink(UnsafeRawBufferPointer(rebasing: bytes[..<piece]))
                    left -= piece
                }
            }
        }
    }
}
