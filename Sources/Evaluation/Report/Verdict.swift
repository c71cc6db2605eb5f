import Foundation

/// What an evaluation says about one model against the first: whether it may take its place.
public struct Verdict: Sendable {
    /// The kinds of answers.
    public enum Kind: String, Sendable {
        /// Better at something, worse at nothing, and what it knew before is kept.
        case better
        /// Worse at something and better at nothing.
        case worse
        /// Better at some tasks and worse at others.
        case mixed
        /// Better at its tasks, but it has forgotten more than is tolerated.
        case betterButForgot = "better_but_forgot"
        /// Neither is shown beyond chance.
        case noDifference = "no_difference_shown"

        /// In words.
        public var title: String {
            switch self {
            case .better: "better"
            case .worse: "worse"
            case .mixed: "better at some tasks, worse at others"
            case .betterButForgot: "better, but it forgot"
            case .noDifference: "no difference shown"
            }
        }
    }

    /// Which of the models.
    public let model: Int
    /// The answer.
    public let kind: Kind
    /// The answer with the numbers it rests on, in one sentence.
    public let sentence: String

    /// How much less likely general text may become before it counts as forgotten, where no gate says otherwise: a
    /// tenth of its perplexity.
    static let toleratedPerplexity = 0.10
    /// How much a share (of right answers) may fall, where no gate says otherwise.
    static let toleratedShare = 0.02

    /// Judges every model but the first by each task's ``TaskResult/headline``. A difference counts where its interval
    /// leaves out zero and its probability, corrected by Holm for models and tasks, is below 5 %.
    public static func all(_ results: EvaluationResults, _ comparison: Comparison) -> [Verdict] {
        results.models.indices.dropFirst().map { Verdict($0, results, comparison) }
    }

    private init(_ model: Int, _ results: EvaluationResults, _ comparison: Comparison) {
        self.model = model
        let judged = results.tasks.indices.compactMap { Judged($0, model: model, results, comparison) }
        let tasks = judged.filter { !$0.isGeneral }
        let adjusted = Holm.adjusted(tasks.map(\.change.adjustedPValue))
        let certain = zip(tasks, adjusted).filter { !$0.change.interval.contains(0) && $1 < 0.05 }.map(\.0)
        let better = certain.filter(\.isBetter)
        let worse = certain.filter { !$0.isBetter }
        let general = judged.filter(\.isGeneral)
        let lost = general.filter { $0.isLost(results.gates.filter { $0.model == results.models[model].name }) }
        let kind: Kind =
            switch (better.isEmpty, worse.isEmpty, lost.isEmpty) {
            case (false, true, true): .better
            case (false, true, false): .betterButForgot
            case (false, false, _): .mixed
            case (true, false, _): .worse
            // Where nothing but general tasks was asked, having lost is the answer.
            case (true, true, false): .worse
            case (true, true, true): .noDifference
            }
        self.kind = kind
        let base = results.models[0].name
        let name = results.models[model].name
        var parts = (better + worse).map(\.text)
        let undecided = tasks.filter { one in !certain.contains { $0.task == one.task } }
        if certain.isEmpty { parts += undecided.map(\.text) }
        var sentence =
            switch kind {
            case .better, .betterButForgot: "\(name) is better than \(base)"
            case .worse: "\(name) is worse than \(base)"
            case .mixed: "\(name) is better than \(base) at some tasks and worse at others"
            case .noDifference: "No difference between \(name) and \(base) is shown"
            }
        if !parts.isEmpty { sentence += ": " + parts.joined(separator: "; ") }
        if !lost.isEmpty {
            sentence +=
                (kind == .worse ? "; it forgot: " : ", but it forgot: ") + lost.map(\.text).joined(separator: "; ")
        } else if !general.isEmpty {
            sentence += "; what it knew before is kept: " + general.map(\.text).joined(separator: "; ")
        } else {
            sentence += ". Whether it forgot anything was not measured"
        }
        self.sentence = sentence + "."
    }
}

/// A task's headline metric, of one model against the first.
private struct Judged {
    let task: Int
    let isGeneral: Bool
    let change: MetricComparison.Change
    private let name: String
    private let metric: Metric
    private let before: Double
    private let after: Double
    private let rows: Int

    init?(_ task: Int, model: Int, _ results: EvaluationResults, _ comparison: Comparison) {
        guard let metric = results.tasks[task].headline,
            let section = comparison.section(ofTask: task), let compared = section.lines[model][metric.name],
            let change = compared.change, let after = compared.value,
            let before = section.lines[0][metric.name]?.value
        else { return nil }
        self.task = task
        isGeneral = results.tasks[task].isGeneral
        self.change = change
        name = results.tasks[task].name
        self.metric = metric
        self.before = before
        self.after = after
        rows = compared.rows
    }

    var isBetter: Bool { (change.difference < 0) == metric.isLowerBetter }

    /// Whether it fell by more than is tolerated: what gates on this task say, or else beyond chance by more than the
    /// tolerance.
    func isLost(_ gates: [GateResult]) -> Bool {
        let own = gates.filter { $0.text.hasPrefix(name + ".") }
        if !own.isEmpty { return own.contains { !$0.isMet } }
        if isBetter || !change.isCertain { return false }
        switch metric.scale {
        case .exponential: return change.difference > before * Verdict.toleratedPerplexity
        case .share: return abs(change.difference) > Verdict.toleratedShare
        // Nats: what a perplexity's tolerance is.
        case .plain: return abs(change.difference) > log(1 + Verdict.toleratedPerplexity)
        }
    }

    var text: String {
        let interval =
            ReportText.difference(metric, change.interval.lowerBound, unit: false) + " to "
            + ReportText.difference(metric, change.interval.upperBound)
        return "\(metric.title) on \(name) \(metric.text(before)) → \(metric.text(after)), a difference of "
            + ReportText.difference(metric, change.difference) + " (95 % interval \(interval), \(rows) rows)"
    }
}
