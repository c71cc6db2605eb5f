import Diagnostics
import Foundation
import Models
import OrderedJSON
import WeightFiles

extension Inspection {
    /// Finds out what is at a path.
    ///
    /// - Throws: ``Problem`` when nothing is there, when it is of no known kind, or when its files are damaged.
    static func of(_ path: String) throws -> Inspection {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw Problem(
                "does not exist", file: path, advice: "give a directory or file")
        }
        guard isDirectory.boolValue else {
            if GGUFFile.isGGUF(path) { return try gguf(path) }
            if path.hasSuffix(".safetensors") || path.hasSuffix(".safetensors.index.json") {
                return try safetensors(path)
            }
            throw Problem("is neither GGUF nor safetensors", file: path)
        }
        let names = Set((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
        if names.contains("recipe.yaml") || names.contains("metrics.jsonl") { return try run(path) }
        if names.contains("state.json") { return try checkpoint(path) }
        if names.contains("adapter_config.json") { return try adapter(path) }
        if names.contains("config.json") { return try model(path) }
        if names.contains(where: { $0.hasSuffix(".safetensors") }) { return try safetensors(path) }
        throw ModelPath.problem(ofGGUFIn: path)
            ?? Problem(
                "holds no model, adapter, checkpoint or run", file: path,
                advice: "a model directory has config.json, an adapter adapter_config.json, a run recipe.yaml")
    }

    /// Runs a check whose problems belong into the report.
    mutating func collect<T>(_ check: () throws -> T) -> T? {
        do { return try check() } catch let problem as Problem {
            problems.append(problem)
        } catch let found as Problems {
            problems += found.list
        } catch {
            problems.append(Problem("\(error)", file: path))
        }
        return nil
    }

    private static func safetensors(_ path: String) throws -> Inspection {
        var inspection = Inspection("safetensors", path: path)
        let store = try WeightStore.open(path)
        inspection.add("parameters", store.parameterCount)
        if !store.metadata.isEmpty {
            let members = store.metadata.sorted { $0.key < $1.key }.map {
                (key: $0.key, value: JSONValue.string($0.value))
            }
            inspection.add("metadata", .object(JSONObject(members)))
        }
        inspection.tensors = store
        return inspection
    }

    private static func gguf(_ path: String) throws -> Inspection {
        var inspection = Inspection("gguf", path: path)
        let file = try GGUFFile.open(path)
        inspection.add("version", file.version)
        for key in ["architecture", "name", "type"] {
            inspection.add(key, file.metadata["general." + key]?.stringValue)
        }
        inspection.add("tokenizer", file.metadata["tokenizer.ggml.model"]?.stringValue)
        let isAdapter = file.metadata["general.type"]?.stringValue == "adapter"
        let files = isAdapter ? nil : inspection.collect { try ModelFiles.open(gguf: path, withoutWeights: true) }
        if let files {
            inspection.add(files.description.config)
            inspection.addAbilities(files)
            if let tensor = file.weights.all.first(where: { $0.format.element == nil && $0.format.blockSize > 1 }) {
                inspection.problems.append(
                    Problem(
                        "tensor \(tensor.name) is stored as \(tensor.format.name), which is not supported", file: path))
            }
        } else {
            inspection.add("parameters", file.weights.parameterCount)
        }
        let keys = file.metadata.keys.map { key in (key: key, value: file.metadata[key]?.json ?? .null) }
        inspection.add("metadata", .object(JSONObject(keys)), text: "\(keys.count) keys (all with --json)")
        inspection.tensors = file.weights
        return inspection
    }
}

extension GGUFValue {
    /// The value as JSON; of a long array its length, for a vocabulary of 150,000 words says nothing here.
    fileprivate var json: JSONValue {
        switch self {
        case .string(let text): .string(text)
        case .bool(let bool): .bool(bool)
        case .float32(let value): .number(Double("\(value)") ?? Double(value))
        case .float64(let value): .number(value)
        case .array(let array): array.json
        default: intValue.map(JSONValue.integer) ?? .number(doubleValue ?? 0)
        }
    }
}

extension GGUFArray {
    private static let longest = 64

    fileprivate var json: JSONValue {
        if count > Self.longest { return ["array_of": .integer(count)] }
        if let strings { return .array(strings.map(JSONValue.string)) }
        if let bools { return .array(bools.map(JSONValue.bool)) }
        if let integers { return .array(integers.map(JSONValue.integer)) }
        return doubles.map { .array($0.map(JSONValue.number)) } ?? ["array_of": .integer(count)]
    }
}
