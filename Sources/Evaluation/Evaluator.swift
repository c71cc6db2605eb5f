import Datasets
import Diagnostics
import Generation
import Kernels
import Models
import Tensors
import Tokenizers
import WeightFiles

/// What was measured of one model, a number a row and metric.
public struct Measurement: Sendable {
    /// By metric, each row's score; a row that the metric does not apply to weighs 0.
    public var scores: [Metric: RowScores] = [:]
    /// Each row's greedy answer; nil where nothing was asked.
    public var answers: [String?] = []

    /// The scores of some rows.
    public func scores(_ metric: Metric, of rows: [Int]) -> RowScores {
        guard let all = scores[metric] else { return RowScores() }
        return RowScores(sums: rows.map { all.sums[$0] }, weights: rows.map { all.weights[$0] })
    }
}

/// Measures models on held-out rows, each the same way.
public struct Evaluator {
    /// The rows.
    public let data: HeldOut
    /// The type of the products' operands.
    public let precision: ElementType
    /// Compares answers with references.
    public var metrics: [AnswerMetric] = [.exactMatch, .f1]
    /// Tokens an answer may have at most.
    public var maxTokens = 256
    /// Where answers end.
    public var stopIDs: Set<Int32> = []
    private let tokenizer: Tokenizer

    /// An evaluator of these rows.
    public init(_ data: HeldOut, tokenizer: Tokenizer, precision: ElementType) {
        self.data = data
        self.tokenizer = tokenizer
        self.precision = precision
    }

    /// All metrics, the loss first.
    public var allMetrics: [Metric] { [.loss, .perplexity] + metrics.map(\.metric) }

    /// A task a file, with each model's measurement.
    public func tasks(_ measurements: [Measurement]) throws(Problem) -> [TaskResult] {
        var tasks: [TaskResult] = []
        for (file, path) in data.files.enumerated() {
            let rows = data.rows(of: file)
            let described = rows.map { row in
                TaskRow(file: 0, line: data.rows[row].line, prompt: "")
            }
            let outcomes = measurements.map { measurement in
                rows.map { row in
                    var outcome = RowOutcome()
                    outcome.answer = measurement.answers[row]
                    for (metric, scores) in measurement.scores where scores.weights[row] > 0 {
                        outcome.scores[metric.scoresName] = RowScore(scores.sums[row], weight: scores.weights[row])
                    }
                    return outcome
                }
            }
            tasks.append(
                TaskResult(
                    name: path, kind: .heldOut, files: [EvaluatedFile(path: path, hash: try contentHash(of: [path]))],
                    metrics: allMetrics, rows: described, outcomes: outcomes))
        }
        return tasks
    }

    /// Measures a model.
    ///
    /// - Parameter progress: told what is being done, how much of it is done, and how much there is; may throw to stop.
    /// - Throws: ``RunFailure`` when the model gives no numbers.
    public func measure(_ model: Transformer, progress: (String, Int, Int) throws -> Void) throws -> Measurement {
        var measurement = Measurement()
        measurement.scores[.loss] = try losses(model, progress)
        measurement.answers = try answers(model, progress)
        for metric in metrics {
            var scores = RowScores()
            for (row, answer) in zip(data.rows, measurement.answers) {
                guard let answer, let question = row.question else {
                    scores.append(0, weight: 0)
                    continue
                }
                scores.append(metric.score(answer, question.reference))
            }
            measurement.scores[metric.metric] = scores
        }
        return measurement
    }

    /// Each row's `−Σ ln p` over its targets, weighing as many as they are.
    private func losses(_ model: Transformer, _ progress: (String, Int, Int) throws -> Void) throws -> RowScores {
        let samples = data.rows.enumerated().flatMap { row, held in held.samples.map { (row: row, sample: $0) } }
        var scores = RowScores(
            sums: Array(repeating: 0, count: data.rows.count), weights: Array(repeating: 0, count: data.rows.count))
        for range in model.batches(of: samples.map { $0.sample.ids }) {
            try progress("loss", range.lowerBound, samples.count)
            let batch = samples[range]
            var starts: [Int] = []
            var rows: [Int32] = []
            var targets: [Int32] = []
            var owners: [Int] = []
            var next = 0
            for (row, sample) in batch {
                starts.append(next)
                for at in sample.ids.indices where sample.targets[at] {
                    rows.append(Int32(next + at - 1))
                    targets.append(sample.ids[at])
                    owners.append(row)
                }
                next += sample.count
            }
            let losses = Recording.off {
                let hidden = model.hiddenStates(
                    TokenBatch(tokens: batch.flatMap { $0.sample.ids }, segmentStarts: starts), rows: rows,
                    precision: precision)
                return model.loss(hidden, targets: targets).losses
            }
            for (owner, loss) in zip(owners, losses) {
                guard loss.isFinite else {
                    let row = data.rows[owner]
                    throw RunFailure("\(data.files[row.file]):\(row.line): the model gives a loss that is no number")
                }
                scores.sums[owner] += Double(loss)
                scores.weights[owner] += 1
            }
        }
        return scores
    }

    private func answers(_ model: Transformer, _ progress: (String, Int, Int) throws -> Void) throws -> [String?] {
        let asked = data.rows.indices.filter { data.rows[$0].question != nil }
        let limit = model.config.maximumPositions
        let requests = asked.compactMap { row -> GenerationRequest? in
            guard let question = data.rows[row].question else { return nil }
            // An answer twice as long as the reference is no match whatever follows; the rest would only cost time.
            let most = min(maxTokens, question.referenceTokens * 2 + 16)
            return GenerationRequest(
                Array(question.prompt.suffix(limit)), maxTokens: most, stopIDs: stopIDs, key: UInt64(row))
        }
        var done = 0
        var answers = [String?](repeating: nil, count: data.rows.count)
        let generator = Generator(model, tokenizer: tokenizer, precision: precision)
        _ = try generator.run(
            requests,
            onToken: { _, _, _ in
                try progress("answers", done, requests.count)
                return true
            },
            onEnd: { number, answer in
                done += 1
                answers[asked[number]] = answer.text
            })
        return answers
    }
}
