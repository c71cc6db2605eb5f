import Foundation
import Kernels
import Tensors
import Testing

extension TensorsTests {
    @Suite(.serialized) struct CrossEntropyTests {
        @Test(arguments: [(3, 20_000, Float(0)), (600, 7_300, 5), (1, 5, 0)])
        func lossesOfRows(_ rows: Int, _ vocabulary: Int, _ softcap: Float) {
            let x = constant(rows, 8, "losses")
            let head = StoredMatrix(vocabulary, 8, .bf16)
            let targets = CrossEntropyCases.targets(rows, vocabulary, "losses")
            let expected = Formula.crossEntropy(x, head.numbers, targets: targets, scale: 1, softcap: Double(softcap))
            for type in ElementType.allCases where type == .f32 || Machine.hasBF16 {
                let (sum, losses) = linearCrossEntropy(
                    x.tensor(type), head: head.weight, targets: targets, shape: LogitShape(softcap: softcap))
                #expect(sum.edge == nil)
                #expect(relativeError(losses.map(Double.init), expected) <= Tolerances.of(type).forward)
                #expect(
                    relativeError([Double(sum.values()[0])], [expected.reduce(0, +)]) <= Tolerances.of(type).forward)
            }
        }

        /// The row a model is nearly sure of: `p − 1` and the other weights nearly cancel, bf16 logits leave only
        /// noise.
        @Test func gradientOfANearlyCertainRow() {
            guard Machine.hasBF16 else { return print("SKIPPED: nearly certain rows in bf16") }
            let (rows, width, vocabulary) = (40, 64, 3000)
            let head = StoredMatrix(vocabulary, width, .bf16, seed: "certain")
            let targets = CrossEntropyCases.targets(rows, vocabulary, "certain")
            // Rows that point along their target's weights: a logit of about 9 above the others' noise.
            let x = Grid(rows, width) { r, c in
                Double(roundedToBF16(Float(0.9 * head.numbers[Int(targets[r]), c])))
            }
            let losses = Formula.crossEntropy(x, head.numbers, targets: targets, scale: 1, softcap: 0)
            #expect(losses.allSatisfy { $0 < 0.5 } && losses.sorted()[rows / 2] < 0.02, "p must be near 1: \(losses)")
            // dx = Σ p·W − W[target], in Double.
            var expected = Grid(rows, width)
            for r in 0..<rows {
                let logits = (0..<vocabulary).map { j in
                    (0..<width).reduce(0.0) { $0 + x[r, $1] * head.numbers[j, $1] }
                }
                let top = logits.max() ?? 0
                let total = logits.reduce(0) { $0 + exp($1 - top) }
                for (j, logit) in logits.enumerated() {
                    // 1 − p of the target as the others' sum: the difference itself would lose its digits.
                    let p =
                        j == targets[r]
                        ? -logits.enumerated().reduce(0) { $0 + ($1.offset == j ? 0 : exp($1.element - top)) } / total
                        : exp(logit - top) / total
                    for c in 0..<width { expected[r, c] += p * head.numbers[j, c] }
                }
            }
            let parameter = Parameter("x", rows: rows, columns: width)
            for (i, number) in x.numbers.enumerated() { parameter.value.floats[i] = Float(number) }
            linearCrossEntropy(parameter.tensor.convertedRecording(to: .bf16), head: head.weight, targets: targets).sum
                .backward()
            let error = relativeError(Grid(parameter.gradient).numbers, expected.numbers)
            #expect(error <= Tolerances.certainRow, "off by \(error)")
        }
    }
}
