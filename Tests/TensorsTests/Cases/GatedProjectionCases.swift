import Kernels
import Tensors

enum GatedProjectionCases {
    static let all: [GradientCase] =
        Activation.allCases.map { kind in
            gated("\(kind) times up", rows: 17, outputs: 33, hidden: 35, kind, up: true, ranks: [4])
        } + [
            gated("silu, one token", rows: 1, outputs: 35, hidden: 67, .silu, up: true, ranks: []),
            gated(
                "gelu without up, trained bias", rows: 130, outputs: 9, hidden: 12, .geluTanh, up: false, ranks: [3],
                bias: .trained),
            gated("silu, dropout", rows: 33, outputs: 10, hidden: 17, .silu, up: true, ranks: [4], dropout: 0.25),
            gated("silu, two groups", rows: 9, outputs: 10, hidden: 17, .silu, up: true, ranks: [2, 3]),
            trained,
            views,
        ]

    private static func plan(_ outputs: Int, _ hidden: Int, ranks: [Int], bias: LayerPlan.Bias, dropout: Float)
        -> LinearPlan
    {
        LinearPlan(
            inputs: hidden,
            layers: [LayerPlan(.stored(StoredMatrix(outputs, hidden, .bf16, seed: "down")), bias: bias)],
            groups: ranks.enumerated().map {
                GroupPlan([(0, $0.element, 1.5)], dropout: dropout, key: UInt64($0.offset + 1))
            })
    }

    private static func gated(
        _ name: String, rows: Int, outputs: Int, hidden: Int, _ kind: Activation, up: Bool, ranks: [Int],
        bias: LayerPlan.Bias = .none, dropout: Float = 0
    ) -> GradientCase {
        var plan = Self.plan(outputs, hidden, ranks: ranks, bias: bias, dropout: dropout)
        plan.firstVariable = up ? 2 : 1
        let inputs = [Variable](repeating: Variable(rows, hidden), count: up ? 2 : 1)
        return GradientCase(.gatedProjection, name, inputs + plan.variables) { [plan] x in
            let (layers, groups) = plan.weights(x)
            return [
                gatedProjection(
                    x.float(0), up ? x.float(1) : nil, kind, layers[0], adapters: groups,
                    draw: dropout > 0 ? plan.draw : nil, type: x.type)
            ]
        } reference: { [plan] v in
            plan.formula(Formula.gated(kind, v[0], up ? v[1] : nil), v)
        }
    }

    private static let trained: GradientCase = {
        let plan = LinearPlan(
            inputs: 18, layers: [LayerPlan(.trained(outputs: 11), bias: .trained)], firstVariable: 2)
        return GradientCase(
            .gatedProjection, "trained matrix and bias", [Variable(7, 18), Variable(7, 18)] + plan.variables
        ) { x in
            let (layers, _) = plan.weights(x)
            return [gatedProjection(x.float(0), x.float(1), .silu, layers[0], type: x.type)]
        } reference: { v in
            plan.formula(Formula.gated(.silu, v[0], v[1]), v)
        }
    }()

    /// Gate and up as halves of one joined product, as in Phi-3.
    private static let views: GradientCase = {
        let plan = GatedProjectionCases.plan(12, 19, ranks: [3], bias: .frozen, dropout: 0)
        return GradientCase(.gatedProjection, "gate and up are views", [Variable(21, 38)] + plan.variables) { x in
            let (layers, groups) = plan.weights(x)
            let halves = x.float(0).split([19, 19])
            return [gatedProjection(halves[0], halves[1], .silu, layers[0], adapters: groups, type: x.type)]
        } reference: { v in
            plan.formula(
                Formula.gated(.silu, v[0].slice(columns: 0..<19), v[0].slice(columns: 19..<38)), v)
        }
    }()
}
