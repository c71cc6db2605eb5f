import CKernels
import Kernels
import Testing

extension KernelsTests {
    @Suite(.serialized) struct DropoutTests {
        private func kept(_ key: UInt64, _ firstRow: UInt64, _ probability: Float, _ rows: Int, _ columns: Int)
            -> [Bool]
        {
            let x = Buffer([Float](repeating: 1, count: rows * columns), bf16: false)
            graft_dropout(
                x.pointer, columns, 0, x.pointer, columns, 0, key, firstRow, probability, rows, columns)
            let values = x.values
            #expect(values.allSatisfy { $0 == 0 || $0 == 1 / (1 - probability) })
            return values.map { $0 != 0 }
        }

        /// Standard deviations that a count of `n` draws with the given probability is away from its mean.
        private func deviation(_ count: Int, of n: Int, _ probability: Double) -> Double {
            (Double(count) - Double(n) * probability) / (Double(n) * probability * (1 - probability)).squareRoot()
        }

        @Test(arguments: [Float(0.05), 0.1, 0.5, 0.9]) func dropsTheShareItShould(_ probability: Float) {
            let (rows, columns) = (200, 1000)
            let keep = 1 - Double(probability)
            let mask = kept(0, 0, probability, rows, columns)
            #expect(abs(deviation(mask.count { $0 }, of: mask.count, keep)) < 5)
            for r in 0..<rows {
                let row = mask[r * columns..<(r + 1) * columns].count { $0 }
                #expect(abs(deviation(row, of: columns, keep)) < 5.5)
            }
            for c in 0..<columns {
                let column = (0..<rows).count { mask[$0 * columns + c] }
                #expect(abs(deviation(column, of: rows, keep)) < 5.5)
            }
        }

        /// Masks of neighbouring columns, rows, keys and of a shift by one agree no oftener than chance has it.
        @Test func drawsDoNotDependOnEachOther() {
            let (rows, columns) = (200, 1000)
            let n = rows * columns
            let mask = kept(1, 0, 0.5, rows, columns)
            func agreement(_ other: [Bool]) -> Double { deviation(zip(mask, other).count { $0 == $1 }, of: n, 0.5) }
            #expect(abs(agreement(kept(2, 0, 0.5, rows, columns))) < 5)
            #expect(abs(agreement(kept(1, 1, 0.5, rows, columns))) < 5)
            #expect(abs(agreement(kept(1 ^ 0x9e37_79b9_7f4a_7c15, 0, 0.5, rows, columns))) < 5)
            #expect(abs(agreement(kept(1 &+ 0x9e37_79b9_7f4a_7c15, 0, 0.5, rows, columns))) < 5)
            #expect(abs(agreement(Array(mask[1...] + mask[..<1]))) < 5)
            #expect(abs(agreement(Array(mask[columns...] + mask[..<columns]))) < 5)
        }

        @Test func aRowsMaskDependsOnItsNumberAlone() {
            let whole = kept(9, 100, 0.3, 50, 77)
            #expect(kept(9, 120, 0.3, 10, 77) == Array(whole[20 * 77..<30 * 77]))
            #expect(kept(9, 100, 0, 3, 77).allSatisfy { $0 })
        }
    }
}
