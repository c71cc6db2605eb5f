/// Confidence in a difference between two models measured on the same rows.
public enum Bootstrap {
    /// The interval that holds the true difference of the means `other − base` with probability `confidence`: rows are drawn
    /// again with replacement, the same ones for both, and the middle part of the differences is taken (percentile method,
    /// Efron and Tibshirani 1993, chapter 13). The same seed gives the same interval. Nil without rows.
    public static func difference(
        from base: RowScores, to other: RowScores, confidence: Double = 0.95, resamples: Int = 2000, seed: UInt64 = 42
    ) -> ClosedRange<Double>? {
        precondition(
            base.sums.count == other.sums.count && resamples > 1 && (0..<1).contains(confidence),
            "Bootstrap: \(base.sums.count) and \(other.sums.count) rows, \(resamples) resamples")
        let count = base.sums.count
        guard base.mean != nil, other.mean != nil else { return nil }
        var draws = SplitMix64(seed)
        var differences: [Double] = []
        differences.reserveCapacity(resamples)
        while differences.count < resamples {
            var (a, b) = (0.0, 0.0)
            var (weightA, weightB) = (0.0, 0.0)
            for _ in 0..<count {
                let row = Int(draws.next() % UInt64(count))
                a += base.sums[row]
                weightA += base.weights[row]
                b += other.sums[row]
                weightB += other.weights[row]
            }
            // A draw of nothing but empty rows says nothing; with a weight in the data one that does comes soon.
            if weightA > 0 && weightB > 0 { differences.append(b / weightB - a / weightA) }
        }
        differences.sort()
        let tail = (1 - confidence) / 2
        return quantile(differences, tail)...quantile(differences, 1 - tail)
    }

    /// The quantile by linear interpolation between order statistics (R's type 7, NumPy's default).
    package static func quantile(_ sorted: [Double], _ p: Double) -> Double {
        let place = p * Double(sorted.count - 1)
        let low = Int(place.rounded(.down))
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
    }
}

/// Steele, Lea and Flood's generator: a stream a seed, the same on every machine.
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    package init(_ seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
