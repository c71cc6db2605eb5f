import ChatTemplates
import Datasets
import Diagnostics
import Foundation
import OrderedJSON
import Patterns
import Recipes

/// A task, read and checked: what is asked of every model, and how answers are scored.
public struct EvaluationTask: Sendable {
    /// Its name, unique among the tasks.
    public let name: String
    /// What it was made from.
    public let settings: TaskSettings
    /// What it asks.
    public let kind: TaskKind
    /// The files its rows come from.
    public let files: [EvaluatedFile]
    /// The rows.
    public internal(set) var rows: [AskedRow]
    /// How written answers are scored.
    let answerMetrics: [AnswerMetric]
    /// What is measured, the most telling first.
    public let metrics: [Metric]
    /// Samples left out because they are too long.
    public internal(set) var dropped = 0

    /// The task with its first rows only.
    public func prefix(_ count: Int) -> EvaluationTask {
        var task = self
        task.rows = Array(rows.prefix(count))
        return task
    }

    /// The result of measuring models, given each model's outcomes by row.
    func result(_ outcomes: [[RowOutcome]]) -> TaskResult {
        var described = JSONObject()
        if let prompt = settings.prompt { described["prompt"] = .string(prompt) }
        if let shots = settings.fewShot, shots.rows > 0 { described["few_shot"] = .integer(shots.rows) }
        if settings.rolling { described["rolling"] = true }
        if let limit = settings.limit { described["limit"] = .integer(limit) }
        if settings.temperature > 0 {
            described["temperature"] = .number(settings.temperature)
            described["seed"] = .integer(settings.seed)
        }
        return TaskResult(
            name: name, kind: kind, isGeneral: settings.general, files: files, settings: described, metrics: metrics,
            rows: rows.map(\.row), outcomes: outcomes)
    }
}

/// A row with what is asked of a model.
public struct AskedRow: Sendable {
    /// The row as readers know it.
    public var row: TaskRow
    /// What the likelihood of is wanted.
    var likelihoods: [WorkItem] = []
    /// What is to be continued.
    var question: WorkItem?
    /// Where the divergence from the base is wanted.
    var divergence: WorkItem?
    /// Tokens that carry loss.
    var targets = 0
    /// Bytes of text that carry loss.
    var bytes = 0
    /// Words of a text.
    var words = 0
    /// Tokens of each answer of a preference.
    var lengths: [Int] = []
    /// What the answer is compared with.
    var key = AnswerKey()

    init(_ row: TaskRow) { self.row = row }
}

extension EvaluationTask {
    /// What came of a row's items, as scores.
    ///
    /// - Throws: ``RunFailure`` when an answer cannot be scored.
    func outcome(
        _ asked: AskedRow, likelihoods: [WorkOutcome], answer: WorkOutcome?, divergence: Double?
    ) throws(RunFailure) -> RowOutcome {
        var outcome = RowOutcome()
        switch kind {
        case .heldOut:
            if let loss = likelihoods.first?.numbers.first { outcome.scores = lossScores(asked, loss) }
        case .choices:
            outcome.logLikelihoods = likelihoods.first?.numbers ?? []
            outcome.scores = choiceScores(asked.row, outcome.logLikelihoods)
        case .preference:
            // Losses of whole answers, or log-likelihoods after a shared prompt.
            let pair =
                likelihoods.count == 2
                ? likelihoods.compactMap { $0.numbers.first.map { -$0 } } : likelihoods[0].numbers
            outcome.logLikelihoods = pair
            outcome.scores = preferenceScores(asked, pair)
        case .generation: break
        }
        if let divergence {
            outcome.scores[Metric.divergence.name] = RowScore(divergence, weight: Double(asked.targets))
        }
        if let answer, let text = answer.text {
            outcome.answer = text
            outcome.answerTokens = answer.tokens
            outcome.end = answer.end
            for metric in answerMetrics {
                do {
                    let score = try metric.score(text, asked.key)
                    if let score { outcome.scores[metric.metric.name] = RowScore(score) }
                } catch {
                    throw RunFailure(
                        "\(files[asked.row.file].path):\(asked.row.line): \(metric.metric.name) cannot be told of the answer: "
                            + error.description)
                }
            }
            let compared = asked.key.references.first ?? asked.row.prompt
            outcome.scores.merge(Drift.scores(answer: text, end: answer.end, comparedWith: compared)) { $1 }
        }
        return outcome
    }

    private func lossScores(_ asked: AskedRow, _ loss: Double) -> [String: RowScore] {
        var scores = [Metric.loss.name: RowScore(loss, weight: Double(asked.targets))]
        if asked.bytes > 0 {
            scores[Metric.bitsPerByte.name] = RowScore(loss / log(2), weight: Double(asked.bytes))
            scores[Metric.bytePerplexity.name] = RowScore(loss, weight: Double(asked.bytes))
        }
        if asked.words > 0 { scores[Metric.wordPerplexity.name] = RowScore(loss, weight: Double(asked.words)) }
        return scores
    }

    private func choiceScores(_ row: TaskRow, _ values: [Double]) -> [String: RowScore] {
        let choices = row.choices
        guard let answer = row.answer, values.count == choices.count else { return [:] }
        // The same choice twice is as likely both times, whatever the last bits say.
        let values = values.indices.map { at in
            values[choices.firstIndex { PythonText.areSame($0, choices[at]) } ?? at]
        }
        // Of equals the first counts, as NumPy's argmax has it.
        func best(_ values: [Double]) -> Int { values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 } }
        let lengths = choices.map { Double(max(1, $0.unicodeScalars.count)) }
        let normalized = zip(values, lengths).map { $0 / $1 }
        let most = values.max() ?? 0
        let weights = values.map { exp($0 - most) }
        return [
            Metric.accuracy.name: RowScore(best(values) == answer ? 1 : 0),
            Metric.normalizedAccuracy.name: RowScore(best(normalized) == answer ? 1 : 0),
            Metric.rightProbability.name: RowScore(weights[answer] / weights.reduce(0, +)),
        ]
    }

    private func preferenceScores(_ asked: AskedRow, _ pair: [Double]) -> [String: RowScore] {
        guard pair.count == 2, asked.lengths.count == 2 else { return [:] }
        let (chosen, rejected) = (Double(max(1, asked.lengths[0])), Double(max(1, asked.lengths[1])))
        return [
            Metric.preferred.name: RowScore(pair[0] > pair[1] ? 1 : 0),
            Metric.normalizedPreferred.name: RowScore(pair[0] / chosen > pair[1] / rejected ? 1 : 0),
            Metric.margin.name: RowScore(pair[0] - pair[1]),
        ]
    }
}
