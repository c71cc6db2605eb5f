import Datasets
import Diagnostics
import Evaluation
import Foundation
import Generation
import Kernels
import Models
import OrderedJSON
import Testing
import Tokenizers

/// Held-out rows measured with a real model whose losses transformers computed (reference.json beside the weights).
@Suite(.serialized) struct EvaluatorTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    /// The folder of the real model, or nil, told aloud.
    private static let model: String? = {
        let shared = ProcessInfo.processInfo.environment["GRAFT_SHARED"] ?? root + "/../shared"
        let path = shared + "/assets/models/stories260K"
        if FileManager.default.fileExists(atPath: path) { return path }
        print("SKIPPED: tests that need \(path), which does not exist (set GRAFT_SHARED)")
        return nil
    }()

    private func file(_ rows: [JSONValue]) throws -> String {
        let path = NSTemporaryDirectory() + "held-out-\(UUID().uuidString).jsonl"
        try rows.map { $0.serialized() }.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func evaluator(_ files: [String]) throws -> (Evaluator, Transformer)? {
        guard let directory = Self.model else { return nil }
        let tokenizer = try Tokenizer.load(directory: directory)
        let renderer = try PromptRenderer(tokenizer: tokenizer, source: .none)
        let data = try HeldOut(files: files, builder: SampleBuilder(renderer: renderer))
        var evaluator = Evaluator(data, tokenizer: tokenizer, precision: .f32)
        evaluator.stopIDs = [426]  // the full stop
        return (evaluator, Transformer(try ModelFiles.open(directory: directory)))
    }

    @Test func lossesAreThoseOfTransformers() throws {
        guard let directory = Self.model else { return }
        let reference = try JSONValue(contentsOfFile: directory + "/reference.json")
        let prompts = try #require(reference["prompts"]?.arrayValue)
        let rows = prompts.map { ["input_ids": $0["greedy_ids"] ?? .null] as JSONValue }
        let path = try file(rows)
        defer { try? FileManager.default.removeItem(atPath: path) }
        guard let (evaluator, model) = try evaluator([path]) else { return }
        let scores = try #require(try evaluator.measure(model) { _, _, _ in }.scores[.loss])
        #expect(prompts.count > 1)
        for (row, prompt) in prompts.enumerated() {
            let wanted = try #require(prompt["teacher_forced_loss"]?.doubleValue)
            #expect(abs(scores.sums[row] / scores.weights[row] - wanted) < 2e-5)
        }
    }

    @Test func answersAreComparedWithReferences() throws {
        let rows: [JSONValue] = [
            ["prompt": "Once upon a time", "completion": ", there was a little girl named LILY!"],
            ["prompt": "Once upon a time", "completion": ", there was a big dog"],
            ["text": "Once upon a time, there was a little girl."],
        ]
        let path = try file(rows)
        defer { try? FileManager.default.removeItem(atPath: path) }
        guard let (evaluator, model) = try evaluator([path, path]) else { return }
        let measured = try evaluator.measure(model) { _, _, _ in }
        #expect(
            measured.answers[0] == ", there was a little girl named Lily"
                || measured.answers[0] == "there was a little girl named Lily")
        #expect(measured.answers[2] == nil)
        let exact = try #require(measured.scores[AnswerMetric.exactMatch.metric])
        #expect(exact.sums == [1, 0, 0, 1, 0, 0])
        #expect(exact.weights == [1, 1, 0, 1, 1, 0])
        let results = EvaluationResults(
            program: "test", settings: .init(),
            models: [
                EvaluatedModel(name: "base", path: "model", modelHash: ""),
                EvaluatedModel(name: "same", path: "model", adapter: "same", modelHash: ""),
            ],
            tasks: try evaluator.tasks([measured, measured]))
        let comparison = Comparison(results)
        #expect(comparison.sections.map(\.rows) == [3, 3])
        for section in comparison.sections {
            #expect(section.lines[1].metrics.allSatisfy { $0.change?.difference == 0 && $0.verdict == nil })
            #expect(section.lines[1]["exact_match"]?.value == 0.5)
            #expect(section.lines[1]["exact_match"]?.change?.test == McNemar(onlyFirst: 0, onlySecond: 0))
        }
        #expect(results.summary["results"]?[0]?["models"]?[0]?["exact_match"]?.doubleValue == 0.5)
        #expect(results.lines.count == 7)
    }

    @Test func faultsOfAllFilesAreThrownTogether() throws {
        let good = try file([["text": "Once."]])
        let bad = try file([["text": "Once."], ["nothing": 1], ["prompt": "a"]])
        defer { for path in [good, bad] { try? FileManager.default.removeItem(atPath: path) } }
        guard Self.model != nil else { return }
        let problems = #expect(throws: Problems.self) { try evaluator([good, bad, "/does/not/exist"]) }
        #expect(problems?.list.map(\.line) == [2, 3, nil])
    }
}
