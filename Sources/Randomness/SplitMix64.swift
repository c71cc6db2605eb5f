/// Steele, Lea and Flood's generator (2014): a stream a seed, the same on every machine. Not for secrets.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    /// What the state grows by from number to number: 2⁶⁴ divided by the golden ratio.
    public static let step: UInt64 = 0x9e37_79b9_7f4a_7c15
    private var state: UInt64

    /// The numbers of a seed.
    public init(_ seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= Self.step
        return Self.mixed(state)
    }

    /// The bits of a number mixed so that each depends on all.
    public static func mixed(_ bits: UInt64) -> UInt64 {
        var z = bits
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
