import Foundation
import Randomness

extension SplitMix64 {
    /// A whole number from 0, below `bound`: the high half of a product, whose bias of bound/2⁶⁴ no resample can show.
    package mutating func next(below bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number above 0, below 1.
    package mutating func uniform() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

    /// A standard normal number (Marsaglia's polar method).
    package mutating func normal() -> Double {
        while true {
            let x = 2 * uniform() - 1
            let y = 2 * uniform() - 1
            let square = x * x + y * y
            if square < 1 && square > 0 { return x * (-2 * log(square) / square).squareRoot() }
        }
    }

    /// A gamma-distributed number of scale 1 (Marsaglia and Tsang 2000).
    package mutating func gamma(shape: Double) -> Double {
        precondition(shape > 0, "gamma: shape \(shape)")
        if shape == 1 { return -log(uniform()) }
        if shape < 1 {
            let lift = pow(uniform(), 1 / shape)
            return gamma(shape: shape + 1) * lift
        }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let cube = 1 + c * x
            if cube <= 0 { continue }
            let v = cube * cube * cube
            if log(uniform()) < x * x / 2 + d - d * v + d * log(v) { return d * v }
        }
    }
}
