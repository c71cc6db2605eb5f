import Kernels
import Testing

extension KernelsTests {
    @Suite(.serialized) struct ProductTests {
        struct Shape: Sendable, CustomStringConvertible {
            let rows: Int
            let columns: Int
            let inner: Int
            var description: String { "\(rows)×\(columns)×\(inner)" }
        }

        static let shapes = [
            (1, 1, 1), (1, 33, 17), (3, 17, 130), (16, 16, 16), (17, 130, 33), (67, 5, 1), (130, 67, 300), (191, 9, 40),
            (192, 31, 33), (211, 65, 70), (600, 40, 64), (48, 64, 256), (61, 95, 515),
            (49, 70, 1030),
        ].map { Shape(rows: $0, columns: $1, inner: $2) }

        /// A matrix in a wider buffer, so that strides differ from widths.
        private struct Matrix {
            let buffer: Buffer
            let stride: Int
            let values: [Double]
            let columns: Int

            init(_ rows: Int, _ columns: Int, _ seed: UInt64, bf16: Bool) {
                stride = columns + 3
                self.columns = columns
                let buffer = Buffer(random: rows * (columns + 3) + 1, seed, bf16: bf16)
                self.buffer = buffer
                let all = buffer.values
                values = (0..<rows).flatMap { r in (0..<columns).map { Double(all[r * (columns + 3) + $0]) } }
            }

            func operand(transposed: Bool) -> Operand {
                Operand(buffer.pointer, stride: stride, type: buffer.isBF16 ? .bf16 : .f32, transposed: transposed)
            }
        }

        private func check(
            _ shape: Shape, _ engine: ProductEngine?, bf16: Bool, bf16Result: Bool, _ transposedA: Bool,
            _ transposedB: Bool, accumulate: Bool
        ) {
            let (m, n, k) = (shape.rows, shape.columns, shape.inner)
            let a = transposedA ? Matrix(k, m, 1, bf16: bf16) : Matrix(m, k, 1, bf16: bf16)
            let b = transposedB ? Matrix(n, k, 2, bf16: bf16) : Matrix(k, n, 2, bf16: bf16)
            let c = Matrix(m, n, 3, bf16: bf16Result)
            let before = c.buffer.values
            let (left, right) = (a.operand(transposed: transposedA), b.operand(transposed: transposedB))
            let out = Destination(c.buffer.pointer, stride: c.stride, type: bf16Result ? .bf16 : .f32)
            if let engine {
                Product.multiply(
                    left, right, into: out, rows: m, columns: n, inner: k, accumulate: accumulate, engine: engine)
            } else {
                Product.multiply(left, right, into: out, rows: m, columns: n, inner: k, accumulate: accumulate)
            }
            let after = c.buffer.values
            var result: [Float] = []
            var expected: [Double] = []
            for r in 0..<m {
                for j in 0..<n {
                    var sum = accumulate ? c.values[r * n + j] : 0
                    for i in 0..<k {
                        sum +=
                            a.values[transposedA ? i * m + r : r * k + i]
                            * b.values[transposedB ? j * k + i : i * n + j]
                    }
                    expected.append(sum)
                    result.append(after[r * c.stride + j])
                }
                for j in n..<c.stride {
                    #expect(after[r * c.stride + j] == before[r * c.stride + j], "\(shape): wrote beside the result")
                }
            }
            let error = relativeError(result, expected)
            #expect(
                error <= (bf16Result ? Bounds.productBF16 : Bounds.product),
                "\(engine?.rawValue ?? "chosen") \(shape) bf16 \(bf16) → \(bf16Result) transposed \(transposedA) \(transposedB): \(error)"
            )
        }

        /// Each engine, and what is chosen by itself (few rows may go to kernels of our own).
        @Test(arguments: shapes) func enginesAgreeWithDouble(_ shape: Shape) {
            for transposedA in [false, true] {
                for transposedB in [false, true] {
                    for accumulate in [false, true] {
                        for engine in [ProductEngine.openblas, .onednn, .graft, nil] {
                            check(
                                shape, engine, bf16: false, bf16Result: false, transposedA, transposedB,
                                accumulate: accumulate)
                        }
                        guard Machine.hasBF16 else { continue }
                        for bf16Result in [false, true] {
                            for engine in [ProductEngine.onednn, .graft, nil] {
                                check(
                                    shape, engine, bf16: true, bf16Result: bf16Result, transposedA, transposedB,
                                    accumulate: accumulate)
                            }
                        }
                    }
                }
            }
        }

        @Test func saysWhatItSkips() {
            if !Machine.hasBF16 { print("SKIPPED: products in bf16, this processor multiplies no bfloat16") }
        }

        @Test func anEmptyProductIsZeroOrNothing() {
            let c = Buffer([1, 2, 3, 4], bf16: false)
            let x = Operand(c.pointer, stride: 2, type: .f32)
            Product.multiply(
                x, x, into: Destination(c.pointer, stride: 2), rows: 2, columns: 2, inner: 0, accumulate: true)
            #expect(c.values == [1, 2, 3, 4])
            Product.multiply(x, x, into: Destination(c.pointer, stride: 2), rows: 0, columns: 2, inner: 2)
            #expect(c.values == [1, 2, 3, 4])
            Product.multiply(x, x, into: Destination(c.pointer, stride: 2), rows: 2, columns: 1, inner: 0)
            #expect(c.values == [0, 2, 0, 4])
        }

        /// Inside a parallel region every index computes alone, side by side with the others.
        @Test func productsInsideTheParallelFor() {
            let (m, n, k) = (33, 20, 40)
            let a = Matrix(m, k, 1, bf16: false)
            let b = Matrix(n, k, 2, bf16: false)
            for engine in [ProductEngine.openblas, .onednn, .graft] {
                let results = Buffer(zeros: 12 * m * n)
                nonisolated(unsafe) let out = results.pointer
                nonisolated(unsafe) let (left, right) = (a.operand(transposed: false), b.operand(transposed: true))
                Pool.run(12) { i in
                    Product.multiply(
                        left, right, into: Destination(out + i * m * n * 4, stride: n), rows: m, columns: n, inner: k,
                        accumulate: false, engine: engine)
                }
                let all = results.values
                let first = Array(all[0..<m * n])
                #expect((1..<12).allSatisfy { Array(all[$0 * m * n..<($0 + 1) * m * n]) == first })
                let expected = (0..<m * n).map { at in
                    (0..<k).reduce(0.0) { $0 + a.values[at / n * k + $1] * b.values[at % n * k + $1] }
                }
                #expect(relativeError(first, expected) <= Bounds.product)
            }
        }
    }
}
