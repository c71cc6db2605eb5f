import Kernels
import Tensors

enum RecomputeCases {
    static let all: [GradientCase] = [block, handedThrough, overConstants]

    /// A small block: norm, adapted projection, gated projection, residual; two inputs, two outputs.
    static func body(_ x: Leaves, _ plan: LinearPlan, _ inputs: [Tensor]) -> [Tensor] {
        let (layers, groups) = plan.weights(x)
        let normed = inputs[0].normalized(Norm(weight: x.float(2), epsilon: 1e-5), to: x.type)
        let y = projections(normed, layers, adapters: groups)
        let h = y[0].activated(.silu, times: y[1], to: .f32)
        return [inputs[0].adding(h), inputs[1].adding(h, scale: 0.5)]
    }

    static let plan = LinearPlan(
        inputs: 18,
        layers: [
            LayerPlan(.stored(StoredMatrix(18, 18, .bf16, seed: "block"))),
            LayerPlan(.stored(StoredMatrix(18, 18, .bf16, seed: "block 2"))),
        ], groups: [GroupPlan([(0, 3, 1), (1, 2, 0.5)])], firstVariable: 3)
    static let variables = [Variable(17, 18), Variable(17, 18), Variable(1, 18)] + plan.variables

    private static let block = GradientCase(.recompute, "a block of two inputs and outputs", variables) { x in
        recomputed([x.float(0), x.float(1)]) { body(x, plan, $0) }
    } reference: { v in
        let normed = Formula.norm(v[0], weight: v[2], bias: nil, epsilon: Double(Float(1e-5)), centred: false)
        let y = plan.formula(normed, v)
        let h = Formula.gated(.silu, y[0], y[1])
        return [v[0] + h, v[1] + 0.5 * h]
    }

    private static let handedThrough = GradientCase(
        .recompute, "outputs that are inputs, one of them twice", [Variable(4, 9), Variable(4, 9)]
    ) { x in
        recomputed([x.float(0), x.float(1)]) { [$0[1], $0[0].adding($0[1]), $0[1], $0[0]] }
    } reference: { v in
        [v[1], v[0] + v[1], v[1], v[0]]
    }

    private static let overConstants = GradientCase(
        .recompute, "parameters below no input, one handed out", [Variable(5, 12), Variable(3, 12)]
    ) { x in
        recomputed([constant(3, 12, "recompute").tensor(x.type)]) { inputs in
            let y = projections(inputs[0], [LinearWeights(.trained(x.parameters[0]))])[0]
            return [y, x.parameters[1].tensor]
        }
    } reference: { v in
        [constant(3, 12, "recompute").timesTransposed(v[0]), v[1]]
    }
}
