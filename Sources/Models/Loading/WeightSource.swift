import Diagnostics
import Foundation
import Kernels
import OrderedJSON
import SafeFiles
import Tensors
import WeightFiles

/// Where a model's numbers come from: stored tensors by name.
public protocol WeightSource: Sendable {
    /// Names of all tensors.
    var names: [String] { get }
    /// A tensor, or nil.
    subscript(name: String) -> StoredTensor? { get }
}

extension WeightStore: WeightSource {}

/// A model that is described and checked but not loaded: config, names, and where each tensor is.
public struct ModelFiles: Sendable {
    /// The directory or file.
    public let path: String
    /// The decoder and the names of its weights.
    public private(set) var description: ModelDescription
    /// config.json as read.
    public let configuration: JSONValue
    /// The stored tensors; nil for a directory that has only a configuration (to be trained from random numbers).
    public let source: (any WeightSource)?
    /// Which tensors the decoder takes.
    public let plan: WeightPlan
    /// Tensors that are there and not needed.
    public let ignored: [String]
    /// Weights stored as small floats with scales apart, by the weight's name.
    public let scaled: [String: ScaledTensor]
    let identity = WeightsIdentity()

    /// Reads a Hugging Face directory. Every problem with its configuration and tensors is reported, before any weight
    /// is touched.
    ///
    /// - Parameter withoutWeights: accept a directory without weights.
    public static func open(directory path: String, withoutWeights: Bool = false) throws -> ModelFiles {
        let file = path + "/config.json"
        guard FileManager.default.fileExists(atPath: path) else {
            throw Problem("does not exist", file: path, advice: "give a model directory or a GGUF file")
        }
        guard FileManager.default.fileExists(atPath: file) else { throw missingConfiguration(path) }
        let configuration = try JSONValue(contentsOfFile: file)
        let description = try ModelDescription(configuration: configuration, file: file)
        let hasWeights = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).contains {
            $0.hasSuffix(".safetensors") || $0.hasSuffix(".safetensors.index.json") || $0.hasPrefix("pytorch_model")
        }
        if withoutWeights && !hasWeights {
            return ModelFiles(unloaded: path, description: description, configuration: configuration)
        }
        let store = try WeightStore.open(path)
        if var problem = unsupportedQuantization(config: configuration, names: store.names) {
            problem.file = path
            throw problem
        }
        return try ModelFiles(path: path, description: description, configuration: configuration, source: store)
    }

    /// Why a directory without config.json is no model, and what is meant perhaps.
    private static func missingConfiguration(_ path: String) -> Problem {
        func holds(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
        if holds("adapter_config.json") {
            return Problem(
                "is an adapter, not a model", file: path,
                advice: "give the model it was trained on, and the adapter beside it (--adapter, or adapter.init_from)")
        }
        let advice =
            holds("params.json")
            ? "it has the publisher's own layout (params.json); get the same model's Hugging Face files (config.json)"
            : "give a Hugging Face model directory or a GGUF file"
        return Problem("has no config.json", file: path, advice: advice)
    }

    init(unloaded path: String, description: ModelDescription, configuration: JSONValue) {
        self.path = path
        self.description = description
        self.configuration = configuration
        source = nil
        plan = WeightPlan(description) { _ in false }
        ignored = []
        scaled = [:]
    }

    /// Checks a source's tensors against what the decoder needs.
    public init(path: String, description: ModelDescription, configuration: JSONValue, source: any WeightSource) throws
    {
        let found = ScaledTensors(source, configuration: configuration, file: path)
        let names = Set(source.names).union(found.tensors.keys)
        var description = description.matching(names.contains)
        if description.config.tiedHead, Self.hasOwnHead(description.names, source) {
            description.config.tiedHead = false
        }
        plan = WeightPlan(description, contains: names.contains)
        var shapes: [String: [Int]] = [:]
        var problems = found.problems
        for name in source.names where !found.parts.contains(name) { shapes[name] = source[name]?.shape }
        for (name, tensor) in found.tensors { shapes[name] = tensor.shape }
        let audit = plan.audit(shapes, file: path)
        problems += audit.problems
        for module in plan.modules {
            for name in [module.name.weight] + (module.shape.bias == nil ? [] : [module.name.bias]) {
                guard let tensor = source[name], tensor.format.element == nil,
                    found.tensors[name] == nil || name.hasSuffix(".bias")
                else { continue }
                problems.append(
                    Problem("tensor \(name) is stored as \(tensor.format.name), which is not supported", file: path))
            }
        }
        try Problems(problems).throwIfAny()
        self.path = path
        self.description = description
        self.configuration = configuration
        self.source = source
        ignored = audit.ignored
        scaled = found.tensors
    }

    /// The same weights, computed with as another decoder with the same modules would.
    public func computing(_ config: TransformerConfig) -> ModelFiles {
        var files = self
        files.description.config = config
        return files
    }

    /// Whether a file holds a head that is not its embedding. Then the head counts, as in transformers, even where the
    /// configuration ties the two, or is silent and means so (Mistral Small 3.1).
    private static func hasOwnHead(_ names: WeightNames, _ source: any WeightSource) -> Bool {
        func stored(_ logical: String) -> StoredTensor? {
            names.place { source[$0] != nil }.flatMap { names.module(logical, at: $0) }.flatMap { source[$0.weight] }
        }
        guard let head = stored("head"), let embedding = stored("embedding") else { return false }
        guard head.format == embedding.format, head.shape == embedding.shape else { return true }
        guard let one = head.bytes.baseAddress, let other = embedding.bytes.baseAddress else { return false }
        return withExtendedLifetime((head.file, embedding.file)) { memcmp(one, other, head.bytes.count) != 0 }
    }

    /// Takes mapped weights of some modules, named as the decoder names them, out of this process's memory.
    func release(_ isDone: (_ logical: String) -> Bool) {
        for module in plan.modules where isDone(module.name.logical) {
            let scaled = scaled[module.name.weight]
            for tensor in [source?[module.name.weight], scaled?.values, scaled?.scales].compactMap(\.self) {
                tensor.file.release(tensor.range)
            }
        }
    }

    /// The first reason why not every weight of this model can be trained; empty when they can.
    public var fullTuningProblems: [Problem] {
        for module in plan.modules {
            let what: String
            if let tensor = scaled[module.name.weight] {
                return [
                    Problem(
                        "adapter.method full does not support weights stored as \(tensor.formatName) (\(module.name.stored))",
                        file: path, advice: "train an adapter")
                ]
            }
            switch module.name.kind {
            case .tensor: what = "experts in one tensor, attention sinks or router corrections"
            default: continue
            }
            return [
                Problem(
                    "adapter.method full does not support \(what) (\(module.name.stored))", file: path,
                    advice: "train an adapter")
            ]
        }
        return []
    }
}
