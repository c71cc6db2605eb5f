import Kernels

/// What number `i` of a block is, computed one at a time straight from the formats' description: slow and obvious.
enum BlockReference {
    static func number(_ format: ElementFormat, _ b: [UInt8], _ i: Int) -> Float {
        switch format {
        case .f32: single(b)
        case .bf16: Float(bitPattern: UInt32(b[0]) << 16 | UInt32(b[1]) << 24)
        case .f16: half(b, 0)
        case .q8_0: Float(Int8(bitPattern: b[2 + i])) * half(b, 0)
        case .q4_0: Float(nibble(b, 2, i) - 8) * half(b, 0)
        case .q4_1: Float(nibble(b, 4, i)) * half(b, 0) + half(b, 2)
        case .q5_0: Float((nibble(b, 6, i) | bit(b, 2, i) << 4) - 16) * half(b, 0)
        case .q5_1: Float(nibble(b, 8, i) | bit(b, 4, i) << 4) * half(b, 0) + half(b, 2)
        case .iq4_nl: levels[nibble(b, 2, i)] * half(b, 0)
        case .mxfp4: e2m1[nibble(b, 1, i)] * Float(sign: .plus, exponent: Int(b[0]) - 127, significand: 1)
        case .nf4: single(b) * normal[Int(b[4 + i % 32] >> (i < 32 ? 0 : 4) & 15)]
        case .q2_k:
            half(b, 80) * Float(b[i / 16] & 15) * Float(crumb(b, 16, i)) - half(b, 82) * Float(b[i / 16] >> 4)
        case .q3_k: half(b, 108) * Float(q3Scale(b, i / 16)) * Float(crumb(b, 32, i) - (bit(b, i) == 1 ? 0 : 4))
        case .q4_k: withMinimum(b, i, nibble64(b, 16, i))
        case .q5_k: withMinimum(b, i, nibble64(b, 48, i) | Int(b[16 + i % 32] >> UInt8(i / 32) & 1) << 4)
        case .q6_k: half(b, 208) * Float(Int8(bitPattern: b[192 + i / 16])) * Float(q6(b, i) - 32)
        case .iq4_xs: half(b, 0) * Float(xsScale(b, i / 32) - 32) * levels[nibble(b, 8 + 16 * (i / 32), i % 32)]
        }
    }

    private static let levels: [Float] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
    private static let e2m1: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6]

    /// The levels of bitsandbytes' NF4, as printed there.
    private static let normal: [Float] = [
        -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
        -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
        0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
    ]

    private static func single(_ b: [UInt8]) -> Float {
        Float(bitPattern: UInt32(b[0]) | UInt32(b[1]) << 8 | UInt32(b[2]) << 16 | UInt32(b[3]) << 24)
    }

    private static func half(_ b: [UInt8], _ at: Int) -> Float {
        let h = Int(b[at]) | Int(b[at + 1]) << 8
        let (exponent, fraction) = (h >> 10 & 31, Float(h & 1023) / 1024)
        let magnitude: Float =
            exponent == 0
            ? Float(sign: .plus, exponent: -14, significand: 1) * fraction
            : Float(sign: .plus, exponent: exponent - 15, significand: 1) * (1 + fraction)
        return h >> 15 == 1 ? -magnitude : magnitude
    }

    /// Of 32 numbers in 16 bytes: the first 16 low halves, the others high halves.
    private static func nibble(_ b: [UInt8], _ at: Int, _ i: Int) -> Int {
        Int(b[at + i % 16] >> (i < 16 ? 0 : 4) & 15)
    }

    /// Of 64 numbers in 32 bytes likewise.
    private static func nibble64(_ b: [UInt8], _ at: Int, _ i: Int) -> Int {
        Int(b[at + i / 64 * 32 + i % 32] >> (i % 64 < 32 ? 0 : 4) & 15)
    }

    /// Of 128 numbers in 32 bytes: two bits, the lowest for the first 32.
    private static func crumb(_ b: [UInt8], _ at: Int, _ i: Int) -> Int {
        Int(b[at + i / 128 * 32 + i % 32] >> UInt8(i % 128 / 32 * 2) & 3)
    }

    private static func bit(_ b: [UInt8], _ at: Int, _ i: Int) -> Int { Int(b[at + i / 8] >> UInt8(i % 8) & 1) }
    private static func bit(_ b: [UInt8], _ i: Int) -> Int { Int(b[i % 32] >> UInt8(i / 32) & 1) }

    private static func withMinimum(_ b: [UInt8], _ i: Int, _ q: Int) -> Float {
        let j = i / 32
        let scale = j < 4 ? b[4 + j] & 63 : (b[8 + j] & 15) | (b[j] >> 6) << 4
        let minimum = j < 4 ? b[8 + j] & 63 : b[8 + j] >> 4 | (b[4 + j] >> 6) << 4
        return half(b, 0) * Float(scale) * Float(q) - half(b, 2) * Float(minimum)
    }

    private static func q3Scale(_ b: [UInt8], _ j: Int) -> Int {
        let low = Int(b[96 + j % 8] >> (j < 8 ? 0 : 4) & 15)
        return (low | Int(b[104 + j % 4] >> UInt8(j / 4 * 2) & 3) << 4) - 32
    }

    private static func q6(_ b: [UInt8], _ i: Int) -> Int {
        let (half, quarter, j) = (i / 128, i % 128 / 32, i % 32)
        let low = b[64 * half + 32 * (quarter % 2) + j] >> (quarter < 2 ? 0 : 4) & 15
        return Int(low) | Int(b[128 + 32 * half + j] >> UInt8(2 * quarter) & 3) << 4
    }

    private static func xsScale(_ b: [UInt8], _ j: Int) -> Int {
        let high = Int(b[2]) | Int(b[3]) << 8
        return Int(b[4 + j / 2] >> UInt8(4 * (j % 2)) & 15) | (high >> (2 * j) & 3) << 4
    }
}
