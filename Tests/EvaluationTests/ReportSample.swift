import Evaluation
import Foundation
import OrderedJSON

/// An evaluation made up for tests of reports: a task with categories and answers, a general one, two adapted models;
/// every text that comes from users is hostile somewhere.
enum ReportSample {
    static let hostile = "<script>alert('x')</script> & \"quoted\" | `code` **bold**"

    static func results(run: String? = nil, models: Int = 2) -> EvaluationResults {
        let names = ["base", "runs/handbook", "runs/<b>second</b>"]
        var results = EvaluationResults(
            program: "graft 0.1",
            settings: JSONObject([
                (key: "precision", value: "bf16"), (key: "max_tokens", value: 256),
                (key: "note", value: .string(hostile)),
            ]),
            models: (0..<models).map { number in
                EvaluatedModel(
                    name: names[number], path: "checkpoints/tiny", adapter: number == 0 ? nil : names[number],
                    modelHash: "sha256:" + String(repeating: "a1", count: 32),
                    adapterHash: number == 0 ? nil : "sha256:" + String(repeating: "b2", count: 32),
                    run: number == 1 ? run : nil)
            }, tasks: [handbook(models), general(models)])
        results.gates = [
            GateResult(
                text: "handbook.exact_match >= base + 0.2", model: names[1], value: 0.8, bound: 0.74, required: 0.3,
                isMet: true),
            GateResult(
                text: "general.perplexity <= base * 1.05", model: names[1], value: 2.59, bound: 2.62, required: 2.6,
                isMet: false),
        ]
        results.leakage = LeakageReport(
            trainingFiles: [EvaluatedFile(path: "datasets/handbook/train.jsonl", hash: "sha256:c3")], rows: 120,
            findings: [
                .init(
                    file: "datasets/handbook/eval.jsonl", line: 7, trainingFile: "datasets/handbook/train.jsonl",
                    trainingLine: 41,
                    share: 0.96, text: hostile)
            ], threshold: 0.8)
        return results
    }

    private static let exactMatch = AnswerMetric.exactMatch.metric

    private static func handbook(_ models: Int) -> TaskResult {
        var rows: [TaskRow] = []
        var outcomes = [[RowOutcome]](repeating: [], count: models)
        for number in 0..<120 {
            var row = TaskRow(
                file: 0, line: number + 1,
                prompt: number == 3 ? hostile : "Where is the licence number \(number) kept?",
                category: ["people", "places", "equipment and <other> things"][number % 3])
            row.references = ["in the blue cabinet on floor \(number % 7)"]
            rows.append(row)
            for model in 0..<models {
                var outcome = RowOutcome()
                let right = model > 0 && number % 5 != model
                outcome.answer =
                    right
                    ? row.references[0]
                    : number == 3 ? hostile : "in the red drawer on floor \(number % 7), I think\nor not"
                outcome.answerTokens = 4 + number % 9 * (model == 0 ? 3 : 1)
                outcome.scores[exactMatch.name] = RowScore(right ? 1 : 0)
                outcome.scores["loss"] = RowScore((model == 0 ? 40 : 4) + Double(number % 11), weight: 10)
                outcomes[model].append(outcome)
            }
        }
        return TaskResult(
            name: "handbook", kind: .heldOut, files: [.init(path: "datasets/handbook/eval.jsonl", hash: "sha256:d4")],
            metrics: [exactMatch, .loss, .perplexity], rows: rows, outcomes: outcomes)
    }

    private static func general(_ models: Int) -> TaskResult {
        let rows = (0..<100).map {
            TaskRow(file: 0, line: $0 + 1, prompt: "Once upon a time there was number \($0). " + hostile)
        }
        let outcomes = (0..<models).map { model in
            rows.indices.map { row in
                var outcome = RowOutcome()
                outcome.scores["loss"] = RowScore(
                    90 + Double(row % 13) + Double(model) * (4 + Double(row % 5)), weight: 100)
                return outcome
            }
        }
        return TaskResult(
            name: "general", kind: .heldOut, isGeneral: true,
            files: [.init(path: "datasets/general/eval.jsonl", hash: "sha256:e5")],
            metrics: [.perplexity, .loss], rows: rows, outcomes: outcomes)
    }

    /// A run's directory with a recipe and metrics, in a place of its own.
    static func run() throws -> URL {
        let directory = FileManager.default.temporaryDirectory.appending(path: "report-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var lines = ""
        for step in 1...400 {
            let loss = 3.3 * exp(-Double(step) / 90) + 0.04 + 0.2 * Double(step * 7919 % 13) / 13
            lines += "{\"step\":\(step),\"loss\":\(loss)}\n"
            if step % 100 == 0 { lines += "{\"step\":\(step),\"eval_loss\":\(loss + 0.1)}\n" }
        }
        try Data((lines + "{\"step\":401,\"lo").utf8).write(to: directory.appending(path: "metrics.jsonl"))
        try Data("model: checkpoints/tiny # \(hostile)\n".utf8).write(to: directory.appending(path: "recipe.yaml"))
        return directory
    }
}
