import Kernels
import Tensors

enum CrossEntropyCases {
    static let all: [GradientCase] = [
        frozen("frozen head", rows: 17, width: 20, vocabulary: 67, .bf16),
        frozen("frozen head, one token", rows: 1, width: 16, vocabulary: 33, .f32),
        frozen("frozen quantised head", rows: 3, width: 32, vocabulary: 130, .q8_0),
        frozen("frozen head, scaled and bounded", rows: 33, width: 12, vocabulary: 50, .f16, scale: 0.5, softcap: 3),
        frozen("frozen head, vocabulary of two slices", rows: 3, width: 8, vocabulary: 20_000, .f32, samples: 24),
        frozen("frozen head, slices, bounded", rows: 3, width: 8, vocabulary: 17_001, .bf16, softcap: 4, samples: 24),
        frozen("frozen head, slices of many rows", rows: 600, width: 4, vocabulary: 7_300, .f32, samples: 1),
        trained("trained head", rows: 17, width: 20, vocabulary: 67),
        trained("trained head, one token, scaled", rows: 1, width: 9, vocabulary: 35, scale: 2),
        trained("trained head, bounded", rows: 5, width: 12, vocabulary: 19, softcap: 2),
        trained("trained head, vocabulary of two slices", rows: 3, width: 8, vocabulary: 17_000, samples: 16),
        adapted("adapted head", rows: 17, width: 20, vocabulary: 67, groups: [GroupPlan([(0, 3, 1.5)])]),
        adapted(
            "adapted head, one token, bounded", rows: 1, width: 16, vocabulary: 33, softcap: 3,
            groups: [GroupPlan([(0, 4, 0.5)])]),
        adapted(
            "adapted head, dropout, two groups, scaled", rows: 9, width: 12, vocabulary: 40, scale: 0.5,
            groups: [GroupPlan([(0, 4, 2)], dropout: 0.25, key: 1), GroupPlan([(0, 2, 1)], key: 2)]),
        adapted(
            "adapted head, vocabulary of two slices", rows: 3, width: 8, vocabulary: 17_001, samples: 24,
            groups: [GroupPlan([(0, 2, 1)])]),
        adapted(
            "adapted and trained head", rows: 5, width: 12, vocabulary: 19, trained: true,
            groups: [GroupPlan([(0, 2, 1)])]),
        GradientCase(.linearCrossEntropy, "head tied to the embedding", [Variable(29, 12)]) { x in
            let table = MatrixWeight.trained(x.parameters[0])
            let y = embedding([3, 28, 3, 0], in: table).convertedRecording(to: x.type)
            return [linearCrossEntropy(y, head: table, targets: [28, 3, 0, 1]).sum]
        } reference: { v in
            let y = Grid(4, 12) { v[0][[3, 28, 3, 0][$0], $1] }
            return [total(Formula.crossEntropy(y, v[0], targets: [28, 3, 0, 1], scale: 1, softcap: 0))]
        },
        GradientCase(.linearCrossEntropy, "trained head over a constant", [Variable(21, 10)]) { x in
            let y = constant(6, 10, "head input").tensor(x.type)
            return [linearCrossEntropy(y, head: .trained(x.parameters[0]), targets: [0, 20, 3, 3, 9, 1]).sum]
        } reference: { v in
            let y = constant(6, 10, "head input")
            return [total(Formula.crossEntropy(y, v[0], targets: [0, 20, 3, 3, 9, 1], scale: 1, softcap: 0))]
        },
    ]

    static func total(_ losses: [Double]) -> Grid { Grid(1, 1, [losses.reduce(0, +)]) }

    static func targets(_ rows: Int, _ vocabulary: Int, _ name: String) -> [Int32] {
        var numbers = Numbers("targets " + name)
        // The borders of the vocabulary are always among them.
        return (0..<rows).map { row in
            row == 0 ? Int32(vocabulary - 1) : row == 1 ? 0 : Int32.random(in: 0..<Int32(vocabulary), using: &numbers)
        }
    }

    private static func frozen(
        _ name: String, rows: Int, width: Int, vocabulary: Int, _ format: ElementFormat, scale: Float = 1,
        softcap: Float = 0,
        samples: Int = 60
    ) -> GradientCase {
        let head = StoredMatrix(vocabulary, width, format, seed: name)
        let targets = targets(rows, vocabulary, name)
        return GradientCase(.linearCrossEntropy, name, [Variable(rows, width)], samples: samples) { x in
            let shape = LogitShape(scale: scale, softcap: softcap)
            return [linearCrossEntropy(x.operand(0), head: head.weight, targets: targets, shape: shape).sum]
        } reference: { v in
            [
                total(
                    Formula.crossEntropy(
                        v[0], head.numbers, targets: targets, scale: Double(scale), softcap: Double(softcap)))
            ]
        }
    }

    private static func adapted(
        _ name: String, rows: Int, width: Int, vocabulary: Int, scale: Float = 1, softcap: Float = 0,
        samples: Int = 60, trained: Bool = false, groups: [GroupPlan]
    ) -> GradientCase {
        let targets = targets(rows, vocabulary, name)
        let head =
            trained
            ? LayerPlan.Matrix.trained(outputs: vocabulary)
            : .stored(StoredMatrix(vocabulary, width, .bf16, seed: name))
        let plan = LinearPlan(inputs: width, layers: [LayerPlan(head)], groups: groups)
        return GradientCase(
            .linearCrossEntropy, name, [Variable(rows, width)] + plan.variables, samples: samples
        ) { x in
            let (layers, groups) = plan.weights(x)
            return [
                linearCrossEntropy(
                    x.operand(0), head: layers[0].matrix, adapters: groups, targets: targets,
                    shape: LogitShape(scale: scale, softcap: softcap), draw: plan.draw
                ).sum
            ]
        } reference: { v in
            [
                total(
                    Formula.crossEntropy(
                        plan.formula(v[0], v)[0], targets: targets, scale: Double(scale), softcap: Double(softcap)))
            ]
        }
    }

    private static func trained(
        _ name: String, rows: Int, width: Int, vocabulary: Int, scale: Float = 1, softcap: Float = 0,
        samples: Int = 60
    ) -> GradientCase {
        let targets = targets(rows, vocabulary, name)
        return GradientCase(
            .linearCrossEntropy, name, [Variable(rows, width), Variable(vocabulary, width, spread: 0.5)],
            samples: samples
        ) { x in
            let shape = LogitShape(scale: scale, softcap: softcap)
            return [
                linearCrossEntropy(x.operand(0), head: .trained(x.parameters[1]), targets: targets, shape: shape).sum
            ]
        } reference: { v in
            [
                total(
                    Formula.crossEntropy(v[0], v[1], targets: targets, scale: Double(scale), softcap: Double(softcap)))
            ]
        }
    }
}
