import Datasets
import Diagnostics
import Generation
import Kernels
import Models
import OrderedJSON
import Tokenizers

/// A model that takes part in an evaluation.
public struct Contestant {
    /// What it is.
    public let described: EvaluatedModel
    /// The model.
    public let transformer: Transformer
    /// What it has been asked before.
    public let journal: Journal

    /// A contestant.
    public init(_ described: EvaluatedModel, _ transformer: Transformer, journal: Journal = Journal()) {
        self.described = described
        self.transformer = transformer
        self.journal = journal
    }
}

/// How far an evaluation is.
public struct EvaluationProgress: Sendable {
    /// The model at work; base and adapters together where they answer together.
    public var model: String
    /// The task.
    public var task: String
    /// Rows of the task that are done with this model, and how many there are to do.
    public var rows: (done: Int, all: Int)
    /// The share of the whole work that is done.
    public var share: Double
}

/// Asks models all tasks, each model the same in the same way.
public struct EvaluationRun {
    /// What is asked.
    public let tasks: [EvaluationTask]
    /// Makes text of answers.
    public let tokenizer: Tokenizer
    /// The type of the products' operands.
    public let precision: ElementType
    /// Whether models answer together that are one model with and without adapters, so that the weights are read once
    /// for all.
    public var answersTogether = true
    /// How much is in memory at once.
    public var limits = EvaluationLimits()

    /// A run.
    public init(_ tasks: [EvaluationTask], tokenizer: Tokenizer, precision: ElementType) {
        self.tasks = tasks
        self.tokenizer = tokenizer
        self.precision = precision
    }

    /// Something to ask, and of which row.
    struct Job {
        let task: Int
        let row: Int
        let item: WorkItem
        let fingerprint: String
    }

    /// Measures models and compares them with the first.
    ///
    /// What a model's journal holds is not asked again; what is asked is noted there at once.
    ///
    /// - Parameter progress: told how far the work is; may throw to stop it.
    /// - Throws: ``RunFailure`` when a model gives no numbers, or an answer cannot be scored.
    public func results(
        of contestants: [Contestant], program: String, settings: JSONObject = JSONObject(),
        progress: (EvaluationProgress) throws -> Void
    ) throws -> EvaluationResults {
        let base = contestants.first?.journal.model ?? ""
        let jobs = jobs(base: base)
        try withoutActuallyEscaping(progress) { progress in
            let work = Work(self, contestants, jobs, progress)
            for number in contestants.indices { try work.likelihoods(of: number) }
            try work.answers()
        }
        let outcomes = try tasks.map { task in
            try contestants.indices.map { model in
                try task.rows.map { row in try outcome(task, row, contestants[model], base: model == 0 ? nil : base) }
            }
        }
        return EvaluationResults(
            program: program, settings: settings, models: contestants.map(\.described),
            tasks: zip(tasks, outcomes).map { $0.result($1) })
    }

    private func jobs(base: String) -> [Job] {
        var jobs: [Job] = []
        for (number, task) in tasks.enumerated() {
            for (row, asked) in task.rows.enumerated() {
                let items = asked.likelihoods + [asked.question, asked.divergence].compactMap { $0 }
                jobs += items.map { Job(task: number, row: row, item: $0, fingerprint: $0.fingerprint(base: base)) }
            }
        }
        return jobs
    }

    /// What a row gave with a model; `base` names the one that it diverges from, nil where it is that one itself.
    private func outcome(
        _ task: EvaluationTask, _ row: AskedRow, _ contestant: Contestant, base: String?
    ) throws(RunFailure) -> RowOutcome {
        func found(_ item: WorkItem) -> WorkOutcome? {
            contestant.journal.outcome(item.fingerprint(base: base ?? ""))
        }
        let divergence = base == nil ? row.divergence.map { _ in 0 } : row.divergence.flatMap(found)?.numbers.first
        return try task.outcome(
            row, likelihoods: row.likelihoods.compactMap(found), answer: row.question.flatMap(found),
            divergence: divergence)
    }
}
