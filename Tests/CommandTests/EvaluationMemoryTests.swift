import Foundation
import OrderedJSON
import Testing

/// `evaluate.tasks` under `train.memory_limit`.
@Suite("evaluations while training")
struct EvaluationMemoryTests {
    /// Questions of several hundred tokens with choices, and questions to be answered.
    private func tasks(in folder: TemporaryFolder) throws -> [String] {
        let long = String(repeating: "The river runs past the old mill and the mill stands by the river. ", count: 20)
        let choices = (0..<36).map {
            "{\"prompt\": \"\(long) \($0)\", \"choices\": [\"the mill\", \"a lake\", \"the road\", \"no one\"], \"answer\": 0}"
        }
        let answers = (0..<36).map { "{\"prompt\": \"\(long) What is \($0)?\", \"reference\": \"the mill\"}" }
        return try [
            folder.write("choices.jsonl", choices.joined(separator: "\n")),
            folder.write("answers.jsonl", answers.joined(separator: "\n")),
        ]
    }

    @Test("their peak stays below the limit, which they would exceed without it")
    func limit() throws {
        let folder = try TemporaryFolder()
        let tasks = try tasks(in: folder)
        let recipe = try folder.write(
            "recipe.yaml",
            """
            model: \(Project.path("checkpoints/tiny"))
            adapter: {rank: 4, alpha: 8}
            data: {train: \(Project.path("datasets/handbook/train.jsonl")), max_length: 128}
            train: {steps: 2, batch_size: 2}
            evaluate: {every: 1, tasks: [\(tasks.joined(separator: ", "))]}
            output: run
            """)
        func train(_ settings: String...) throws -> Run {
            let flags = settings.flatMap { ["--set", $0] }
            return try Graft.run(["train", recipe, "--overwrite", "--json"] + flags, in: folder.url)
        }
        func peak(_ run: Run) throws -> Double {
            let last = try #require(run.lines.last.map(String.init), "\(run.errors)")
            return try #require(try JSONValue(parsing: last)["peak_memory_bytes"]?.doubleValue, "\(run.errors)")
        }
        let refused = try train("train.memory_limit=20MB")
        let number = try #require(refused.errors.range(of: "can do with is "), "\(refused.errors)").upperBound
        let least = try #require(Double(refused.errors[number...].prefix { $0.isNumber }))
        let limit = (least * 1.05).rounded(.up)
        let limited = try train("train.memory_limit=\(Int(limit))MB")
        let used = try peak(limited)
        #expect(used <= limit * 1e6, "\(used) bytes were used, the limit is \(limit) MB")
        let free = try peak(try train())
        #expect(free > limit * 1e6, "without a limit \(free) bytes: the tasks are too small to show anything")
        // Less memory, the same answers.
        let lines = limited.lines.map(String.init).filter { $0.contains("choices.accuracy") }
        #expect(lines.count == 2, "\(limited.output)")
    }
}
