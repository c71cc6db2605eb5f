import Foundation

/// A metric of one model over some rows, and how it differs from the first model's.
public struct MetricComparison: Sendable {
    /// What was measured.
    public let metric: Metric
    /// Its value; nil when it applies to no row.
    public let value: Double?
    /// Rows it applies to.
    public let rows: Int
    /// What differs from the first model; nil for the first model itself, and where nothing can be compared.
    public internal(set) var change: Change?

    /// A difference between two models on the same rows.
    public struct Change: Sendable {
        /// This model's value less the first model's.
        public let difference: Double
        /// What holds the true difference with 95 %.
        public let interval: ClosedRange<Double>
        /// Rows that this model does better.
        public let improved: Int
        /// Rows that it does worse.
        public let worsened: Int
        /// Rows on which both do the same.
        public let same: Int
        /// Mean of the rows' differences in their standard deviations (Cohen's d of pairs); nil when all differ alike.
        public let effectSize: Double?
        /// McNemar's test, of metrics that say yes or no.
        public let test: McNemar?
        /// The probability of a difference at least as large were there none: McNemar's of metrics that say yes or no,
        /// else the bootstrap's.
        public let pValue: Double
        /// The same after Holm's correction for the number of models compared; equal to it when there is one.
        public internal(set) var adjustedPValue: Double

        /// Whether the difference is more than chance: the interval leaves out zero, and the test, corrected for the
        /// number of models compared, gives chance less than 5 %.
        public var isCertain: Bool { !interval.contains(0) && adjustedPValue < 0.05 }
    }

    init(_ metric: Metric, _ scores: RowScores, against base: RowScores?, documents: [Int]?) {
        self.metric = metric
        value = scores.mean.map(metric.value(ofMean:))
        rows = scores.count
        change = base.flatMap { Change(metric, from: $0, to: scores, documents: documents) }
    }

    /// Whether this model is better (true) or worse (false) than the first beyond chance; nil when neither is shown.
    public var verdict: Bool? {
        guard let change, change.isCertain else { return nil }
        return (change.difference < 0) == metric.isLowerBetter
    }
}

extension MetricComparison.Change {
    fileprivate init?(_ metric: Metric, from base: RowScores, to other: RowScores, documents: [Int]?) {
        guard let before = base.mean, let after = other.mean,
            let estimate = Bootstrap.difference(
                from: base, to: other, documents: documents, range: metric.scale == .share ? 0...1 : nil)
        else { return nil }
        difference = metric.value(ofMean: after) - metric.value(ofMean: before)
        // A perplexity's ratio is what a difference of means says; its interval is carried over to the difference.
        func carried(_ difference: Double) -> Double {
            metric.scale == .exponential ? exp(before) * expm1(difference) : difference
        }
        let (low, high) = (carried(estimate.interval.lowerBound), carried(estimate.interval.upperBound))
        // e to the power of a thousand nats, as a text without spaces has a word, is no number to compare.
        guard difference.isFinite, low.isFinite, high.isFinite else { return nil }
        interval = low...high
        let counted = base.weights.indices.filter { base.weights[$0] > 0 && other.weights[$0] > 0 }
        let pairs = counted.map { (base.sums[$0] / base.weights[$0], other.sums[$0] / other.weights[$0]) }
        let sign = metric.isLowerBetter ? -1.0 : 1.0
        let differences = pairs.map { ($0.1 - $0.0) * sign }
        improved = differences.count { $0 > Self.smallest }
        worsened = differences.count { $0 < -Self.smallest }
        same = differences.count - improved - worsened
        effectSize = EffectSize.pairs(pairs.map { $0.1 - $0.0 })
        test = metric.isYesNo ? McNemar(pairs.map(\.0), pairs.map(\.1)) : nil
        pValue = test?.pValue ?? estimate.pValue
        adjustedPValue = pValue
    }

    /// Rows closer than this count as the same.
    private static let smallest = 1e-6
}
