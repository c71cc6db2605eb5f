import Diagnostics
import Foundation
import OrderedJSON
import SafeFiles

extension WeightStore {
    /// Opens the shards that a `model.safetensors.index.json` names.
    static func openIndexed(_ path: String) throws(Problem) -> WeightStore {
        let fileOf = try readIndex(path)
        let directory = FilePath.folder(of: path)
        func shard(_ name: String) -> String { (directory as NSString).appendingPathComponent(name) }

        let shards = Set(fileOf.map(\.file)).sorted()
        let missing = shards.filter { !FileManager.default.fileExists(atPath: shard($0)) }
        guard missing.isEmpty else {
            throw Problem(
                "names \(shards.count) shards of which \(missing.count) \(missing.count == 1 ? "is" : "are") missing: "
                    + listed(missing), file: path, advice: "copy the missing files beside the index")
        }
        let owner = Dictionary(fileOf.map { ($0.tensor, shard($0.file)) }) { first, _ in first }
        let store = try openFiles(shards.map(shard), owner: owner)
        let absent = fileOf.filter { store[$0.tensor]?.file.path != shard($0.file) }
        guard let first = absent.first else { return store }
        throw Problem(
            "names \(absent.count) \(absent.count == 1 ? "tensor that its shard lacks" : "tensors that their shards lack"): "
                + "\(listed(absent.map(\.tensor))) (the first should be in \(first.file))", file: path,
            advice: "the index does not belong to these shards; copy the model again")
    }

    /// The index's `weight_map`, in its order.
    private static func readIndex(_ path: String) throws(Problem) -> [(tensor: String, file: String)] {
        let file = try MappedFile(path: path)
        guard file.bytes.count <= SafetensorsHeader.lengthLimit else {
            throw Problem("is too long for an index (\(file.bytes.count) bytes)", file: path)
        }
        let json: JSONValue
        do { json = try JSONValue(parsing: file.bytes) } catch { throw Problem(error.description, file: path) }
        guard let map = json["weight_map"]?.objectValue, !map.isEmpty else {
            throw Problem("has no 'weight_map' that says which shard holds which tensor", file: path)
        }
        var fileOf: [(tensor: String, file: String)] = []
        for (tensor, value) in map.members {
            guard let name = value.stringValue else {
                throw Problem("weight_map: the shard of '\(tensor)' is \(value.kindName), not a name", file: path)
            }
            // A shard lies beside its index: a path could lead anywhere on the machine.
            guard !name.isEmpty, !name.contains("/"), name != "..", name != ".", !name.contains("\0") else {
                throw Problem("weight_map: the shard of '\(tensor)' is no plain file name: '\(name)'", file: path)
            }
            fileOf.append((tensor, name))
        }
        return fileOf
    }

    /// At most four of the names, and how many more there are.
    static func listed(_ names: [String]) -> String {
        names.prefix(4).joined(separator: ", ") + (names.count > 4 ? " and \(names.count - 4) more" : "")
    }
}
