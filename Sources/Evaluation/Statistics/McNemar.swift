import Foundation

/// McNemar's exact test: do two models that answer the same rows right or wrong differ?
public struct McNemar: Sendable, Equatable {
    /// Rows that only the first model has right.
    public let onlyFirst: Int
    /// Rows that only the second model has right.
    public let onlySecond: Int

    /// The test of two counts.
    public init(onlyFirst: Int, onlySecond: Int) {
        precondition(onlyFirst >= 0 && onlySecond >= 0, "McNemar: \(onlyFirst) and \(onlySecond) rows")
        self.onlyFirst = onlyFirst
        self.onlySecond = onlySecond
    }

    /// The test of two models' scores on the same rows; a row is right at 0.5 and above.
    public init(_ first: [Double], _ second: [Double]) {
        precondition(first.count == second.count, "McNemar: \(first.count) and \(second.count) rows")
        let pairs = zip(first, second)
        self.init(
            onlyFirst: pairs.count { $0 >= 0.5 && $1 < 0.5 }, onlySecond: pairs.count { $0 < 0.5 && $1 >= 0.5 })
    }

    /// The probability of a split at least as uneven were both models equally good: two-sided, binomial with one half,
    /// `min(1, 2·Σ_{k ≤ min} C(n, k) / 2ⁿ)`.
    public var pValue: Double {
        let n = onlyFirst + onlySecond
        // From the largest term down, each from the one before: logarithms of factorials alone would lose digits.
        let least = min(onlyFirst, onlySecond)
        var term = exp(
            lgamma(Double(n + 1)) - lgamma(Double(least + 1)) - lgamma(Double(n - least + 1)) - Double(n) * log(2))
        var sum = 0.0
        for k in stride(from: least, through: 0, by: -1) {
            sum += term
            term *= Double(k) / Double(n - k + 1)
        }
        return min(1, 2 * sum)
    }
}
