import Diagnostics
import Foundation
import SafeFiles

extension WeightStore {
    /// Opens safetensors: one file, or a directory with `model.safetensors`, with `model.safetensors.index.json` and
    /// the shards it names, or with a single `*.safetensors` of another name.
    ///
    /// Throws one ``Problem`` naming the file, and the tensor where one is at fault. Only headers are read.
    public static func open(_ path: String) throws(Problem) -> WeightStore {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw Problem("does not exist", file: path)
        }
        guard isDirectory.boolValue else {
            if path.hasSuffix(".index.json") { return try openIndexed(path) }
            return try openFiles([path])
        }
        func inside(_ name: String) -> String { (path as NSString).appendingPathComponent(name) }
        func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: inside(name)) }
        if exists("model.safetensors") { return try openFiles([inside("model.safetensors")]) }
        if exists("model.safetensors.index.json") { return try openIndexed(inside("model.safetensors.index.json")) }

        let entries: [String]
        do { entries = try FileManager.default.contentsOfDirectory(atPath: path).sorted() } catch {
            throw Problem("cannot be listed: \(systemReason(error))", file: path)
        }
        let found = entries.filter { $0.hasSuffix(".safetensors") && !$0.hasPrefix(".") }
        if let only = found.first, found.count == 1 { return try openFiles([inside(only)]) }
        guard found.isEmpty else {
            throw Problem(
                "holds \(found.count) *.safetensors files but no model.safetensors.index.json", file: path,
                advice: "name one of them (\(found.prefix(3).joined(separator: ", "))…) or add the index")
        }
        throw missingWeights(in: path, entries: entries)
    }

    /// Why a directory without safetensors cannot be opened, and what to do about it.
    private static func missingWeights(in path: String, entries: [String]) -> Problem {
        let pickled = entries.first { name in
            [".bin", ".pt", ".pth", ".bin.index.json"].contains { name.hasSuffix($0) } && name != "training_args.bin"
        }
        if let pickled {
            return Problem(
                "holds its weights as \(pickled), a pickle that can run code when it is read", file: path,
                advice: "convert it to safetensors first: in Python with transformers, "
                    + "model.save_pretrained(DIR, safe_serialization=True)")
        }
        if let gguf = entries.first(where: { $0.lowercased().hasSuffix(".gguf") }) {
            return Problem("holds no *.safetensors", file: path, advice: "give the GGUF file itself: \(path)/\(gguf)")
        }
        return Problem(
            "holds no weights", file: path,
            advice: "expected model.safetensors, or model.safetensors.index.json and its shards")
    }

    /// The tensors of the given files together; a name may occur in one file only unless `owner` says which counts.
    static func openFiles(_ paths: [String], owner: [String: String] = [:]) throws(Problem) -> WeightStore {
        var tensors: [StoredTensor] = []
        var metadata: [String: String] = [:]
        var placeOf: [String: Int] = [:]
        for path in paths {
            let file = try MappedFile(path: path)
            let header = try SafetensorsHeader(reading: file)
            metadata.merge(header.metadata) { first, _ in first }
            for tensor in header.tensors {
                guard let place = placeOf[tensor.name] else {
                    placeOf[tensor.name] = tensors.count
                    tensors.append(tensor)
                    continue
                }
                switch owner[tensor.name] {
                case path: tensors[place] = tensor
                case tensors[place].file.path: break
                default:
                    throw Problem("tensor '\(tensor.name)' is also in \(tensors[place].file.path)", file: path)
                }
            }
        }
        return WeightStore(tensors, metadata: metadata, files: paths)
    }
}
