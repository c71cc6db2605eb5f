import CKernels
import Foundation
import Kernels
import Testing

/// The elementary functions inside the kernels, seen through kernels that add nothing to them.
struct FunctionChecks {
    func all() {
        exponential()
        hyperbolicTangent()
        errorFunctionInGELU()
        activationsOfLargeNumbersAreFinite()
        bfloat16Rounding()
        bfloat16Widening()
        transposes()
    }

    private static func sweep(_ range: ClosedRange<Double>, _ count: Int = 200_000) -> [Float] {
        (0...count).map {
            Float(range.lowerBound + (range.upperBound - range.lowerBound) * Double($0) / Double(count))
        }
    }

    private func exponentials(_ x: [Float]) -> [Float] {
        let (logits, weights, lse) = (Buffer(x, bf16: false), Buffer(zeros: x.count), Buffer(zeros: 1))
        graft_cross_entropy_gradient(
            logits.floats, x.count, 0, x.count, 1, 0, [-1], lse.floats, weights.pointer, x.count, 0, 1)
        return weights.values
    }

    private func tanhs(_ x: [Float]) -> [Float] {
        let logits = Buffer(x, bf16: false)
        let (maximum, sum) = (Buffer([Float](repeating: 0, count: x.count), bf16: false), Buffer(zeros: x.count))
        let (logit, slope) = (Buffer(zeros: x.count), Buffer(zeros: x.count))
        graft_cross_entropy_slice(
            logits.floats, 1, 0, 1, 1, 1, [Int32](repeating: 0, count: x.count), maximum.floats, sum.floats,
            logit.floats, slope.floats, nil, 0, 0, nil, 0, x.count)
        return logit.values
    }

    private func activation(_ kind: Int32, _ x: [Float]) -> [Float] {
        let (gate, h) = (Buffer(x, bf16: false), Buffer(zeros: x.count))
        graft_activation(kind, gate.pointer, x.count, nil, 0, 0, h.pointer, x.count, 0, nil, nil, 1, x.count)
        return h.values
    }

    private func exponential() {
        let x = Self.sweep(-87.2...88.6) + Self.sweep(-1...1)
        for (x, y) in zip(x, exponentials(x)) {
            let expected = exp(Double(x))
            if abs(Double(y) - expected) > Bounds.exp * expected {
                Issue.record("e^\(x) is \(expected), not \(y)")
                return
            }
        }
        let edges = exponentials([-.infinity, -1e30, -88, 89, 1e30, .infinity, .nan, 0, -0.0])
        #expect(edges.prefix(6) == [0, 0, 0, .infinity, .infinity, .infinity])
        #expect(edges[6].isNaN && edges[7] == 1 && edges[8] == 1)
    }

    private func hyperbolicTangent() {
        let x = Self.sweep(-12...12) + Self.sweep(-0.3...0.3) + [1e-20, -1e-20, 1e-38, 40, -1e30]
        for (x, y) in zip(x, tanhs(x)) {
            let expected = tanh(Double(x))
            if abs(Double(y) - expected) > Bounds.tanh * abs(expected) {
                Issue.record("tanh \(x) is \(expected), not \(y)")
                return
            }
        }
        #expect(tanhs([.infinity, -.infinity, 0]) == [1, -1, 0])
        #expect(tanhs([.nan])[0].isNaN)
    }

    private func errorFunctionInGELU() {
        let x = Self.sweep(-12...12) + Self.sweep(-0.01...0.01)
        for (x, y) in zip(x, activation(2, x)) {
            let expected = 0.5 * Double(x) * erfc(-Double(x) / 2.0.squareRoot())
            if abs(Double(y) - expected) > Bounds.gelu * abs(Double(x)) {
                Issue.record("gelu \(x) is \(expected), not \(y)")
                return
            }
        }
    }

    private func activationsOfLargeNumbersAreFinite() {
        let x: [Float] = [-1e10, -1e4, -100, -88, 88, 100, 1e4, 1e10]
        for kind: Int32 in 0..<6 {
            let (gate, dh) = (
                Buffer(x, bf16: false), Buffer([Float](repeating: 1, count: x.count), bf16: false)
            )
            let (dgate, h) = (Buffer(zeros: x.count), Buffer(zeros: x.count))
            graft_activation_backward(
                kind, gate.pointer, nil, 0, dh.floats, x.count, dgate.pointer, nil, h.pointer, 0, 1, x.count)
            #expect(activation(kind, x).allSatisfy { $0.isFinite }, "kind \(kind)")
            #expect(dgate.values.allSatisfy { $0.isFinite }, "slopes of kind \(kind): \(dgate.values)")
        }
    }

    /// Every upper half with the lower halves where rounding turns, denormals, infinities and NaNs included.
    private func bfloat16Rounding() {
        for lower: UInt32 in [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
            let bits = (0..<UInt32(0x10000)).map { $0 << 16 | lower }
            let from = Buffer(zeros: bits.count)
            for (i, pattern) in bits.enumerated() {
                from.pointer.storeBytes(of: pattern, toByteOffset: 4 * i, as: UInt32.self)
            }
            let to = Buffer(zeros: bits.count, bf16: true)
            graft_convert(from.pointer, bits.count, 0, to.pointer, bits.count, 1, 1, 1, bits.count)
            for (i, pattern) in bits.enumerated() {
                let x = Float(bitPattern: pattern)
                let y = to.pointer.load(fromByteOffset: 2 * i, as: UInt16.self)
                let right = x.isNaN ? float(y).isNaN : y == bf16(x)
                if !right {
                    Issue.record("\(String(pattern, radix: 16)) became \(String(y, radix: 16))")
                    return
                }
            }
        }
    }

    private func bfloat16Widening() {
        let from = Buffer(zeros: 0x10000, bf16: true)
        for i in 0..<0x10000 { from.pointer.storeBytes(of: UInt16(i), toByteOffset: 2 * i, as: UInt16.self) }
        let to = Buffer(zeros: 0x10000)
        graft_convert(from.pointer, 0x10000, 1, to.pointer, 0x10000, 0, 1, 1, 0x10000)
        for (i, y) in to.values.enumerated() {
            let x = float(UInt16(i))
            #expect(x.isNaN ? y.isNaN : y.bitPattern == x.bitPattern)
        }
    }

    private func transposes() {
        var numbers = Numbers(3)
        let (rows, columns) = (37, 50)
        let from = Buffer(numbers.floats(rows * columns), bf16: false)
        let to = Buffer(zeros: rows * columns)
        graft_transpose(from.floats, rows, columns, to.floats)
        let (x, y) = (from.values, to.values)
        for r in 0..<rows { for c in 0..<columns { #expect(y[c * rows + r] == x[r * columns + c]) } }
    }
}
