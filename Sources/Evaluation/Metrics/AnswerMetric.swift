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
