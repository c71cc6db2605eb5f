import Kernels
import Tensors

enum AdapterCases {
    private static func layer(_ outputs: Int, _ inputs: Int, bias: LayerPlan.Bias = .none) -> LayerPlan {
        LayerPlan(.stored(StoredMatrix(outputs, inputs, .bf16, seed: "adapted")), bias: bias)
    }

    static let all: [GradientCase] = [
        ProjectionCases.projection(
            "adapter of rank 16", rows: 67,
            LinearPlan(inputs: 33, layers: [layer(35, 33)], groups: [GroupPlan([(0, 16, 2)])])),
        ProjectionCases.projection(
            "adapters of different rank and scale share A; a layer without one", rows: 17,
            LinearPlan(
                inputs: 20, layers: [layer(20, 20, bias: .frozen), layer(7, 20), layer(9, 20), layer(12, 20)],
                groups: [GroupPlan([(0, 3, 2), (2, 8, 0.5), (3, 1, -1)])])),
        ProjectionCases.projection(
            "two groups on one layer, one token", rows: 1,
            LinearPlan(
                inputs: 18, layers: [layer(13, 18)], groups: [GroupPlan([(0, 2, 1)]), GroupPlan([(0, 5, 0.25)])])),
        ProjectionCases.projection(
            "a layer whose output is not used", rows: 9,
            LinearPlan(inputs: 17, layers: [layer(6, 17), layer(8, 17)], groups: [GroupPlan([(0, 4, 1), (1, 2, 2)])]),
            used: [1]),
        ProjectionCases.projection(
            "dropout, two groups with draws of their own", rows: 33,
            LinearPlan(
                inputs: 24, layers: [layer(12, 24), layer(10, 24)],
                groups: [GroupPlan([(0, 4, 2)], dropout: 0.25, key: 7), GroupPlan([(1, 3, 1)], dropout: 0.5, key: 8)]),
            dropsOut: true),
        ProjectionCases.projection(
            "dropout that is not drawn from", rows: 5,
            LinearPlan(inputs: 9, layers: [layer(6, 9)], groups: [GroupPlan([(0, 4, 2)])])),
        ProjectionCases.projection(
            "trained matrix beside an adapter", rows: 10,
            LinearPlan(
                inputs: 17, layers: [LayerPlan(.trained(outputs: 9), bias: .trained)], groups: [GroupPlan([(0, 2, 1)])])
        ),
        ProjectionCases.projection(
            "adapters over inputs-first and quantised matrices", rows: 35,
            LinearPlan(
                inputs: 32,
                layers: [
                    LayerPlan(.stored(StoredMatrix(32, 21, .f32, inputsFirst: true))),
                    LayerPlan(.stored(StoredMatrix(64, 32, .q4_0))),
                ], groups: [GroupPlan([(0, 4, 1), (1, 4, 1)])])),
        overConstant,
    ]

    /// The lowest adapters of a model: their input leads to no parameter, so no gradient goes there.
    private static let overConstant: GradientCase = {
        let plan = LinearPlan(
            inputs: 33, layers: [layer(14, 33)], groups: [GroupPlan([(0, 4, 2)], dropout: 0.5, key: 3)],
            firstVariable: 0)
        let input = constant(20, 33, "lowest")
        return GradientCase(.projections, "adapter over a constant, with dropout", plan.variables) { x in
            let (layers, groups) = plan.weights(x)
            return projections(input.tensor(x.type), layers, adapters: groups, draw: plan.draw)
        } reference: { v in
            plan.formula(input, v)
        }
    }()
}
