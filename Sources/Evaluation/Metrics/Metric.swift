/// Something that is measured a row at a time.
public struct Metric: Sendable, Hashable {
    /// Its name in results for programs.
    public let name: String
    /// Its name for people.
    public let title: String
    /// Whether less is better.
    public let isLowerBetter: Bool
    /// Whether a row has it or not: its numbers are 0 and 1.
    public let isYesNo: Bool

    /// A metric.
    public init(name: String, title: String, isLowerBetter: Bool = false, isYesNo: Bool = false) {
        self.name = name
        self.title = title
        self.isLowerBetter = isLowerBetter
        self.isYesNo = isYesNo
    }

    /// Mean of `−ln p` over the tokens that carry loss.
    public static let loss = Metric(name: "loss", title: "loss", isLowerBetter: true)
}

/// A metric that compares an answer with a reference: a value, so that a new one is a new value.
public struct AnswerMetric: Sendable {
    /// What it measures.
    public let metric: Metric
    /// The score of one answer, 0 to 1.
    public let score: @Sendable (_ answer: String, _ reference: String) -> Double

    /// A metric.
    public init(_ metric: Metric, score: @escaping @Sendable (_ answer: String, _ reference: String) -> Double) {
        self.metric = metric
        self.score = score
    }

    /// Whether answer and reference are the same after SQuAD's normalisation.
    public static let exactMatch = AnswerMetric(Metric(name: "exact_match", title: "exact match", isYesNo: true)) {
        Normalization.squad($0) == Normalization.squad($1) ? 1 : 0
    }

    /// SQuAD's F1: the harmonic mean of precision and recall of the answer's words.
    public static let f1 = AnswerMetric(Metric(name: "f1", title: "F1")) { answer, reference in
        let found = Normalization.squad(answer).split(separator: " ")
        let wanted = Normalization.squad(reference).split(separator: " ")
        if found.isEmpty || wanted.isEmpty { return found.isEmpty && wanted.isEmpty ? 1 : 0 }
        var left = Dictionary(wanted.map { ($0, 1) }, uniquingKeysWith: +)
        var common = 0
        for word in found where left[word, default: 0] > 0 {
            left[word, default: 0] -= 1
            common += 1
        }
        return 2 * Double(common) / Double(found.count + wanted.count)
    }
}

/// A metric's numbers over rows: a row counts `weights[i]` times with the mean `sums[i] / weights[i]`.
public struct RowScores: Sendable, Equatable {
    /// What the row adds up to.
    public var sums: [Double]
    /// How many things the row counts: tokens for the loss, 1 for an answer.
    public var weights: [Double]

    /// Scores.
    public init(sums: [Double] = [], weights: [Double] = []) {
        precondition(sums.count == weights.count, "RowScores: \(sums.count) sums but \(weights.count) weights")
        self.sums = sums
        self.weights = weights
    }

    /// The mean over everything counted; nil when there is nothing.
    public var mean: Double? {
        let total = weights.reduce(0, +)
        return total > 0 ? sums.reduce(0, +) / total : nil
    }

    /// Adds a row.
    public mutating func append(_ sum: Double, weight: Double = 1) {
        sums.append(sum)
        weights.append(weight)
    }
}
