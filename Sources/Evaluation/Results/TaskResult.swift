import OrderedJSON

/// What kind of question a task asks; a file's kind is recognised by the keys of its rows.
public enum TaskKind: String, Sendable, CaseIterable {
    /// Text, chats and ready tokens: how likely the model finds them. Chats that end with an answer are also asked.
    case heldOut = "held_out"
    /// `choices` and `answer`: which continuation is likeliest.
    case choices = "multiple_choice"
    /// `reference` or `references`: what the model writes.
    case generation
    /// `prompt`, `chosen`, `rejected`: whether the chosen answer is likelier.
    case preference

    /// The word for it in tables.
    public var title: String {
        switch self {
        case .heldOut: "held-out rows"
        case .choices: "multiple choice"
        case .generation: "written answers"
        case .preference: "preferences"
        }
    }
}

/// One task: its rows, and what became of each with each model.
public struct TaskResult: Sendable {
    /// Its name, unique among the tasks.
    public var name: String
    /// What it asks.
    public var kind: TaskKind
    /// Whether it measures what the model knew before: the column of forgetting.
    public var isGeneral: Bool
    /// The files its rows come from.
    public var files: [EvaluatedFile]
    /// What holds for this task alone: template, few-shot rows, limits. For readers, in the order to be shown.
    public var settings: JSONObject
    /// What was measured, the most telling first.
    public var metrics: [Metric]
    /// The rows.
    public var rows: [TaskRow]
    /// By model, each row's outcome: `outcomes[model][row]`.
    public var outcomes: [[RowOutcome]]

    /// A task.
    public init(
        name: String, kind: TaskKind, isGeneral: Bool = false, files: [EvaluatedFile], settings: JSONObject = .init(),
        metrics: [Metric], rows: [TaskRow], outcomes: [[RowOutcome]]
    ) {
        precondition(
            outcomes.allSatisfy { $0.count == rows.count }, "TaskResult: \(rows.count) rows, other numbers of outcomes")
        self.name = name
        self.kind = kind
        self.isGeneral = isGeneral
        self.files = files
        self.settings = settings
        self.metrics = metrics
        self.rows = rows
        self.outcomes = outcomes
    }

    /// The metric of a name.
    public func metric(_ name: String) -> Metric? { metrics.first { $0.name == name } }

    /// A metric's scores of a model, of some rows or of all.
    public func scores(_ metric: Metric, model: Int, rows: [Int]? = nil) -> RowScores {
        RowScores((rows ?? Array(self.rows.indices)).map { outcomes[model][$0].scores[metric.scoresName] })
    }

    /// The categories of the rows, in the order of their first row.
    public var categories: [String] {
        var seen = Set<String>()
        return rows.compactMap(\.category).filter { seen.insert($0).inserted }
    }

    /// The numbers of a category's rows; nil means all rows.
    public func rows(of category: String?) -> [Int] {
        rows.indices.filter { category == nil || rows[$0].category == category }
    }

    /// For each of some rows the number of its document, when rows name the documents that they belong to: rows of one
    /// document are not independent of each other, and are drawn together. Nil when no row names one.
    public func documents(of rows: [Int]) -> [Int]? {
        if !rows.contains(where: { self.rows[$0].document != nil }) { return nil }
        var numbers: [String: Int] = [:]
        var next = 0
        return rows.map { row in
            // A row without a document is one of its own.
            guard let document = self.rows[row].document else {
                next += 1
                return next - 1
            }
            if let number = numbers[document] { return number }
            numbers[document] = next
            next += 1
            return next - 1
        }
    }
}

/// A file of rows.
public struct EvaluatedFile: Sendable, Equatable {
    /// Its path as the user gave it.
    public var path: String
    /// SHA-256 of its bytes, `sha256:…`.
    public var hash: String

    /// A file.
    public init(path: String, hash: String) {
        self.path = path
        self.hash = hash
    }
}

/// A row as readers know it.
public struct TaskRow: Sendable, Equatable {
    /// Which of the task's files.
    public var file: Int
    /// Its line there, from 1.
    public var line: Int
    /// The group that results are also told for; `category` of the row.
    public var category: String?
    /// The document that it belongs to; `document` of the row.
    public var document: String?
    /// What was asked, or the text itself, as readers know it (without the chat template's words).
    public var prompt: String
    /// The answers that count as right; for preferences the chosen one, then the rejected one.
    public var references: [String] = []
    /// The continuations to choose from.
    public var choices: [String] = []
    /// Which choice is right.
    public var answer: Int?

    /// A row.
    public init(file: Int, line: Int, prompt: String, category: String? = nil, document: String? = nil) {
        self.file = file
        self.line = line
        self.prompt = prompt
        self.category = category
        self.document = document
    }
}

/// What became of a row with one model.
public struct RowOutcome: Sendable, Equatable {
    /// What the model wrote; nil when it was not asked to.
    public var answer: String?
    /// How many tokens that took.
    public var answerTokens: Int?
    /// Why it ended: the names of ``GenerationEnd``.
    public var end: String?
    /// `ln p` of each choice given the prompt (of the chosen, then the rejected answer of a preference).
    public var logLikelihoods: [Double] = []
    /// By ``Metric/scoresName``: what the row adds to each metric that applies to it.
    public var scores: [String: RowScore] = [:]

    /// Nothing yet.
    public init() {}
}
