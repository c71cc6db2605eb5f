import Diagnostics
import Foundation
import Kernels
import Models
import OrderedJSON
import SafeFiles
import Tensors
import WeightFiles

/// An adapter directory in PEFT's layout: `adapter_config.json` and `adapter_model.safetensors`.
public struct PEFTFiles: Sendable {
    /// The directory.
    public let path: String
    /// The configuration.
    public let config: PEFTConfig
    private let tensors: WeightStore
    private let pairs: [String: StoredPair]
    private let stacked: [String: StoredPair]
    private let separate: [String: [[SeparatePair]]]
    /// Each adapted module's settings.
    public let plan: AdapterPlan

    static func name(_ module: String, _ matrix: String) -> String {
        "base_model.model.\(module).\(matrix).weight"
    }

    /// Opens a directory and checks it against the model: every tensor must belong to a pair on a linear module, in the
    /// right shape. All mistakes are thrown together.
    ///
    /// - Parameter dropout: for training on: the share that holds in place of the one it was trained with.
    public static func open(_ path: String, for files: ModelFiles, dropout: Double? = nil) throws -> PEFTFiles {
        let configPath = path + "/adapter_config.json"
        guard FileManager.default.fileExists(atPath: path) else {
            throw Problem("does not exist", file: path, advice: "give a PEFT adapter directory")
        }
        guard FileManager.default.fileExists(atPath: configPath) else {
            // A run that was interrupted early has checkpoints and no result.
            throw Problem(
                "has no adapter_config.json", file: path,
                advice: FileManager.default.fileExists(atPath: path + "/config.json")
                    ? "it is a model: give it as --model, or measure it against another with --compare"
                    : RunFolder(path).checkpoints.last.map { "the run in it has no result yet: give \($0.path)" }
                        ?? "give a PEFT adapter directory")
        }
        var config = try PEFTConfig(JSONValue(contentsOfFile: configPath), file: configPath)
        if let dropout { config.settings.dropout = dropout }
        let tensorPath = path + "/" + tensorFile
        guard FileManager.default.fileExists(atPath: tensorPath) else {
            guard FileManager.default.fileExists(atPath: path + "/adapter_model.bin") else {
                throw Problem("has no \(tensorFile)", file: path)
            }
            throw Problem(
                "holds its weights as adapter_model.bin, a pickle that can run code when it is read", file: path,
                advice: "load and save it once with a newer PEFT, which writes adapter_model.safetensors")
        }
        return try PEFTFiles(path: path, config: config, tensors: WeightStore.open(tensorPath), files: files)
    }

    private init(path: String, config: PEFTConfig, tensors: WeightStore, files: ModelFiles) throws {
        var reading = PairReading(config: config, tensors: tensors, plan: files.plan, path: path)
        do {
            let sizes = try AdapterPlan.sizes(config.settings)
            for module in files.plan.modules where module.name.isAdaptable {
                try reading.take(module, sizes)
                if module.name.kind == .head { reading.takeBase(of: module.name, in: files) }
            }
            try reading.takeExperts(sizes)
        } catch var problem as Problem {
            problem.file = path + "/adapter_config.json"
            throw problem
        }
        reading.refuseTheRest(of: files)
        try Problems(reading.problems).throwIfAny()
        self.path = path
        self.config = config
        self.tensors = tensors
        pairs = reading.pairs
        stacked = reading.stacked
        separate = reading.separate
        plan = AdapterPlan(specs: reading.specs)
    }

    /// The file of an adapter's tensors.
    static let tensorFile = "adapter_model.safetensors"

    /// Where an adapter's file says which weights it was trained on.
    static let baseHashKey = "graft.base"

    /// The content hash of the weights that the adapter was trained on; nil where another program trained it. On other
    /// weights an adapter adds what was never learned for them.
    public var baseHash: String? { tensors.metadata[Self.baseHashKey] }

    /// Puts the stored numbers into a model built with ``plan``.
    public func load(into model: Transformer) {
        var wholes: [String: [Float]] = [:]
        func whole(_ tensor: String) -> [Float] {
            if let numbers = wholes[tensor] { return numbers }
            let numbers = tensors[tensor]?.floats() ?? []
            wholes[tensor] = numbers
            return numbers
        }
        for adapter in model.adapters {
            let path = adapter.slot?.parameter.name.path ?? ""
            let (a, b): (Tensor, Tensor)
            if let slot = adapter.slot, let pair = stacked[path] {
                (a, b) = adapter.cut(slot, a: whole(pair.a), b: whole(pair.b))
            } else if let slot = adapter.slot, let parts = separate[path] {
                (a, b) = adapter.joined(parts[slot.expert], tensors)
            } else {
                let pair = pairs[adapter.module.path]
                let (rank, inputs, outputs) = (adapter.spec.rank, adapter.a.columns, adapter.b.columns)
                a = Tensor(pair.flatMap { tensors[$0.a]?.floats() } ?? [], rows: rank, columns: inputs)
                b = Tensor(pair.flatMap { tensors[$0.b]?.floats() } ?? [], rows: outputs, columns: rank).transposed()
            }
            adapter.aValue.copy(a)
            adapter.bValue.copy(b)
            adapter.a.valueChanged()
            adapter.b.valueChanged()
        }
    }
}
