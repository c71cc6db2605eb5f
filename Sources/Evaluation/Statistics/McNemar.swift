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
        let all = lgamma(Double(n + 1)) - Double(n) * log(2)
        var sum = 0.0
        for k in 0...min(onlyFirst, onlySecond) { sum += exp(all - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))) }
        return min(1, 2 * sum)
    }
}
