import Diagnostics
import Models
import Tensors

/// How an adapter's files have what adapts experts.
public enum ExpertForm: String, CaseIterable, Sendable {
    /// One pair for all experts of a layer, on the parameter that transformers 5 holds them in (PEFT 0.21).
    case joined
    /// A pair for each matrix of each expert, as models had them before and as vLLM takes them.
    case separate
}

/// An adapter on a matrix of its own, as a file has it.
struct SeparateAdapter {
    /// The matrix.
    let module: ModuleName
    private let adapter: AttachedAdapter
    /// Which of the adapter's outputs are this matrix's.
    private let outputs: Range<Int>

    var rank: Int { adapter.spec.rank }

    /// The alpha that gives the adapter's scale at its rank.
    func alpha(rslora: Bool) -> Double {
        // Where nothing was joined it is the one that was given; else one follows from the scale, which is an f32.
        if adapter.slot == nil { return Double(adapter.spec.alpha) }
        let rank = Double(adapter.spec.rank)
        return (Double(adapter.spec.scale) * (rslora ? rank.squareRoot() : rank)).rounded(toDigits: 6)
    }

    /// A [rank, inputs].
    var a: Tensor { adapter.aValue }
    /// B [outputs, rank].
    var b: Tensor { adapter.bValue.view(columns: outputs).transposed() }
    /// Shapes of A and B in a file.
    var shapes: (a: [Int], b: [Int]) { ([rank, adapter.a.columns], [outputs.count, rank]) }

    /// The adapters of a model that have a matrix of their own.
    ///
    /// - Parameter experts: whether those on experts are among them, each on its own matrix.
    /// - Throws: ``Problem`` where the family has no names for the matrices of single experts.
    static func all(_ model: Transformer, experts: Bool) throws(Problem) -> [SeparateAdapter] {
        var all: [SeparateAdapter] = []
        for adapter in model.adapters where experts || adapter.slot == nil {
            guard let slot = adapter.slot, slot.isStacked else {
                all.append(SeparateAdapter(module: adapter.module, adapter: adapter, outputs: 0..<adapter.b.columns))
                continue
            }
            let parts = slot.parameter.isInner ? ["gate", "up"] : ["down"]
            let each = adapter.b.columns / parts.count
            for (i, part) in parts.enumerated() {
                guard let module = model.files.plan.expertModule(slot.parameter, slot.expert, part) else {
                    throw Problem(
                        "\(slot.parameter.name.path): this family has no names for the matrices of single experts",
                        file: model.files.path, advice: "write them joined, as PEFT has them")
                }
                all.append(SeparateAdapter(module: module, adapter: adapter, outputs: i * each..<(i + 1) * each))
            }
        }
        return all
    }
}

extension PEFTConfig {
    /// The configuration for adapters that are all on matrices of their own: every target is named.
    func spelledOut(_ adapters: [SeparateAdapter], in plan: WeightPlan) -> PEFTConfig {
        let known = Set(plan.modules.map(\.name.path)).union(adapters.map(\.module.path))
        let sizes = adapters.map {
            (key: $0.module.path, rank: $0.rank, alpha: $0.alpha(rslora: settings.useRSLoRA))
        }
        var result = self
        result.settings.targets = .names(Self.suffixes(of: Set(sizes.map(\.key)), among: known))
        (result.settings.parameters, result.settings.excluded, result.settings.layers) = ([], nil, nil)
        result.setPatterns(sizes)
        return result
    }
}
