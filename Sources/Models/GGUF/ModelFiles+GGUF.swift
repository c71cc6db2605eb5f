import Diagnostics
import Kernels
import OrderedJSON
import SafeFiles
import WeightFiles

extension ModelFiles {
    /// Opens a GGUF model: its metadata become the configuration that transformers would have, its tensors get the
    /// names that adapters and recipes know them by.
    ///
    /// Rows that llama.cpp keeps in another order (of query and key) are put back into transformers' order, in memory:
    /// an eighth of the weights that way costs memory once, and adapters, merges and checkpoints know one order only.
    /// All other tensors stay mapped.
    ///
    /// - Parameter withoutWeights: reads the header alone: what the model is, not whether its tensors are those it
    ///   needs.
    public static func open(gguf path: String, withoutWeights: Bool = false) throws -> ModelFiles {
        let file = try GGUFFile.open(path)
        var reader = try GGUFConfiguration(file, path: path)
        let configuration = try reader.json()
        var description = try ModelDescription(configuration: configuration, file: path)
        description.config.storeExpertsOutputsFirst()
        // Divisors that no known scaling gives are taken as they are.
        if let factors = reader.factors, configuration["rope_scaling"]?.isNull ?? true {
            for i in description.config.rotaries.indices {
                description.config.rotaries[i].scaling = .longRope(
                    LongRopeScaling(
                        shortFactors: factors, longFactors: factors, originalPositions: 1 << 40,
                        attentionFactor: reader.value("rope.scaling.attn_factor")?.doubleValue ?? 1))
            }
        }
        if withoutWeights {
            return ModelFiles(unloaded: path, description: description, configuration: configuration)
        }
        let source = try GGUFWeights(file, reader.architecture, description)
        return try ModelFiles(path: path, description: description, configuration: configuration, source: source)
    }

    /// The architecture in llama.cpp's words, where it has one that is known here: a GGUF file's own.
    public var ggufArchitecture: GGUFArchitecture? {
        let own = configuration[GGUFConfiguration.architectureKey]?.stringValue
        return GGUFArchitecture.all.first { $0.modelType == own } ?? .writing(description.config.family)
    }
}

extension TransformerConfig {
    /// Stacked experts as GGUF files have them, whichever way round transformers' files do: outputs before inputs.
    fileprivate mutating func storeExpertsOutputsFirst() {
        for i in layers.indices {
            guard case .experts(var experts) = layers[i].feedForward,
                case .stackedInputsFirst(let interleaved) = experts.storage
            else { continue }
            experts.storage = interleaved ? .stackedInterleaved : .stacked
            layers[i].feedForward = .experts(experts)
        }
    }
}

/// A GGUF file's tensors under the names of transformers. Those without such a name keep their own.
private struct GGUFWeights: WeightSource {
    private(set) var names: [String] = []
    private var tensors: [String: StoredTensor] = [:]

    /// Tensors that hold settings; the configuration has them.
    private static let settings: Set = [
        "rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight",
    ]

    /// Settings, and what files that Ollama converted hold of pictures: the tower that reads them, the way into the
    /// model.
    private static func isNoWeight(_ name: String) -> Bool {
        settings.contains(name) || name.hasPrefix("v.") || name.hasPrefix("mm.")
    }

    init(_ file: GGUFFile, _ architecture: GGUFArchitecture, _ description: ModelDescription) throws(Problems) {
        let plan = WeightPlan(description) { _ in false }
        let layout: [GGUFTensor]
        do { layout = try architecture.tensors(plan, description.config) } catch { throw Problems([error]) }
        let known = Dictionary(layout.map { ($0.name, $0) }) { first, _ in first }
        let shapes = Dictionary(plan.modules.map { ($0.name.weight, $0.storedShape) }) { first, _ in first }
        // Tensors of transformers' files that have to be put together, and out of how many.
        let shares = Dictionary(layout.flatMap(\.pieces).map { ($0.tensor, 1) }, uniquingKeysWith: +)
        var collected: [(name: String, parts: [AssembledPart])] = []
        var problems: [Problem] = []
        for tensor in file.weights.all where !Self.isNoWeight(tensor.name) {
            if let whole = Self.unsplit(tensor, architecture, plan) {
                add(whole)
                continue
            }
            let own = known[tensor.name]
            // A shape that cannot be cut into its pieces keeps its name, and is reported with what is missing.
            guard let own, let first = own.pieces.first, own.pieces.count == 1 || tensor.shape == own.shape else {
                add(tensor.named(own?.pieces.first?.tensor ?? tensor.name))
                continue
            }
            if shares[first.tensor] ?? 1 > 1 || first.transposedGroups != nil {
                let isKnown = tensor.format.element.map { !first.holdsNumbers || $0.blockSize == 1 } ?? false
                if tensor.shape != own.shape || !isKnown {
                    problems.append(
                        Problem(
                            "tensor \(tensor.name) is \(tensor.shape) of \(tensor.format.name), not \(own.shape) of a "
                                + "known format", file: tensor.file.path))
                    continue
                }
                let part = AssembledPart(
                    tensor: first.holdsNumbers ? tensor.named(tensor.name, shape: [tensor.count, 1]) : tensor,
                    rows: first.rows, transposedGroups: first.transposedGroups)
                if let at = collected.firstIndex(where: { $0.name == first.tensor }) {
                    collected[at].parts.append(part)
                } else {
                    collected.append((first.tensor, [part]))
                }
                continue
            }
            for (number, piece) in own.pieces.enumerated() {
                let isFlat = own.shape.count == 1 && piece.module.isLinear && piece.tensor == piece.module.weight
                let part = tensor.part(number, of: own.pieces.count)
                    .named(piece.tensor, shape: isFlat && tensor.shape.count == 1 ? [1, tensor.count] : nil)
                add(own.offset == 0 ? part.unordered(piece.rows) : part.lowered(by: own.offset))
            }
        }
        try Problems(problems).throwIfAny()
        // One whose parts are not all there stays away, and is reported as missing.
        for (name, parts) in collected where parts.count == shares[name] {
            guard let shape = shapes[name] else { continue }
            let rowLength = parts.allSatisfy { $0.tensor.columns == 1 } ? 1 : shape.last ?? 1
            let whole = StoredTensor(
                assembling: name, shape: [shape.reduce(1, *) / max(1, rowLength), rowLength], parts)
            add(whole.named(name, shape: shape))
        }
    }

    /// DeepSeek's keys and values as files had them before 2025, in one matrix and in transformers' order.
    private static func unsplit(
        _ tensor: StoredTensor, _ architecture: GGUFArchitecture, _ plan: WeightPlan
    ) -> StoredTensor? {
        guard architecture.name == "deepseek2", tensor.name.hasSuffix(".attn_kv_b.weight") else { return nil }
        let layer = tensor.name.split(separator: ".").dropFirst().first ?? ""
        let module = plan.modules.first { $0.name.logical == "layers.\(layer).attention.keyValueUp" }
        return module.map { tensor.named($0.name.weight) }
    }

    private mutating func add(_ tensor: StoredTensor) {
        names.append(tensor.name)
        tensors[tensor.name] = tensor
    }

    subscript(name: String) -> StoredTensor? { tensors[name] }
}
