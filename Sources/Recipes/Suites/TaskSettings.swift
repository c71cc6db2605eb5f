/// What an evaluation asks: a file given on the command line with the defaults, or an entry of a suite.
public struct TaskSettings: Sendable, Equatable {
    /// `name`: what tables and gates call it; empty where it follows from the file.
    public var name = ""
    /// `data`: JSONL files with rows of one kind.
    public var data: [String] = []
    /// `general`: whether it measures what the model knew before.
    public var general = false
    /// `rolling`: text rows as lm-evaluation-harness measures perplexity, in windows without overlap.
    public var rolling = false
    /// `prompt`: Jinja over a row's keys, what the model is asked; nil for the row's own question or prompt.
    public var prompt: String?
    /// `reference`: Jinja over a row's keys, what counts as right; nil for the row's own reference.
    public var reference: String?
    /// `template`: the chat template; nil for the evaluation's.
    public var template: TemplateChoice?
    /// `few_shot`: answered rows shown before the question.
    public var fewShot: FewShotSettings?
    /// `delimiter`: what stands between a prompt and a choice where no chat template is used.
    public var delimiter = " "
    /// `metrics`: what is measured; nil for what suits the rows.
    public var metrics: [String]?
    /// `limit`: rows taken, from the first.
    public var limit: Int?
    /// `max_tokens`: tokens an answer may have.
    public var maxTokens: Int?
    /// `stop`: texts at which answers end.
    public var stop: [String] = []
    /// `temperature`: 0 for the likeliest token.
    public var temperature = 0.0
    /// `top_p`: the likeliest tokens that together have this probability.
    public var topP = 1.0
    /// `seed`: what sampling draws from.
    public var seed = 0
    /// `regex`: what an answer must match.
    public var regex: String?
    /// `schema`: a file with the JSON schema that answers must meet.
    public var schema: String?

    /// The defaults.
    public init() {}

    /// A file with the defaults.
    public init(name: String = "", data: [String]) {
        self.name = name
        self.data = data
    }
}

/// The keys of `few_shot`.
public struct FewShotSettings: Sendable, Equatable {
    /// `rows`: how many answered rows are shown.
    public var rows = 0
    /// `data`: where they come from; nil for the task's own file, without the row that is asked.
    public var data: String?

    /// No rows.
    public init() {}
}

/// A suite: tasks that are asked together, and the gates that must be met.
public struct Suite: Sendable, Equatable {
    /// The file.
    public var file: String
    /// `tasks`
    public var tasks: [TaskSettings] = []
    /// `gates`, as written.
    public var gates: [String] = []

    /// An empty suite.
    public init(file: String) { self.file = file }
}
