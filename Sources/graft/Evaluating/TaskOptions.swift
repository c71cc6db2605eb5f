import ArgumentParser
import Datasets
import Diagnostics
import Evaluation
import Foundation
import Recipes

/// What an evaluation asks: files of rows, suites, and what holds for all.
struct TaskOptions: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: "Rows (JSONL), one file or several; 'name=file' gives a task its name.")
    var data: [String] = []

    @Option(
        parsing: .upToNextOption, help: "Rows (JSONL) that show what was forgotten: also the divergence from the base.")
    var general: [String] = []

    @Option(parsing: .upToNextOption, help: "Suites (YAML): tasks and gates.")
    var suite: [String] = []

    @Option(parsing: .unconditional, help: "Rows of each task, from the first.")
    var limit: Int?

    @Option(parsing: .unconditional, help: "Tokens an answer may have at most.")
    var maxTokens = 256

    @Option(help: "What becomes of rows longer than the model's context: error, drop or truncate.")
    var tooLong: TooLong = .error

    mutating func validate() throws {
        if data.isEmpty && general.isEmpty && suite.isEmpty {
            throw ValidationError("--data, --general or --suite says what is evaluated.")
        }
        try FlagRange.check("--max-tokens", maxTokens)
        if let limit { try FlagRange.check("--limit", limit, to: .max) }
    }

    /// All tasks, and the gates of the suites. A suite that is none is a problem.
    func settings(_ problems: inout Problems) throws -> (tasks: [TaskSettings], gates: [String]) {
        var tasks = data.map { task($0) }
        tasks += general.map { path in
            var task = task(path)
            task.general = true
            return task
        }
        var gates: [String] = []
        for path in suite {
            guard let suite = try problems.collect({ try Suite.load(path: path) }) else { continue }
            tasks += suite.tasks
            gates += suite.gates
        }
        if let limit { for at in tasks.indices { tasks[at].limit = min(limit, tasks[at].limit ?? limit) } }
        return (tasks, gates)
    }

    private func task(_ text: String) -> TaskSettings {
        // A path that exists is a path, whatever signs are in it.
        if let sign = text.firstIndex(of: "="), !FileManager.default.fileExists(atPath: text) {
            return TaskSettings(name: String(text[..<sign]), data: [String(text[text.index(after: sign)...])])
        }
        return TaskSettings(data: [text])
    }
}
