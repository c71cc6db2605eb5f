import Foundation
import OrderedJSON

/// A metric's means over some rows, and what an adapter changed.
public struct ComparedMetric: Sendable {
    /// What was measured.
    public let metric: Metric
    /// The mean of the model at hand; nil when the metric applies to no row.
    public let mean: Double?
    /// Rows it applies to.
    public let rows: Int
    /// The model's mean less the base's, and the interval that holds it with 95 %; nil for the base itself.
    public let difference: (value: Double, interval: ClosedRange<Double>)?
    /// McNemar's test against the base, of metrics that say yes or no.
    public let test: McNemar?

    init(_ metric: Metric, _ scores: RowScores, against base: RowScores?) {
        self.metric = metric
        mean = scores.mean
        rows = scores.weights.count { $0 > 0 }
        guard let base, let mean, let before = base.mean, let interval = Bootstrap.difference(from: base, to: scores)
        else {
            difference = nil
            test = nil
            return
        }
        difference = (mean - before, interval)
        let counted = scores.weights.indices.filter { scores.weights[$0] > 0 }
        test = metric.isYesNo ? McNemar(counted.map { base.sums[$0] }, counted.map { scores.sums[$0] }) : nil
    }

    /// Whether the difference is more than chance: the interval leaves out zero.
    public var isCertain: Bool { difference.map { !$0.interval.contains(0) } ?? false }
}

/// Base and adapted models on the same rows.
public struct Comparison: Sendable {
    /// One model on one file, or on all.
    public struct Line: Sendable {
        /// The adapter; nil for the base.
        public let adapter: String?
        /// What was measured.
        public let metrics: [ComparedMetric]
    }

    /// A file's rows, or all.
    public struct Section: Sendable {
        /// The file; nil for all files together.
        public let file: String?
        /// How many rows it has.
        public let rows: Int
        /// How many tokens carry loss.
        public let tokens: Int
        /// The base first, then each adapter.
        public let lines: [Line]
    }

    /// A section a file, then one for all when there are several files.
    public let sections: [Section]

    /// Compares measurements of the same rows.
    ///
    /// - Parameter adapters: each adapter's name and measurement.
    public init(
        _ data: HeldOut, metrics: [Metric], base: Measurement, adapters: [(name: String, measurement: Measurement)]
    ) {
        let models: [(String?, Measurement)] = [(nil, base)] + adapters.map { ($0.name, $0.measurement) }
        func section(_ file: String?, _ rows: [Int]) -> Section {
            let lines = models.map { name, measurement in
                Line(
                    adapter: name,
                    metrics: metrics.map { metric in
                        ComparedMetric(
                            metric, measurement.scores(metric, of: rows),
                            against: name == nil ? nil : base.scores(metric, of: rows))
                    })
            }
            let tokens = Int(base.scores(.loss, of: rows).weights.reduce(0, +))
            return Section(file: file, rows: rows.count, tokens: tokens, lines: lines)
        }
        var sections = data.files.indices.map { section(data.files[$0], data.rows(of: $0)) }
        if data.files.count > 1 { sections.append(section(nil, Array(data.rows.indices))) }
        self.sections = sections
    }

    /// The comparison for programs: a list of sections.
    public var json: JSONValue {
        .array(
            sections.map { section in
                [
                    "file": section.file.map(JSONValue.string) ?? .null, "rows": .integer(section.rows),
                    "target_tokens": .integer(section.tokens), "models": .array(section.lines.map(\.json)),
                ]
            })
    }
}

extension Comparison.Line {
    fileprivate var json: JSONValue {
        var object = JSONObject([(key: "adapter", value: adapter.map(JSONValue.string) ?? .null)])
        for compared in metrics {
            object[compared.metric.name] = compared.mean.map(JSONValue.number) ?? .null
            if compared.metric == .loss { object["perplexity"] = compared.mean.map { .number(exp($0)) } ?? .null }
        }
        object["answers"] = .integer(metrics.first { $0.metric != .loss }?.rows ?? 0)
        var differences = JSONObject()
        for compared in metrics {
            guard let (value, interval) = compared.difference else { continue }
            var entry = JSONObject([
                (key: "value", value: .number(value)),
                (key: "interval_95", value: .array([.number(interval.lowerBound), .number(interval.upperBound)])),
            ])
            if let test = compared.test {
                entry["base_only"] = .integer(test.onlyFirst)
                entry["adapted_only"] = .integer(test.onlySecond)
                entry["mcnemar_p"] = .number(test.pValue)
            }
            differences[compared.metric.name] = .object(entry)
        }
        if !differences.isEmpty { object["difference"] = .object(differences) }
        return .object(object)
    }
}
