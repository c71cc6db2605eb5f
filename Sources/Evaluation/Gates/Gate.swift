import Diagnostics
import Foundation

/// A demand on a result: `handbook.exact_match >= base + 0.2`, `general.perplexity <= base * 1.05`,
/// `handbook.exact_match:prices > 0.8`.
public struct Gate: Sendable, Equatable {
    /// How the value compares with what is required.
    public enum Relation: String, Sendable, CaseIterable {
        case atLeast = ">="
        case atMost = "<="
        case above = ">"
        case below = "<"

        /// Whether large values meet it.
        var wantsMore: Bool { self == .atLeast || self == .above }

        func holds(_ value: Double, _ required: Double) -> Bool {
            switch self {
            case .atLeast: value >= required
            case .atMost: value <= required
            case .above: value > required
            case .below: value < required
            }
        }
    }

    /// What is required.
    public enum Required: Sendable, Equatable {
        /// A number.
        case value(Double)
        /// The base's value times a factor, plus a number.
        case base(times: Double, plus: Double)
    }

    /// The gate as written.
    public let text: String
    /// The task's name.
    public let task: String
    /// The metric's name.
    public let metric: String
    /// The category; nil for all rows.
    public let category: String?
    /// How they compare.
    public let relation: Relation
    /// What is required.
    public let required: Required

    /// No metric comes near; sums over rows of products with it stay numbers.
    private static let largest = 1e30

    /// Reads a gate.
    ///
    /// - Throws: ``Problem`` that shows it when it is none.
    public init(_ text: String) throws(Problem) {
        self.text = text
        func wrong(_ what: String) -> Problem {
            Problem(
                "the gate '\(text)' \(what)",
                advice: "write TASK.METRIC >= NUMBER, or >= base + NUMBER, base - NUMBER or base * NUMBER; <= likewise")
        }
        guard
            let match = text.wholeMatch(
                of: #/\s*([^.:<>=\s]+)\.([A-Za-z0-9_]+)(?::([^<>=]+?))?\s*(>=|<=|>|<)\s*(.+?)\s*/#),
            let relation = Relation(rawValue: String(match.output.4))
        else { throw wrong("is no comparison") }
        task = String(match.output.1)
        metric = String(match.output.2)
        category = match.output.3.map(String.init)
        self.relation = relation
        let wanted = match.output.5
        if let number = Double(wanted), abs(number) <= Self.largest {
            required = .value(number)
        } else if let parts = wanted.wholeMatch(of: #/base(?:\s*([-+*])\s*([0-9.eE+-]+))?/#) {
            let number = parts.output.2.map { Double($0) ?? .nan } ?? 0
            guard abs(number) <= Self.largest else { throw wrong("has no number after the sign") }
            switch parts.output.1 {
            case "*"?: required = .base(times: number, plus: 0)
            case "-"?: required = .base(times: 1, plus: -number)
            default: required = .base(times: 1, plus: number)
            }
        } else {
            throw wrong("compares with '\(wanted)'")
        }
    }

    /// Whether it needs a model to compare with the base.
    public var namesBase: Bool { if case .base = required { true } else { false } }

    /// What is wrong with it for these tasks; nil when it can be judged.
    public func problem(among tasks: [EvaluationTask], comparing: Bool) -> Problem? {
        guard let own = tasks.first(where: { $0.name == task }) else {
            let names = tasks.map(\.name)
            return Problem(
                "the gate '\(text)' names the task '\(task)', which there is not",
                advice: suggestion(for: task, among: names).map { "did you mean '\($0)'?" }
                    ?? "the tasks are " + names.joined(separator: ", "))
        }
        let metrics = own.metrics.map(\.name)
        if !metrics.contains(metric) {
            return Problem(
                "the gate '\(text)' names the metric '\(metric)', which '\(task)' has not",
                advice: suggestion(for: metric, among: metrics).map { "did you mean '\($0)'?" }
                    ?? "it has " + metrics.joined(separator: ", "))
        }
        let categories = Set(own.rows.compactMap(\.row.category))
        if let category, !categories.contains(category) {
            return Problem(
                "the gate '\(text)' names the category '\(category)', which no row of '\(task)' has",
                advice: categories.isEmpty ? nil : "there are " + categories.sorted().joined(separator: ", "))
        }
        if namesBase && !comparing {
            return Problem(
                "the gate '\(text)' compares with the base, but there is no adapter", advice: "give --adapter")
        }
        return nil
    }
}

extension Gate {
    /// What a gate is judged by.
    public enum Basis: String, Sendable, CaseIterable {
        /// The end of the 95 % interval that is harder to meet.
        case bound
        /// The measured value.
        case value
    }

    /// Judges the gate for every model that is compared, or for the only one there is.
    public func judged(_ results: EvaluationResults, by basis: Basis = .bound) -> [GateResult] {
        let models = results.models.count > 1 ? Array(results.models.indices.dropFirst()) : [0]
        return models.compactMap { judged(results, model: $0, by: basis) }
    }

    private func judged(_ results: EvaluationResults, model: Int, by basis: Basis) -> GateResult? {
        guard let task = results.task(task), let metric = task.metric(metric) else { return nil }
        let rows = task.rows(of: category)
        let scores = task.scores(metric, model: model, rows: rows)
        let base = task.scores(metric, model: 0, rows: rows)
        // Where nothing was measured, as when all rows are left out, nothing is met.
        guard let mean = scores.mean, let baseMean = namesBase ? base.mean : 0 else {
            return GateResult(
                text: text, model: results.models[model].name, value: .nan, bound: .nan, required: .nan, isMet: false)
        }
        let value = metric.value(ofMean: mean)
        let documents = task.documents(of: rows)
        let demanded: Double
        let estimate: Bootstrap.Estimate?
        // What the interval is counted from: it is that of `mean − center`.
        var center = 0.0
        switch required {
        case .value(let number):
            demanded = number
            estimate = Bootstrap.mean(of: scores, documents: documents, range: metric.scale == .share ? 0...1 : nil)
        case .base(let factor, let summand):
            demanded = metric.value(ofMean: baseMean) * factor + summand
            var reference = base
            // A factor on a perplexity is a summand on the mean, which the interval of the difference covers.
            if metric.scale != .exponential { reference.sums = reference.sums.map { $0 * factor } }
            center = reference.mean ?? 0
            estimate = Bootstrap.difference(
                from: reference, to: scores, documents: documents,
                range: metric.scale == .share ? 0...max(1, factor) : nil)
        }
        // Of a single row nothing is known but its value: no bound is met.
        let bound = estimate.map { estimate in
            let interval = estimate.interval
            return metric.value(ofMean: center + (relation.wantsMore ? interval.lowerBound : interval.upperBound))
        }
        let worst = bound ?? (relation.wantsMore ? -.infinity : .infinity)
        return GateResult(
            text: text, model: results.models[model].name, value: value, bound: worst, required: demanded,
            isMet: relation.holds(basis == .bound ? worst : value, demanded))
    }
}
