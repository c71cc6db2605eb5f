import Randomness

/// Random numbers that are the same on every machine: xoshiro256++ (Blackman and Vigna, 2019), its state filled by
/// SplitMix64 from the seed and a stream number. Not for secrets.
public struct RandomStream: Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// The numbers that follow a state of the generator.
    package init(state: (UInt64, UInt64, UInt64, UInt64)) { self.state = state }

    /// The numbers of one stream of a seed; streams of the same seed are unrelated.
    public init(seed: UInt64, stream: UInt64 = 0) {
        var mix = SplitMix64(seed)
        var other = SplitMix64(stream ^ 0x6A09_E667_F3BC_C909)
        func next() -> UInt64 { mix.next() ^ other.next() }
        state = (next(), next(), next(), next())
        if state == (0, 0, 0, 0) { state.0 = 1 }  // the one state xoshiro cannot leave
    }

    /// 64 random bits.
    public mutating func next() -> UInt64 {
        let sum = state.0 &+ state.3
        let result = (sum << 23 | sum >> 41) &+ state.0
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }

    /// A whole number from 0, below `bound`, each equally likely (Lemire's multiplication with rejection).
    public mutating func next(below bound: Int) -> Int {
        precondition(bound > 0, "RandomStream: nothing is below \(bound)")
        let bound = UInt64(bound)
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    /// Puts elements into random order (Fisher and Yates).
    public mutating func shuffle<Element>(_ elements: inout [Element]) {
        for at in stride(from: elements.count - 1, to: 0, by: -1) { elements.swapAt(at, next(below: at + 1)) }
    }
}
