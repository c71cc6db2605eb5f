import Kernels
import Tensors

enum ProjectionCases {
    static let all: [GradientCase] = formats + others

    /// Every stored format both ways round; blocks want columns of 32.
    private static let formats: [GradientCase] = [ElementFormat.f32, .bf16, .f16, .q8_0, .q4_0].flatMap { format in
        [false, true].map { inputsFirst in
            let blocks = format.blockSize > 1
            let (inputs, outputs) = blocks ? (64, 96) : (33, 67)
            let stored =
                inputsFirst
                ? StoredMatrix(inputs, outputs, format, inputsFirst: true) : StoredMatrix(outputs, inputs, format)
            let plan = LinearPlan(inputs: inputs, layers: [LayerPlan(.stored(stored))])
            return projection("\(format)\(inputsFirst ? ", inputs first" : "")", rows: 17, plan)
        }
    }

    private static let others: [GradientCase] = [
        projection(
            "trained matrix and bias, 130 rows", rows: 130,
            LinearPlan(inputs: 17, layers: [LayerPlan(.trained(outputs: 33), bias: .trained)])),
        projection(
            "one token, frozen matrix, trained bias", rows: 1,
            LinearPlan(inputs: 33, layers: [LayerPlan(.stored(StoredMatrix(3, 33, .bf16)), bias: .trained)])),
        projection(
            "frozen matrix and bias, run-time rows", rows: 211,
            LinearPlan(inputs: 20, layers: [LayerPlan(.stored(StoredMatrix(31, 20, .bf16)), bias: .frozen)]),
            samples: 24),
        projection(
            "rows of a trained matrix", rows: 3,
            LinearPlan(inputs: 17, layers: [LayerPlan(.slice(constant(40, 17, "slice"), 5..<24))])),
        projection(
            "three layers, only two used", rows: 9,
            LinearPlan(
                inputs: 19,
                layers: [
                    LayerPlan(.trained(outputs: 8)), LayerPlan(.stored(StoredMatrix(11, 19, .f32)), bias: .trained),
                    LayerPlan(.stored(StoredMatrix(23, 19, .bf16))),
                ]), used: [0, 1]),
        projection(
            "one output of one input", rows: 7,
            LinearPlan(inputs: 1, layers: [LayerPlan(.trained(outputs: 1), bias: .trained)])),
        projection(
            "expanded in several panels, inputs first", rows: 2,
            LinearPlan(
                inputs: 300,
                layers: [LayerPlan(.stored(StoredMatrix(300, 4096, .q8_0, inputsFirst: true, seed: "panels")))]),
            samples: 4),
        projection(
            "expanded in several panels", rows: 2,
            LinearPlan(inputs: 4096, layers: [LayerPlan(.stored(StoredMatrix(300, 4096, .q8_0, seed: "panels")))]),
            samples: 4),
    ]

    /// A case of `projections`. The input is a view, and one that is used twice when `again`.
    static func projection(
        _ name: String, rows: Int, _ plan: LinearPlan, used: [Int]? = nil, dropsOut: Bool = false, slack: Double = 1,
        samples: Int = 60
    ) -> GradientCase {
        let chosen = used ?? Array(plan.layers.indices)
        let draw = dropsOut ? plan.draw : nil
        return GradientCase(
            .projections, name, [Variable(rows, plan.inputs + 3)] + plan.variables, slack: slack, samples: samples
        ) { x in
            let (layers, groups) = plan.weights(x)
            let input = x.operand(0).split([3, plan.inputs])[1]
            let outputs = projections(input, layers, adapters: groups, draw: draw)
            return chosen.map { outputs[$0] }
        } reference: { v in
            let outputs = plan.formula(v[0].slice(columns: 3..<plan.inputs + 3), v)
            return chosen.map { outputs[$0] }
        }
    }
}
