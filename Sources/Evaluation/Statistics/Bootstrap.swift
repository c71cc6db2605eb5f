/// Confidence in means and in differences between two models measured on the same rows.
///
/// What is drawn again is a row, or a document where rows name the documents they belong to: rows of one document are
/// not independent. Two methods, because one covers the truth as often as it says only where its assumption holds:
///
/// - metrics without bounds (losses, perplexity as a ratio of sums): the studentised bootstrap, which corrects for
///   skewness;
/// - metrics between two bounds (accuracy, F1): the Bayesian bootstrap with half a row added for each thing that could
///   have happened and perhaps did not – improved fully, worsened fully, same –, which for answers right or wrong is
///   exactly the posterior of the three outcomes' shares under Jeffreys's prior. Drawing 30 rows of which one differs
///   again and again would never show that two could.
///
/// How often the intervals hold the truth is simulated in `CoverageTests`.
public enum Bootstrap {
    /// What a bootstrap finds.
    public struct Estimate: Sendable, Equatable {
        /// Holds the truth with the probability asked for.
        public let interval: ClosedRange<Double>
        /// The probability of a value at least as far from zero were the truth zero; two-sided, and as fine as there
        /// are resamples.
        public let pValue: Double
    }

    /// The interval that holds the true difference of the means `other − base` with probability `confidence`.
    ///
    /// The same seed gives the same interval. Nil when fewer than two units (rows or documents) count, where nothing
    /// can be said.
    ///
    /// - Parameters:
    ///   - documents: for each row the number of its document; nil when every row stands for itself.
    ///   - range: the values a row's mean can have; nil when there are no bounds.
    public static func difference(
        from base: RowScores, to other: RowScores, documents: [Int]? = nil, range: ClosedRange<Double>? = nil,
        confidence: Double = 0.95, resamples: Int = 2000, seed: UInt64 = 42
    ) -> Estimate? {
        precondition(
            base.sums.count == other.sums.count && resamples > 1 && (0..<1).contains(confidence),
            "Bootstrap: \(base.sums.count) and \(other.sums.count) rows, \(resamples) resamples")
        let differences = zip(other.sums, base.sums).map { $0 - $1 }
        // A row that counts for one model only cannot be compared.
        let weights = zip(base.weights, other.weights).map { min($0, $1) }
        let units = ResampledUnits(sums: differences, weights: weights, documents: documents)
        guard let range else { return units.studentised(confidence, resamples: resamples, seed: seed) }
        let most = range.upperBound - range.lowerBound
        return units.bounded(extremes: [most, -most, 0], confidence, resamples: resamples, seed: seed)
    }

    /// The interval that holds a model's true mean with probability `confidence`, by the same methods.
    public static func mean(
        of scores: RowScores, documents: [Int]? = nil, range: ClosedRange<Double>? = nil, confidence: Double = 0.95,
        resamples: Int = 2000, seed: UInt64 = 42
    ) -> Estimate? {
        let units = ResampledUnits(sums: scores.sums, weights: scores.weights, documents: documents)
        guard let range else { return units.studentised(confidence, resamples: resamples, seed: seed) }
        return units.bounded(
            extremes: [range.lowerBound, range.upperBound], confidence, resamples: resamples, seed: seed)
    }

    /// Twice the smaller share of draws on one side of a value, the value itself counted as a draw.
    static func pValue(of value: Double, among sorted: [Double]) -> Double {
        let below = Double(sorted.count { $0 <= value } + 1)
        let above = Double(sorted.count { $0 >= value } + 1)
        return min(1, 2 * min(below, above) / Double(sorted.count + 1))
    }

    /// The quantile by linear interpolation between order statistics (R's type 7, NumPy's default).
    package static func quantile(_ sorted: [Double], _ p: Double) -> Double {
        let place = p * Double(sorted.count - 1)
        let low = Int(place.rounded(.down))
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
    }
}
