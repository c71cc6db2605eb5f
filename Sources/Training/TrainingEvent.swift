/// What a run tells its listeners: the terminal's progress line, metrics.jsonl, any page.
public enum TrainingEvent: Sendable {
    /// Everything was checked; training is about to begin.
    case started(RunFacts)
    /// A resume found this checkpoint.
    case resumed(step: Int)
    /// A step is done.
    case step(StepReport)
    /// The held-out rows were evaluated after a step.
    case evaluated(StepEvaluation)
    /// A checkpoint was written.
    case saved(step: Int, path: String)
    /// Something worth a line.
    case note(String)
    /// The run was asked to stop, and saved its state.
    case interrupted(step: Int)
    /// The run is over; the best step is the one whose weights were kept.
    case finished(step: Int, bestStep: Int)
}

/// What is known about a run before its first step.
public struct RunFacts: Sendable {
    /// Trained numbers.
    public var trainableParameters: Int
    /// Numbers of the base model.
    public var baseParameters: Int
    /// Steps of the whole run.
    public var totalSteps: Int
    /// Samples of an epoch.
    public var samples: Int
    /// Tokens of an epoch.
    public var tokens: Int
    /// Tokens of an epoch that carry loss.
    public var targetTokens: Int
    /// Samples that are left out because they are longer than `data.max_length`.
    public var dropped: Int
    /// Samples whose prompt is cut to `data.max_length`.
    public var truncated: Int
    /// Rows with two answers, of which the chosen one is trained on.
    public var preferences: Int
    /// Whether samples, tokens and, where `train.epochs` tells how long, steps are estimates.
    public var isEstimate: Bool
    /// What held-out rows there are.
    public var evaluationSamples: Int
    /// Layers with an adapter.
    public var adaptedModules: Int
    /// The type products run in, `bf16` or `f32`.
    public var precision: String
    /// What was planned about memory.
    public var forecast: Forecast
}

/// What an evaluation during training found.
public struct StepEvaluation: Sendable {
    /// Steps done.
    public var step: Int
    /// Mean loss over the target tokens of `data.eval`; nil without it.
    public var loss: Double?
    /// Target tokens of `data.eval`.
    public var targetTokens = 0
    /// What was measured of each task, as `TASK.METRIC`.
    public var metrics: [(name: String, value: Double)] = []
    /// The same for people, a line a task; of changed habits only those that occur.
    public var summaries: [String] = []
    /// Some answers, to see what the model writes now.
    public var samples: [SampleAnswer] = []
    /// Whether no earlier evaluation was better by `evaluate.metric`.
    public var isBest = false

    /// The value of a metric: `eval_loss` or `TASK.METRIC`.
    public func value(_ name: String) -> Double? {
        name == "eval_loss" ? loss : metrics.first { $0.name == name }?.value
    }
}

/// A question with what the model answers and what it should.
public struct SampleAnswer: Sendable, Equatable {
    /// The task.
    public var task: String
    /// What was asked.
    public var prompt: String
    /// What the model wrote.
    public var answer: String
    /// What counts as right.
    public var reference: String?
}

/// How a run ended.
public enum RunOutcome: Sendable, Equatable {
    /// All steps are done.
    case finished
    /// It was asked to stop, saved, and can be resumed.
    case interrupted
}
