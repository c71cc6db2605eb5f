import Foundation
import OrderedJSON
import Patterns

/// What an answer is compared with.
public struct AnswerKey: Sendable {
    /// Answers that count as right.
    public var references: [String]
    /// What an answer must match.
    public var regex: PythonPattern?
    /// What an answer must be as JSON.
    public var schema: JSONSchema?

    /// A key.
    public init(_ references: String..., regex: PythonPattern? = nil, schema: JSONSchema? = nil) {
        self.references = references
        self.regex = regex
        self.schema = schema
    }
}

/// A metric of a written answer: a value, so that a new one is a new value.
public struct AnswerMetric: Sendable {
    /// What it measures.
    public let metric: Metric
    /// The score of one answer, 0 to 1; nil when the metric does not apply to the row, whatever is answered. Throws
    /// ``PatternError`` when an expression has too many ways to match the answer.
    public let score: @Sendable (_ answer: String, _ key: AnswerKey) throws(PatternError) -> Double?

    /// A metric.
    public init(
        _ metric: Metric,
        score: @escaping @Sendable (_ answer: String, _ key: AnswerKey) throws(PatternError) -> Double?
    ) {
        self.metric = metric
        self.score = score
    }

    /// A metric of an answer and one reference: the best of all references counts.
    init(_ metric: Metric, best score: @escaping @Sendable (_ answer: String, _ reference: String) -> Double) {
        self.init(metric, score: { answer, key in key.references.map { score(answer, $0) }.max() })
    }

    /// Every metric there is.
    public static let all: [AnswerMetric] = [exactMatch, f1, rougeL, contains, numeric, regex, jsonValid, jsonSchema]

    /// Whether answer and reference are the same after SQuAD's normalisation.
    public static let exactMatch = AnswerMetric(
        Metric(name: "exact_match", title: "exact match", isYesNo: true),
        best: { Normalization.squadWords($0) == Normalization.squadWords($1) ? 1 : 0 })

    /// SQuAD's F1: the harmonic mean of precision and recall of the answer's words.
    public static let f1 = AnswerMetric(
        Metric(name: "f1", title: "F1"),
        best: { answer, reference in
            let found = Normalization.squadWords(answer)
            let wanted = Normalization.squadWords(reference)
            if found.isEmpty || wanted.isEmpty { return found.isEmpty && wanted.isEmpty ? 1 : 0 }
            var left = Dictionary(wanted.map { ($0, 1) }, uniquingKeysWith: +)
            var common = 0
            for word in found where left[word, default: 0] > 0 {
                left[word, default: 0] -= 1
                common += 1
            }
            return 2 * Double(common) / Double(found.count + wanted.count)
        })

    /// ROUGE-L (Lin 2004) as Google's rouge_score computes it without stemming: with L the length of the longest common
    /// subsequence of words, the harmonic mean `2·L / (words of the answer + words of the reference)`.
    public static let rougeL = AnswerMetric(
        Metric(name: "rouge_l", title: "ROUGE-L"),
        best: { answer, reference in
            let found = Normalization.rougeWords(answer)
            let wanted = Normalization.rougeWords(reference)
            if found.isEmpty || wanted.isEmpty { return 0 }
            var row = [Int](repeating: 0, count: wanted.count + 1)
            for word in found {
                var diagonal = 0
                for (i, other) in wanted.enumerated() {
                    let above = row[i + 1]
                    row[i + 1] = word == other ? diagonal + 1 : max(above, row[i])
                    diagonal = above
                }
            }
            return 2 * Double(row[wanted.count]) / Double(found.count + wanted.count)
        })

    /// Whether the reference stands in the answer, both after SQuAD's normalisation, as whole words.
    public static let contains = AnswerMetric(
        Metric(name: "contains", title: "contains", isYesNo: true),
        best: { answer, reference in
            let wanted = Normalization.squadWords(reference)
            let found = Normalization.squadWords(answer)
            return !wanted.isEmpty && found.indices.contains { found[$0...].starts(with: wanted) } ? 1 : 0
        })

    /// Whether the last number of the answer equals that of the reference, which is what follows `####` where it has
    /// it: the flexible extraction of lm-evaluation-harness' GSM8K.
    public static let numeric = AnswerMetric(
        Metric(name: "numeric", title: "number", isYesNo: true),
        best: { answer, reference in
            let marked = reference.components(separatedBy: "####").last ?? reference
            guard let wanted = Numbers.last(in: marked) else { return 0 }
            return Numbers.last(in: answer) == wanted ? 1 : 0
        })

    /// Whether the answer matches a regular expression somewhere.
    public static let regex = AnswerMetric(Metric(name: "regex", title: "matches", isYesNo: true)) {
        answer, key throws(PatternError) in
        guard let pattern = key.regex else { return nil }
        return try pattern.isFound(in: answer) ? 1 : 0
    }

    /// Whether the answer is JSON, a fence of backticks around it aside.
    public static let jsonValid = AnswerMetric(
        Metric(name: "json_valid", title: "valid JSON", isYesNo: true),
        score: { answer, _ in answer.asJSON == nil ? 0 : 1 })

    /// Whether the answer is JSON that meets a schema.
    public static let jsonSchema = AnswerMetric(
        Metric(name: "json_schema", title: "meets schema", isYesNo: true)
    ) { answer, key throws(PatternError) in
        guard let schema = key.schema else { return nil }
        guard let value = answer.asJSON else { return 0 }
        return try schema.accepts(value) ? 1 : 0
    }
}

/// Numbers in text.
enum Numbers {
    /// The last number of a text, thousands' commas and currency signs aside; nil when there is none.
    static func last(in text: String) -> Double? {
        let found = text.matches(of: #/-?[$0-9.,]{2,}|-?[0-9]+/#.matchingSemantics(.unicodeScalar)).map(\.output)
        for match in found.reversed() {
            var digits = match.filter { $0 != "," && $0 != "$" }
            while digits.last == "." { digits.removeLast() }
            if let number = Double(digits) { return number }
        }
        return nil
    }
}

extension String {
    /// The text as JSON, without a fence of backticks around it; nil when it is none.
    fileprivate var asJSON: JSONValue? {
        var text = trimmingCharacters(in: .whitespacesAndNewlines)
        if text.hasPrefix("```"), text.hasSuffix("```"), text.count > 6, let line = text.firstIndex(of: "\n") {
            text = String(text[line...].dropLast(3))
        }
        return try? JSONValue(parsing: text)
    }
}
