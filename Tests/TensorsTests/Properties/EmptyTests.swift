import Kernels
import Tensors
import Testing

extension TensorsTests {
    /// No rows: a micro-batch may hold no target, a rank of an expert no token.
    @Suite(.serialized) struct EmptyTests {
        @Test(arguments: ElementType.allCases) func everyOpTakesNoRows(_ type: ElementType) {
            guard type == .f32 || Machine.hasBF16 else { return print("SKIPPED: no rows in bf16") }
            let parameter = Parameter("x", rows: 0, columns: 32)
            let weight = Parameter("w", rows: 1, columns: 32)
            let matrix = Parameter("m", rows: 9, columns: 32)
            let x = parameter.tensor.convertedRecording(to: type)
            let norm = Norm(weight: weight.tensor, epsilon: 1e-5)
            let a = Parameter("a", rows: 2, columns: 32)
            let b = Parameter("b", rows: 2, columns: 9)
            let group = AdapterGroup(a: a, members: [.init(layer: 0, rows: 0..<2, b: b, scale: 1)], dropout: 0.5)
            let table = RotaryTable(positions: 4, inverseFrequencies: [1, 0.1])
            let shape = AttentionShape(heads: 2, keyValueHeads: 1, headSize: 16, scale: 1)
            let halves = x.split([16, 16])
            let draw = DropoutDraw(key: 1, firstRow: 0)
            let joined = parameter.tensor.adding(parameter.tensor, thenNormalized: norm, to: type)
            let outputs: [Tensor] =
                [
                    parameter.tensor.adding(parameter.tensor), x.scaled(by: 2), x.convertedRecording(to: .f32),
                    x.rows([]), x.normalized(norm), x.activated(.silu, times: x), joined.sum, joined.normalized,
                    x.rotated(by: table, positions: [], headSize: 8),
                    attention(x, halves[0], halves[1], shape, segments: []),
                    attention(x, halves[0], halves[1], shape, segments: [AttentionSegment(0..<0)]),
                    embedding([], in: .trained(matrix)),
                    gatedProjection(
                        parameter.tensor, parameter.tensor, .silu, LinearWeights(.trained(matrix)), adapters: [group],
                        draw: draw, type: type),
                    linearCrossEntropy(x, head: .trained(matrix), targets: []).sum,
                    linearCrossEntropy(x, head: StoredMatrix(40, 32, .q8_0).weight, targets: []).sum,
                ]
                + projections(x, [LinearWeights(.trained(matrix))], adapters: [group], draw: draw)
                + recomputed([parameter.tensor]) { [$0[0].scaled(by: 3)] }
            for y in outputs {
                #expect(y.edge != nil)
                #expect(y.rows == 0 || (y.rows == 1 && y.values() == [0]))
            }
            Tensor.backward(from: outputs.map { ($0, Tensor(zeros: $0.rows, $0.columns)) })
            for trained in [weight, matrix, a, b] { #expect(trained.gradient.values().allSatisfy { $0 == 0 }) }
        }
    }
}
