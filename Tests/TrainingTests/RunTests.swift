import Diagnostics
import Foundation
import Models
import OrderedJSON
import Testing
import Training
import WeightFiles

/// Whole runs: files, checkpoints, resume.
@Suite("Runs")
struct RunTests {
    private func losses(_ output: String, _ key: String = "loss") throws -> [Double] {
        try String(contentsOfFile: output + "/metrics.jsonl", encoding: .utf8).split(separator: "\n").compactMap {
            try JSONValue(parsing: String($0))[key]?.doubleValue
        }
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    @Test func tenStepsAreFiveStopAndFive() throws {
        try withFolder { folder in
            let unbroken = try recipe(in: folder, output: "a", "data.eval=\(folder)/eval.jsonl", "evaluate.every=4")
            #expect(try TrainingRun(plan(unbroken)).run { _ in } == .finished)
            let broken = try recipe(in: folder, output: "b", "data.eval=\(folder)/eval.jsonl", "evaluate.every=4")
            var steps = 0
            let first = try TrainingRun(plan(broken)).run(shouldStop: { steps == 5 }) { event in
                if case .step(let report) = event { steps = report.step }
            }
            #expect(first == .interrupted)
            #expect(try TrainingRun(plan(broken)).run(resume: true) { _ in } == .finished)
            #expect(try losses(folder + "/a") == losses(folder + "/b"))
            #expect(try losses(folder + "/a").count == 10)
            #expect(try losses(folder + "/a", "eval_loss") == losses(folder + "/b", "eval_loss"))
            for file in ["adapter_model.safetensors", "state/step-10/trainer.safetensors"] {
                #expect(try bytes("\(folder)/a/\(file)") == bytes("\(folder)/b/\(file)"), "\(file)")
            }
        }
    }

    @Test func aRunThatDiedGoesOnFromItsLastCheckpoint() throws {
        struct Death: Error {}
        try withFolder { folder in
            let unbroken = try recipe(in: folder, output: "a")
            _ = try TrainingRun(plan(unbroken)).run { _ in }
            let killed = try recipe(in: folder, output: "b")
            // As a kill would: step 8 is in metrics.jsonl, the newest checkpoint is step 6, and half a line follows.
            #expect(throws: Death.self) {
                try TrainingRun(plan(killed)).run { event in
                    if case .step(let report) = event, report.step == 8 { throw Death() }
                }
            }
            let handle = try #require(FileHandle(forWritingAtPath: folder + "/b/metrics.jsonl"))
            handle.seekToEndOfFile()
            handle.write(Data("{\"step\": 9, \"lo".utf8))
            try handle.close()
            _ = try TrainingRun(plan(killed)).run(resume: true) { _ in }
            #expect(try losses(folder + "/a") == losses(folder + "/b"))
            #expect(
                try bytes(folder + "/a/adapter_model.safetensors") == bytes(folder + "/b/adapter_model.safetensors"))
        }
    }

    @Test func onlyTheNewestCheckpointsAreKept() throws {
        try withFolder { folder in
            let recipe = try recipe(in: folder, output: "a", "save.every=2", "save.keep=2")
            _ = try TrainingRun(plan(recipe)).run { _ in }
            let kept = try FileManager.default.contentsOfDirectory(atPath: folder + "/a/state").sorted()
            #expect(kept == ["step-10", "step-8"])
            let mode =
                try FileManager.default.attributesOfItem(atPath: folder + "/a/adapter_model.safetensors")[
                    .posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test func aResumeWithAnotherRecipeIsRefused() throws {
        try withFolder { folder in
            _ = try TrainingRun(plan(recipe(in: folder, output: "a", "train.steps=3"))).run { _ in }
            let changed = try recipe(in: folder, output: "a", "train.learning_rate=0.5")
            #expect(throws: Problem.self) { try TrainingRun(plan(changed)).run(resume: true) { _ in } }
        }
    }

    @Test func theBestCheckpointIsTheResult() throws {
        try withFolder { folder in
            // Held-out rows of other tokens than those trained on: they become less likely from some step on.
            let recipe = try recipe(
                in: folder, output: "a", "data.eval=\(folder)/eval.jsonl", "evaluate.every=2",
                "train.learning_rate=0.05",
                "train.scheduler=constant", "train.steps=20", "save.every=2", "save.keep=30")
            try writeRows(40, to: folder + "/train.jsonl", seed: 1, tokens: 0..<40)
            try writeRows(12, to: folder + "/eval.jsonl", seed: 2, tokens: 100..<150)
            var best = 0
            _ = try TrainingRun(plan(recipe)).run { event in
                if case .finished(_, let step) = event { best = step }
            }
            let evaluations = try losses(folder + "/a", "eval_loss")
            let lowest = try #require(evaluations.min())
            #expect(evaluations[best / 2 - 1] == lowest)
            #expect(best < 20)
            let result = try bytes(folder + "/a/adapter_model.safetensors")
            #expect(try result == bytes("\(folder)/a/state/step-\(best)/adapter_model.safetensors"))
        }
    }

    @Test func tasksDecideWhichCheckpointIsBestAndWhenToStop() throws {
        try withFolder { folder in
            try writeRows(6, to: folder + "/facts.jsonl", seed: 3, tokens: 100..<150)
            let recipe = try recipe(
                in: folder, output: "a", "evaluate.tasks=\(folder)/facts.jsonl", "evaluate.metric=facts.perplexity",
                "evaluate.every=2", "evaluate.patience=3", "train.learning_rate=0.05", "train.scheduler=constant",
                "train.steps=40", "save.every=2", "save.keep=30")
            try writeRows(40, to: folder + "/train.jsonl", seed: 1, tokens: 0..<40)
            let plan = try plan(recipe)
            #expect(plan.deciding == .init(name: "facts.perplexity", isLowerBetter: true))
            var best = 0
            var last = 0
            var reports: [StepEvaluation] = []
            _ = try TrainingRun(plan).run { event in
                if case .finished(let step, let bestStep) = event { (last, best) = (step, bestStep) }
                if case .evaluated(let report) = event { reports.append(report) }
            }
            let values = try losses(folder + "/a", "facts.perplexity")
            let lowest = try #require(values.min())
            #expect(values.count == reports.count && values[best / 2 - 1] == lowest)
            #expect(last == best + 6 && last < 40)
            // What has lost its patience stays stopped.
            let metrics = try bytes(folder + "/a/metrics.jsonl")
            var steps = 0
            _ = try TrainingRun(plan).run(resume: true) { event in
                if case .step = event { steps += 1 }
            }
            #expect(steps == 0)
            #expect(try bytes(folder + "/a/metrics.jsonl") == metrics)
            #expect(reports.allSatisfy { $0.loss == nil && $0.value("facts.loss") != nil })
            let result = try bytes(folder + "/a/adapter_model.safetensors")
            #expect(try result == bytes("\(folder)/a/state/step-\(best)/adapter_model.safetensors"))
        }
    }

    @Test func aMetricThatThereIsNotIsRefused() throws {
        try withFolder { folder in
            try writeRows(6, to: folder + "/facts.jsonl", seed: 3)
            let recipe = try recipe(
                in: folder, output: "a", "evaluate.tasks=\(folder)/facts.jsonl", "evaluate.metric=facts.perplexty")
            let problems = #expect(throws: Problems.self) { try plan(recipe) }
            #expect(problems?.list.first?.advice == "did you mean 'facts.perplexity'?")
        }
    }

    @Test func fullTrainingWritesAModel() throws {
        try withFolder { folder in
            let recipe = try recipe(
                in: folder, output: "a", adapter: "{method: full}", "train.steps=20", "train.learning_rate=0.005")
            var first = 0.0
            var last = 0.0
            _ = try TrainingRun(plan(recipe)).run { event in
                if case .step(let report) = event {
                    if report.step == 1 { first = report.loss }
                    last = report.loss
                }
            }
            #expect(last < first)
            let files = try ModelFiles.open(directory: folder + "/a")
            #expect(files.source?["model.embed_tokens.weight"] != nil)
        }
    }

    /// GPT-2's files hold matrices with inputs before outputs.
    @Test func fullTrainingTurnsMatricesThatAreStoredTheOtherWay() throws {
        try withFolder { folder in
            func losses(_ output: String, _ adapter: String, _ rate: String, steps: Int) throws -> [Double] {
                var losses: [Double] = []
                let recipe = try recipe(
                    in: folder, output: output, adapter: adapter, "model=\(fixture("gpt2"))", "train.steps=\(steps)",
                    "train.learning_rate=\(rate)", "train.scheduler=constant", "data.shuffle=false")
                try writeRows(40, to: folder + "/train.jsonl", seed: 1, tokens: 0..<100)
                _ = try TrainingRun(plan(recipe)).run { event in
                    if case .step(let report) = event { losses.append(report.loss) }
                }
                return losses
            }
            let adapted = try losses("a", "{rank: 4}", "1e-12", steps: 2)
            let full = try losses("b", "{method: full}", "1e-12", steps: 2)
            #expect(zip(adapted, full).allSatisfy { abs($0 - $1) < 1e-5 })
            let (before, after) = (
                try ModelFiles.open(directory: fixture("gpt2")), try ModelFiles.open(directory: folder + "/b")
            )
            for name in before.source?.names ?? [] {
                guard let own = before.source?[name]?.floats(), let written = after.source?[name]?.floats() else {
                    continue
                }
                #expect(after.source?[name]?.shape == before.source?[name]?.shape)
                #expect(zip(own, written).allSatisfy { abs($0 - $1) <= 0.005 * abs($0) + 1e-6 }, "\(name)")
            }
            let trained = try losses("c", "{method: full}", "0.005", steps: 20)
            #expect(trained[19] < trained[0] - 0.1)
        }
    }

    @Test func aMemoryLimitIsKeptOrRefused() throws {
        try withFolder { folder in
            let tight = try recipe(in: folder, output: "a", "train.memory_limit=91MB")
            #expect(throws: Problem.self) { try TrainingRun(plan(tight)) }
            let loose = try recipe(in: folder, output: "a", "train.memory_limit=2GB")
            #expect(try TrainingRun(plan(loose)).forecast.peakBytes < 2_000_000_000)
        }
    }
}
