import Datasets
import Diagnostics
import Foundation
import Models
import OrderedJSON
import Recipes
import Tokenizers
import WeightFiles

/// Reads tasks: files of rows become what is asked of models. Everything that can be wrong with them is found here,
/// before a weight is read, and told together.
public struct TaskReader {
    /// The model's tokenizer.
    public let tokenizer: Tokenizer
    /// What the model can take.
    public let config: TransformerConfig
    /// Where answers end.
    public let stopIDs: Set<Int32>
    /// The chat template where a task names none.
    public var template = PromptRenderer.Source.model
    /// Tokens an answer may have where a task does not say.
    public var maxTokens = 256
    /// What becomes of rows that are longer than the model's context.
    public var tooLong = TooLong.error
    /// What else to do about such rows than to shorten them.
    public var tooLongAdvice: String?
    /// The clock that templates read.
    public var now = Date()
    /// Names the model's directory in messages about it.
    private let modelPath: String

    /// A reader for a model.
    public init(tokenizer: Tokenizer, config: TransformerConfig, stopIDs: Set<Int32>, modelPath: String) {
        self.tokenizer = tokenizer
        self.config = config
        self.stopIDs = stopIDs
        self.modelPath = modelPath
    }

    /// Reads tasks.
    ///
    /// - Parameter also: mistakes found elsewhere, told with those found here.
    /// - Returns: the tasks, and what is odd about rows but no fault.
    public func read(_ settings: [TaskSettings], also others: [Problem] = []) throws -> (
        tasks: [EvaluationTask], warnings: [String]
    ) {
        var problems = Problems(others)
        var warnings: [String] = []
        var tasks: [EvaluationTask] = []
        for (settings, name) in zip(settings, TaskNames.unique(settings)) {
            guard let builder = try problems.collect({ try RowBuilder(self, settings, name: name) }) else {
                for path in settings.data { _ = try problems.collect { try RowFile(path: path) } }
                continue
            }
            guard let task = try problems.collect({ try builder.task(&warnings) }) else { continue }
            if task.rows.isEmpty {
                problems.list.append(Problem("there are no rows to evaluate", file: settings.data.first))
            }
            if task.dropped > 0 {
                warnings.append("\(name): \(task.dropped) samples are longer than the model's context, left out")
            }
            tasks.append(task)
        }
        try problems.throwIfAny()
        return (tasks, warnings)
    }

    /// The renderer of a task; a template file that is none is a problem.
    func renderer(_ settings: TaskSettings) throws -> PromptRenderer {
        let source: PromptRenderer.Source =
            switch settings.template {
            case nil: template
            case .auto?: .model
            case TemplateChoice.none?: .none
            case .file(let path)?: .file(path)
            }
        let renderer = try PromptRenderer(tokenizer: tokenizer, source: source, now: now)
        if settings.template == .auto, renderer.template == nil {
            throw Problem(
                "the model has no chat template, which the task '\(settings.name)' asks for", file: modelPath,
                advice: "give the template's file, or write template: none")
        }
        return renderer
    }
}

/// What tasks without a name are called.
enum TaskNames {
    /// Names so general that the folder says more.
    private static let plain: Set = ["eval", "test", "valid", "validation", "dev", "train", "data", "rows", "heldout"]

    /// The name that follows from a file: its own without the ending, or its folder's.
    static func name(_ path: String) -> String {
        let url = URL(fileURLWithPath: path).standardizedFileURL
        let own = url.deletingPathExtension().lastPathComponent
        let folder = url.deletingLastPathComponent().lastPathComponent
        return plain.contains(own.lowercased()) && !folder.isEmpty && folder != "/" ? folder : own
    }

    /// One name a task; equal ones are numbered.
    static func unique(_ settings: [TaskSettings]) -> [String] {
        var taken: Set<String> = []
        return settings.map { settings in
            let name = settings.name.isEmpty ? name(settings.data.first ?? "task") : settings.name
            // A gate ends names at these.
            let plain = String(name.map { ".:<>= ()".contains($0) ? "-" : $0 })
            var (own, count) = (plain, 1)
            while !taken.insert(own).inserted {
                count += 1
                own = "\(plain)-\(count)"
            }
            return own
        }
    }
}
