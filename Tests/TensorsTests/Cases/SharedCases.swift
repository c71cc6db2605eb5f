import Kernels
import Tensors

/// One tensor that several ops read, or one op in several places: its gradients add up.
enum SharedCases {
    static let all: [GradientCase] = [
        GradientCase(.projections, "two ops read one input", [Variable(33, 20)] + twice.variables) { x in
            let (layers, groups) = twice.weights(x)
            let input = x.operand(0)
            return projections(input, [layers[0]], adapters: groups) + projections(input, [layers[1]])
        } reference: { v in
            twice.formula(v[0], v)
        },
        GradientCase(.add, "a rotation and a projection read one input", [Variable(17, 24), Variable(24, 24)]) { x in
            let input = x.operand(0)
            let turned = input.rotated(by: table, positions: positions, headSize: 12, to: x.type)
            return [projections(input, [LinearWeights(.trained(x.parameters[1]))])[0].adding(turned)]
        } reference: { v in
            let turned = Formula.rotary(
                v[0], positions: positions, frequencies: frequencies, factor: 1, interleaved: false, headSize: 12)
            return [v[0].timesTransposed(v[1]) + turned]
        },
        GradientCase(.norm, "two norms of one input", [Variable(70, 18), Variable(1, 18)]) { x in
            let norm = Norm(weight: x.float(1), epsilon: 1e-5)
            return [
                x.float(0).normalized(norm, to: x.type),
                x.float(0).normalized(Norm(weight: nil, epsilon: 1e-5, centred: true), group: 9),
            ]
        } reference: { v in
            let epsilon = Double(Float(1e-5))
            return [
                Formula.norm(v[0], weight: v[1], bias: nil, epsilon: epsilon, centred: false),
                Formula.norm(v[0], weight: nil, bias: nil, epsilon: epsilon, centred: true, group: 9),
            ]
        },
        GradientCase(.norm, "two norms of one computed input", [Variable(5, 18)]) { x in
            let input = x.float(0).scaled(by: 2)
            let norm = Norm(weight: nil, epsilon: 1e-5)
            return [input.normalized(norm), input.normalized(norm, group: 6, to: x.type)]
        } reference: { v in
            let (input, epsilon) = (2.0 * v[0], Double(Float(1e-5)))
            return [
                Formula.norm(input, weight: nil, bias: nil, epsilon: epsilon, centred: false),
                Formula.norm(input, weight: nil, bias: nil, epsilon: epsilon, centred: false, group: 6),
            ]
        },
        GradientCase(.attention, "queries, keys and values are one tensor", [Variable(41, 32)]) { x in
            let input = x.operand(0)
            return [attention(input, input, input, shape, segments: segments)]
        } reference: { v in
            [Formula.attention(v[0], v[0], v[0], shape, segments: segments, sinks: nil)]
        },
        GradientCase(.gatedProjection, "gate and up are one tensor", [Variable(9, 21), Variable(10, 21)]) { x in
            let gate = x.float(0)
            return [gatedProjection(gate, gate, .silu, LinearWeights(.trained(x.parameters[1])), type: x.type)]
        } reference: { v in
            [Formula.gated(.silu, v[0], v[0]).timesTransposed(v[1])]
        },
        GradientCase(.add, "two losses of one input and one head", [Variable(6, 12), Variable(30, 12)]) { x in
            let (input, head) = (x.operand(0), MatrixWeight.trained(x.parameters[1]))
            let first = linearCrossEntropy(input, head: head, targets: targets).sum
            return [first.adding(linearCrossEntropy(input, head: head, targets: targets.reversed()).sum, scale: 0.5)]
        } reference: { v in
            let first = Formula.crossEntropy(v[0], v[1], targets: targets, scale: 1, softcap: 0)
            let second = Formula.crossEntropy(v[0], v[1], targets: targets.reversed(), scale: 1, softcap: 0)
            return [CrossEntropyCases.total(first) + 0.5 * CrossEntropyCases.total(second)]
        },
    ]

    private static let twice = LinearPlan(
        inputs: 20,
        layers: [LayerPlan(.stored(StoredMatrix(9, 20, .bf16))), LayerPlan(.trained(outputs: 13), bias: .trained)],
        groups: [GroupPlan([(0, 3, 2)])])
    private static let frequencies: [Float] = [1, 0.5, 0.1]
    private static let positions: [Int32] = (0..<17).map { Int32($0) }
    private static var table: RotaryTable { RotaryTable(positions: 17, inverseFrequencies: frequencies) }
    private static let shape = AttentionShape(heads: 2, keyValueHeads: 2, headSize: 16, scale: 0.25)
    private static let segments = [AttentionSegment(0..<30), AttentionSegment(30..<41)]
    private static let targets: [Int32] = [29, 0, 4, 4, 17, 8]
}
