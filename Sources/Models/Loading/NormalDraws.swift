import Foundation
import Randomness

/// Normally distributed numbers from a seed and a name: ``SplitMix64`` and Box and Muller's transform.
public struct NormalDraws {
    private var bits: SplitMix64
    private var spare: Float?

    /// The draws for one tensor.
    public init(seed: UInt64, name: String) { bits = SplitMix64(seed &* SplitMix64.step ^ stableHash(name)) }

    /// A uniform number in [0, 1).
    public mutating func uniform() -> Double { Double(bits.next() >> 11) * 0x1p-53 }

    /// A number with mean 0 and deviation 1.
    public mutating func next() -> Float {
        if let value = spare {
            spare = nil
            return value
        }
        let radius = (-2 * log(1 - uniform())).squareRoot()
        let angle = 2 * Double.pi * uniform()
        spare = Float(radius * sin(angle))
        return Float(radius * cos(angle))
    }
}

/// A hash that is the same on every machine and in every run (FNV-1a, 64 bits).
public func stableHash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
