import Foundation

/// Something that is measured a row at a time, and what the mean over rows means.
public struct Metric: Sendable, Hashable {
    /// What kind of number it is.
    public enum Scale: Sendable, Hashable {
        /// A mean as it is.
        case plain
        /// A share of 1, shown in per cent.
        case share
        /// `e` to the power of the mean: perplexities.
        case exponential
    }

    /// What it is measured for.
    public enum Role: Sendable, Hashable {
        /// It says how good the model is.
        case quality
        /// It says whether the model has changed its habits: it answers in another language, or refuses.
        case drift
    }

    /// Its name in results for programs, and in gates.
    public let name: String
    /// Its name for people.
    public let title: String
    /// What kind of number it is.
    public let scale: Scale
    /// What it is measured for.
    public let role: Role
    /// Whether less is better.
    public let isLowerBetter: Bool
    /// Whether a row has it or not: its numbers are 0 and 1.
    public let isYesNo: Bool
    /// The name under which rows hold its numbers: perplexity is computed from those of the loss.
    public let scoresName: String

    /// A metric.
    public init(
        name: String, title: String, scale: Scale = .share, role: Role = .quality, isLowerBetter: Bool = false,
        isYesNo: Bool = false, scoresName: String? = nil
    ) {
        self.name = name
        self.title = title
        self.scale = scale
        self.role = role
        self.isLowerBetter = isLowerBetter
        self.isYesNo = isYesNo
        self.scoresName = scoresName ?? name
    }

    /// A mean over rows as this metric's value.
    public func value(ofMean mean: Double) -> Double { scale == .exponential ? exp(mean) : mean }

    /// A value for people: `94.8 %`, `2.473`, `0.9054`.
    public func text(_ value: Double) -> String {
        switch scale {
        case .share: String(format: "%.1f %%", value * 100)
        case .exponential: String(format: "%.3f", value)
        case .plain: String(format: "%.4f", value)
        }
    }

    /// A difference of two values for people, with its sign: `+12.0 points`, `-0.0312`.
    public func differenceText(_ difference: Double) -> String {
        switch scale {
        case .share: String(format: "%+.2f points", difference * 100)
        case .exponential: String(format: "%+.3f", difference)
        case .plain: String(format: "%+.4f", difference)
        }
    }
}

/// What a row adds to a metric: it counts `weight` times with the mean `sum / weight`.
public struct RowScore: Sendable, Equatable {
    /// What the row adds up to.
    public var sum: Double
    /// How many things it counts: tokens for the loss, bytes for bits per byte, 1 for an answer.
    public var weight: Double

    /// A score.
    public init(_ sum: Double, weight: Double = 1) {
        self.sum = sum
        self.weight = weight
    }
}

/// A metric's numbers over rows; a row that it does not apply to weighs 0.
public struct RowScores: Sendable, Equatable {
    /// What each row adds up to.
    public var sums: [Double]
    /// How many things each row counts.
    public var weights: [Double]

    /// Scores.
    public init(sums: [Double] = [], weights: [Double] = []) {
        precondition(sums.count == weights.count, "RowScores: \(sums.count) sums but \(weights.count) weights")
        self.sums = sums
        self.weights = weights
    }

    /// The scores of rows; nil where a metric does not apply.
    public init(_ scores: some Sequence<RowScore?>) {
        self.init()
        for score in scores { append(score?.sum ?? 0, weight: score?.weight ?? 0) }
    }

    /// The mean over everything counted; nil when there is nothing.
    public var mean: Double? {
        let total = weights.reduce(0, +)
        return total > 0 ? sums.reduce(0, +) / total : nil
    }

    /// Rows that count.
    public var count: Int { weights.count { $0 > 0 } }

    /// Adds a row.
    public mutating func append(_ sum: Double, weight: Double = 1) {
        sums.append(sum)
        weights.append(weight)
    }
}
