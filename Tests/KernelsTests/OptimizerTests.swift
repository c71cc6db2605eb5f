import CKernels
import Foundation
import Kernels
import Testing

enum OptimizerChecks {
    /// torch.optim.AdamW's single-tensor step, in Double.
    private struct Reference {
        var value: [Double]
        var first: [Double]
        var second: [Double]

        mutating func step(
            _ gradient: [Double], rate: Double, _ beta: (Double, Double), epsilon: Double, decay: Double, t: Int
        ) {
            let corrections = (1 - pow(beta.0, Double(t)), 1 - pow(beta.1, Double(t)))
            for (i, g) in gradient.enumerated() {
                value[i] *= 1 - rate * decay
                first[i] += (g - first[i]) * (1 - beta.0)
                second[i] = second[i] * beta.1 + (1 - beta.1) * g * g
                let deviation = second[i].squareRoot() / corrections.1.squareRoot() + epsilon
                value[i] -= rate / corrections.0 * first[i] / deviation
            }
        }
    }

    static func adamW(_ steps: Int) {
        var numbers = Numbers(5)
        let n = 1003
        let start = numbers.floats(n)
        let value = Buffer(start, bf16: false)
        let (first, second) = (Buffer(zeros: n), Buffer(zeros: n))
        var reference = Reference(
            value: start.map(Double.init), first: [Double](repeating: 0, count: n),
            second: [Double](repeating: 0, count: n))
        for t in 1...steps {
            // Gradients over six orders of magnitude, one of them zero throughout.
            let gradient = numbers.floats(n).enumerated().map { i, x in
                i == 5 ? 0 : x * Float(pow(10, -Double(i % 7)))
            }
            graft_adamw(
                value.floats, gradient, first.floats, second.floats, 0.25, 3e-3, 0.9, 0.999, 1e-8, 0.1,
                Float(1 - pow(0.9, Double(t))), Float(1 - pow(0.999, Double(t))), n)
            reference.step(
                gradient.map { Double($0) * 0.25 }, rate: 3e-3, (0.9, 0.999), epsilon: 1e-8, decay: 0.1, t: t)
        }
        // What was moved, not where it ended: the start would hide errors.
        let moved = zip(value.values, start).map { Float(Double($0) - Double($1)) }
        let expected = zip(reference.value, start).map { $0 - Double($1) }
        #expect(relativeError(moved, expected) <= 10 * Bounds.adamw)
        #expect(relativeError(value.values, reference.value) <= Bounds.adamw)
        #expect(relativeError(first.values, reference.first) <= Bounds.adamw)
        #expect(relativeError(second.values, reference.second) <= Bounds.adamw)
    }
}

extension KernelsTests {
    @Suite struct OptimizerTests {
        @Test func sumOfSquares() {
            var numbers = Numbers(6)
            for n in [0, 1, 7, 8, 1003] {
                let x = numbers.floats(n)
                let expected = x.reduce(0.0) { $0 + Double($1) * Double($1) }
                #expect(abs(graft_sum_of_squares(x, n) - expected) <= 1e-12 * expected)
            }
            #expect(graft_sum_of_squares([1, .nan], 2).isNaN)
            #expect(graft_sum_of_squares([1e30, 1e30], 2).isFinite)
        }
    }
}
