import Foundation
import Kernels
import Testing

@Suite("Block formats: quantisation")
struct BlockQuantizationTests {
    static let writable = ElementFormat.allCases.filter(\.isWritable)

    static func quantized(_ format: ElementFormat, _ x: [Float], columns: Int) -> [UInt8] {
        let rows = x.count / columns
        return [UInt8](unsafeUninitializedCapacity: rows * format.rowBytes(columns)) { buffer, count in
            x.withUnsafeBufferPointer { from in
                guard let from = from.baseAddress, let to = buffer.baseAddress else { return }
                BlockFormats.quantizeRows(format, from, columns: columns, rows: rows, into: to)
            }
            count = rows * format.rowBytes(columns)
        }
    }

    static func expanded(_ format: ElementFormat, _ bytes: [UInt8], columns: Int) -> [Float] {
        let rows = bytes.count / format.rowBytes(columns)
        var floats = [Float](repeating: .nan, count: rows * columns)
        bytes.withUnsafeBytes { raw in
            guard let start = raw.baseAddress else { return }
            BlockFormats.expandRows(format, start, columns: columns, rows: 0..<rows, into: &floats)
        }
        return floats
    }

    static func rmse(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
        let sum = zip(a, b).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
        return (sum / Double(a.count)).squareRoot()
    }

    static func gaussian(_ count: Int, seed: UInt64) -> [Float] {
        var random = SeededGenerator(seed)
        return (0..<count).map { _ in random.gaussian() }
    }

    /// Largest root mean square error, for normally distributed numbers of unit variance, that the format may cost.
    static let bounds: [(ElementFormat, Double)] = [
        (.f32, 0), (.f16, 3e-4), (.bf16, 2e-3), (.q8_0, 0.006), (.q6_k, 0.018), (.q5_k, 0.035), (.q5_1, 0.037),
        (.q5_0, 0.043), (.q4_k, 0.07), (.q4_1, 0.076), (.q4_0, 0.086), (.nf4, 0.09),
    ]

    @Test("is close to the numbers", arguments: bounds)
    func isClose(_ format: ElementFormat, _ bound: Double) {
        for scale in [1, 0.02, 300] as [Float] {
            let x = Self.gaussian(64 * 256, seed: 7).map { $0 * scale }
            let y = Self.expanded(format, Self.quantized(format, x, columns: 256), columns: 256)
            #expect(Self.rmse(x[...], y[...]) <= bound * Double(scale))
        }
    }

    @Test func everyWritableFormatHasABound() { #expect(Set(Self.bounds.map(\.0)) == Set(Self.writable)) }

    @Test("keeps what it can hold exactly", arguments: writable)
    func exactCases(_ format: ElementFormat) {
        let zeros = [Float](repeating: 0, count: 512)
        #expect(Self.expanded(format, Self.quantized(format, zeros, columns: 256), columns: 256) == zeros)
        for constant in [0.3125, -2.5, 1] as [Float] {
            let x = [Float](repeating: constant, count: 256)
            let y = Self.expanded(format, Self.quantized(format, x, columns: 256), columns: 256)
            #expect(y.allSatisfy { abs($0 - constant) <= abs(constant) * 5e-4 }, "\(constant) became \(y[0])")
        }
        // What was quantised once is quantised again without further loss in the formats of plain scales.
        if format.blockSize == 32 || format.blockSize == 1 {
            let once = Self.expanded(
                format, Self.quantized(format, Self.gaussian(512, seed: 3), columns: 256), columns: 256)
            let twice = Self.expanded(format, Self.quantized(format, once, columns: 256), columns: 256)
            #expect(Self.rmse(once[...], twice[...]) < 5e-4)
        }
    }

    @Test("a row's bytes depend on that row alone", arguments: writable)
    func rowsAreIndependent(_ format: ElementFormat) {
        let x = Self.gaussian(5 * 512, seed: 11)
        let together = Self.quantized(format, x, columns: 512)
        let apart = (0..<5).flatMap { Self.quantized(format, Array(x[$0 * 512..<$0 * 512 + 512]), columns: 512) }
        let same = together == apart
        #expect(same)
    }

    /// Set GRAFT_MAX_LEVEL to 3 or 1 to run the other versions of the kernels against the same sums.
    @Test("gives the same bytes on every processor") func sameEverywhere() {
        let x = Self.gaussian(16 * 512, seed: 5)
        let sums = Self.writable.filter { $0.blockSize > 1 }.map { format in
            Self.quantized(format, x, columns: 512).reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01b3
            }
        }
        // Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, NF4
        #expect(
            sums == [
                16_983_312_611_555_504_731, 3_937_626_381_192_474_984, 15_512_558_028_230_031_565,
                1_796_095_023_105_094_545, 5_497_620_460_205_645_602, 14_616_420_204_021_465_845,
                15_132_399_785_230_226_427, 7_187_225_908_319_089_513,
                7_995_279_806_583_657_192,
            ])
    }

    @Test("is as close as llama.cpp's", arguments: writable.filter { $0 != .f32 && $0.isGGML })
    func asCloseAsGGML(_ format: ElementFormat) throws {
        guard let folder = sharedAssets("gguf_fixtures/blocks") else { return }
        let input = try #require(FileManager.default.contents(atPath: folder + "/input.f32"))
        let theirs = try #require(FileManager.default.contents(atPath: folder + "/\(format).bytes")).map(\.self)
        let x = input.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        let ours = Self.quantized(format, x, columns: 512)
        guard [.q4_k, .q5_k, .q6_k].contains(format) else {
            let same = ours == theirs
            #expect(same)
            return
        }
        let (a, b) = (Self.expanded(format, ours, columns: 512), Self.expanded(format, theirs, columns: 512))
        var ratios: [Double] = []
        for row in 0..<16 {
            let range = row * 512..<row * 512 + 512
            let size = (x[range].reduce(0.0) { $0 + Double($1) * Double($1) } / 512).squareRoot()
            let (mine, reference) = (Self.rmse(x[range], a[range]), Self.rmse(x[range], b[range]))
            // Rows that ggml holds all but exactly say nothing about the search.
            if reference <= 1e-3 * size {
                #expect(mine <= 2e-3 * size, "row \(row)")
            } else {
                ratios.append(mine / reference)
            }
        }
        let mean = exp(ratios.reduce(0) { $0 + log($1) } / Double(ratios.count))
        #expect(mean <= 1.005 && ratios.allSatisfy { $0 <= 1.03 }, "\(format): \(ratios)")
    }
}
