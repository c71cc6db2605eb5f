import Foundation
import Kernels
import OrderedJSON
import Testing

@Suite("Block formats: expansion")
struct BlockExpansionTests {
    /// Rounds to bfloat16 by comparing the two neighbours.
    static func rounded(_ x: Float) -> UInt16 {
        let below = UInt16(x.bitPattern >> 16)
        let low = Float(bitPattern: UInt32(below) << 16)
        guard x.isFinite, low != x else { return below }
        let high = Float(bitPattern: (UInt32(below) + 1) << 16)
        let down = abs(Double(x) - Double(low))
        let above = abs((high.isFinite ? Double(high) : 0x1p128 * (x < 0 ? -1 : 1)) - Double(x))
        return down < above || (down == above && below % 2 == 0) ? below : below + 1
    }

    /// Random blocks whose scales are finite: the upper exponent bit of every half-precision scale is cleared.
    static func randomBlocks(_ format: ElementFormat, _ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        let scales: [Int] =
            switch format {
            case .q8_0, .q4_0, .q5_0, .iq4_nl, .iq4_xs, .f16: [0]
            case .q4_1, .q5_1, .q4_k, .q5_k: [0, 2]
            case .q2_k: [80, 82]
            case .q3_k: [108]
            case .q6_k: [208]
            case .f32, .nf4: [2]
            case .mxfp4, .bf16: []
            }
        var bytes: [UInt8] = []
        for _ in 0..<count {
            var block = (0..<format.blockBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
            for at in scales { block[at + 1] &= 0xbf }
            if format == .mxfp4 { block[0] = block[0] % 254 }
            if format == .bf16 { block[1] &= 0xbf }
            bytes += block
        }
        return bytes
    }

    @Test("equals the obvious decoder on random blocks, at any address", arguments: ElementFormat.allCases)
    func equalsReference(_ format: ElementFormat) {
        var random = SeededGenerator(UInt64(format.rawValue) + 1)
        let rows = 5
        let columns = format.blockSize == 1 ? 37 : format.blockSize * 3
        let bytes = Self.randomBlocks(format, rows * columns / format.blockSize, &random)
        let expected = (0..<rows * columns).map { i in
            let block = i / format.blockSize * format.blockBytes
            return BlockReference.number(
                format, Array(bytes[block..<block + format.blockBytes]), i % format.blockSize)
        }
        for shift in [0, 1, 3] {
            let shifted = [UInt8](repeating: 0, count: shift) + bytes
            var floats = [Float](repeating: .nan, count: rows * columns)
            var brains = [UInt16](repeating: 0xffff, count: 2 * columns + 1)
            shifted.withUnsafeBytes { raw in
                guard let start = raw.baseAddress else { return }
                BlockFormats.expandRows(format, start + shift, columns: columns, rows: 0..<rows, into: &floats)
                BlockFormats.expandRows(format, start + shift, columns: columns, rows: 2..<4, into: &brains)
            }
            let wrong = zip(floats, expected).enumerated().first { $1.0.bitPattern != $1.1.bitPattern }
            #expect(wrong == nil, "at \(wrong?.offset ?? 0), address shifted by \(shift)")
            let misrounded = zip(brains, expected[(2 * columns)...]).enumerated().first { i, pair in
                i < 2 * columns && pair.0 != Self.rounded(pair.1)
            }
            #expect(misrounded == nil, "bfloat16 at \(misrounded?.offset ?? 0), address shifted by \(shift)")
            #expect(brains.last == 0xffff, "wrote beyond its rows")
        }
    }

    @Test("keeps infinities and NaN, and subnormals of half precision") func specials() {
        let halves: [UInt16] = [0x7c00, 0xfc00, 0x7e01, 0x0001, 0x8001, 0x03ff, 0x7bff, 0x8000]
        var floats = [Float](repeating: 0, count: 8)
        var brains = [UInt16](repeating: 0, count: 8)
        halves.withUnsafeBytes { raw in
            guard let start = raw.baseAddress else { return }
            BlockFormats.expandRows(.f16, start, columns: 8, rows: 0..<1, into: &floats)
            BlockFormats.expandRows(.f16, start, columns: 8, rows: 0..<1, into: &brains)
        }
        #expect(floats[0] == .infinity && floats[1] == -.infinity && floats[2].isNaN)
        #expect(floats[3] == 0x1p-24 && floats[4] == -0x1p-24 && floats[5] == 1023 * 0x1p-24 && floats[6] == 65504)
        #expect(floats[7] == 0 && floats[7].sign == .minus)
        #expect(brains[0] == 0x7f80 && brains[1] == 0xff80)
        #expect(Float(bitPattern: UInt32(brains[2]) << 16).isNaN)
        // A NaN whose bits would round to something else stays one.
        let nan: [Float] = [
            Float(bitPattern: 0x7fff_ffff), Float(bitPattern: 0xffff_ffff), Float(bitPattern: 0x7f80_0001),
        ]
        nan.withUnsafeBytes { raw in
            guard let start = raw.baseAddress else { return }
            BlockFormats.expandRows(.f32, start, columns: 3, rows: 0..<1, into: &brains)
        }
        #expect(brains[..<3].allSatisfy { Float(bitPattern: UInt32($0) << 16).isNaN })
    }

    @Test("equals llama.cpp to the bit", arguments: ElementFormat.allCases.filter { $0 != .f32 && $0.isGGML })
    func equalsGGML(_ format: ElementFormat) throws {
        guard let folder = sharedAssets("gguf_fixtures/blocks") else { return }
        var compared = 0
        for kind in ["", ".random"] {
            let path = folder + "/\(format)\(kind)"
            guard let bytes = FileManager.default.contents(atPath: path + ".bytes") else { continue }
            let expected = try #require(FileManager.default.contents(atPath: path + ".deq.f32"))
            let columns = bytes.count / format.blockBytes * format.blockSize
            var floats = [Float](repeating: .nan, count: columns)
            bytes.withUnsafeBytes { raw in
                guard let start = raw.baseAddress else { return }
                BlockFormats.expandRows(format, start, columns: columns, rows: 0..<1, into: &floats)
            }
            let same = floats.withUnsafeBytes { Data($0) } == expected
            #expect(same)
            compared += columns
        }
        #expect(compared >= 8192)
    }
}
