/// Numbers that look random and are the same everywhere (SplitMix64), so that a finding can be repeated.
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// The numbers of a seed.
    public init(_ seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Damages texts for fuzzing.
public enum Mutation {
    /// Bytes with one to `most` changes: a piece of up to `span` bytes taken out, doubled elsewhere or replaced by one of
    /// `splices`, or one byte made another.
    public static func of(
        _ bytes: [UInt8], splices: [String], most: Int = 6, span: Int = 20, _ generator: inout SeededGenerator
    ) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...most, using: &generator) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, at + Int.random(in: 1...span, using: &generator))
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes.removeSubrange(at..<end)
            case 1: bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0...bytes.count, using: &generator))
            case 2: bytes[at] = UInt8.random(in: 0...255, using: &generator)
            default:
                let splice = splices.randomElement(using: &generator) ?? ""
                bytes.replaceSubrange(at..<(Bool.random(using: &generator) ? at : end), with: Array(splice.utf8))
            }
        }
        return bytes
    }
}
