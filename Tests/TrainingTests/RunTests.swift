import Adapters
import Datasets
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

    @Test func anEvaluationThatWasCutShortIsMadeByTheResume() throws {
        try withFolder { folder in
            try writeRows(6, to: folder + "/facts.jsonl", seed: 3)
            func run(_ output: String, resume: Bool = false, stopAfter step: Int = .max) throws -> RunOutcome {
                let recipe = try recipe(
                    in: folder, output: output, "data.eval=\(folder)/eval.jsonl", "evaluate.every=4",
                    "evaluate.tasks=\(folder)/facts.jsonl")
                var steps = 0
                return try TrainingRun(plan(recipe)).run(resume: resume, shouldStop: { steps >= step }) { event in
                    if case .step(let report) = event { steps = report.step }
                }
            }
            #expect(try run("a") == .finished)
            #expect(try run("b", stopAfter: 4) == .interrupted)
            #expect(try losses(folder + "/b", "eval_loss").isEmpty)
            // Stopped again at once: it remains to be made.
            #expect(try run("b", resume: true, stopAfter: 0) == .interrupted)
            #expect(try run("b", resume: true) == .finished)
            for key in ["loss", "eval_loss", "facts.loss"] {
                #expect(try losses(folder + "/a", key) == losses(folder + "/b", key), "\(key)")
            }
            #expect(try losses(folder + "/a", "eval_loss").count == 3)
            // A finished run has nothing to do and writes nothing anew.
            let state = folder + "/b/state/step-10/state.json"
            let before = try FileManager.default.attributesOfItem(atPath: state)[.modificationDate] as? Date
            #expect(try run("b", resume: true) == .finished)
            #expect(try FileManager.default.attributesOfItem(atPath: state)[.modificationDate] as? Date == before)
        }
    }

    /// Of large files the place of a resume is a row, and in it a sample.
    @Test func aResumeGoesOnInTheMiddleOfARow() throws {
        try withFolder { folder in
            let document = (0..<400).map { "word \($0 * 7 % 100)" }.joined(separator: " ")
            let short = [String](repeating: "{\"text\": \"a b\"}", count: 10_000)
            let filler = String(repeating: "x", count: 17 << 20)
            let rows =
                [document, document + " again"].map { "{\"text\": \"\($0)\"}" } + short
                + ["{\"text\": \"\(filler)\"}"]
            try rows.joined(separator: "\n").write(toFile: folder + "/large.jsonl", atomically: true, encoding: .utf8)
            func run(_ output: String, resume: Bool = false, stopAfter step: Int = .max) throws {
                let recipe = try recipe(
                    in: folder, output: output, "model=\(root.appending(path: "checkpoints/tiny").path)",
                    "data.train=\(folder)/large.jsonl", "data.shuffle=false", "train.steps=5", "save.every=1",
                    "save.keep=9", "data.max_length=64")
                let plan = try plan(recipe)
                #expect(!plan.source.corpus.isKnown)
                var steps = 0
                _ = try TrainingRun(plan).run(resume: resume, shouldStop: { steps >= step }) { event in
                    if case .step(let report) = event { steps = report.step }
                }
            }
            try run("a")
            try run("b", stopAfter: 2)
            let state = try JSONValue(contentsOfFile: folder + "/b/state/step-2/state.json")
            #expect(state["cursor"]?["part"]?.intValue ?? 0 > 0, "\(state["cursor"] ?? .null)")
            try run("b", resume: true)
            #expect(try losses(folder + "/a") == losses(folder + "/b"))
        }
    }

    @Test func onlyWhatAKilledRunLeftIsCleared() throws {
        try withFolder { folder in
            let recipe = try recipe(in: folder, output: "a", "train.steps=2")
            try FileManager.default.createDirectory(atPath: folder + "/a/state", withIntermediateDirectories: true)
            let own = ["notes.old-version", "rows.partial-", "model.partial-1b"]
            let left = ["recipe.yaml.partial-77", ".old-123", "state/step-1.partial-9", "state/step-1.old-9"]
            for name in own + left { try "x".write(toFile: "\(folder)/a/\(name)", atomically: true, encoding: .utf8) }
            _ = try TrainingRun(plan(recipe)).run(resume: true) { _ in }
            for name in own { #expect(FileManager.default.fileExists(atPath: "\(folder)/a/\(name)"), "\(name)") }
            for name in left { #expect(!FileManager.default.fileExists(atPath: "\(folder)/a/\(name)"), "\(name)") }
        }
    }

    @Test func roomIsWantedForTheCheckpointsThatARunWrites() throws {
        try withFolder { folder in
            func disk(_ keep: String) throws -> Int {
                try TrainingRun(plan(recipe(in: folder, output: "a", "save.keep=\(keep)"))).forecast.diskBytes
            }
            // A billion checkpoints of any size are a number of bytes.
            let endless = try recipe(
                in: folder, output: "a", "train.steps=1000000000", "save.every=1", "save.keep=1000000000")
            #expect(try TrainingRun(plan(endless)).forecast.diskBytes > 1_000_000_000)
            // Ten steps save after 3, 6, 9 and 10.
            let (all, four, three) = try (disk("9223372036854775807"), disk("4"), disk("3"))
            #expect(all == four && three < four)
        }
    }

    @Test func anAdapterToContinueFromTakesTheRecipesDropout() throws {
        try withFolder { folder in
            let first = try recipe(in: folder, output: "a", adapter: "{rank: 4, dropout: 0.25}", "train.steps=1")
            _ = try TrainingRun(plan(first)).run { _ in }
            for (stated, expected) in [("", 0), (", dropout: 0.5", 0.5)] {
                let adapter = "{init_from: \(folder)/a\(stated)}"
                let second = try recipe(in: folder, output: "b", adapter: adapter, "train.steps=1")
                let plan = try plan(second)
                let specs = try #require(plan.adapterPlan?.specs.values)
                #expect(!specs.isEmpty && specs.allSatisfy { $0.dropout == Float(expected) && $0.rank == 4 })
                _ = try TrainingRun(plan).run(replacing: true) { _ in }
                let written = try JSONValue(contentsOfFile: folder + "/b/adapter_config.json")
                #expect(written["lora_dropout"]?.doubleValue == expected)
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
            for (change, words) in [
                ("train.learning_rate=0.5", "train.learning_rate: 0.5"), ("adapter.rank=8", "adapter.rank: 8"),
            ] {
                let changed = try recipe(in: folder, output: "a", "train.steps=3", change)
                let problem = #expect(throws: Problem.self) {
                    try TrainingRun(plan(changed)).run(resume: true) { _ in }
                }
                #expect(problem?.message.contains(words) == true, "\(problem?.message ?? "")")
            }
        }
    }

    @Test func aResumeOnOtherContentsIsRefused() throws {
        try withFolder { folder in
            let base = folder + "/base"
            try FileManager.default.copyItem(atPath: fixture("llama"), toPath: base)
            let recipe = try recipe(in: folder, output: "a", "train.steps=3", "model=\(base)")
            _ = try TrainingRun(plan(recipe)).run { _ in }
            _ = try TrainingRun(plan(recipe)).run(resume: true) { _ in }
            // One byte each, so that sizes and shapes stay: the last one, or the last of the number behind these words.
            for (file, words, told) in [
                ("base/model.safetensors", nil, "the weights of \(base) changed"),
                ("base/config.json", "\"rms_norm_eps\": ", "the configuration and tokenizer of \(base) changed"),
                ("train.jsonl", "{\"input_ids\":[", "the rows of \(folder)/train.jsonl changed"),
            ] as [(String, String?, String)] {
                let path = folder + "/" + file
                let before = try bytes(path)
                var after = before
                let number = words.flatMap { before.range(of: Data($0.utf8))?.upperBound }
                let end = number.flatMap { before[$0...].firstIndex(of: UInt8(ascii: ",")) } ?? before.count
                after[end - 1] = UInt8(ascii: "1") ^ (before[end - 1] == UInt8(ascii: "1") ? 2 : 0)
                try after.write(to: URL(filePath: path))
                let problem = #expect(throws: Problem.self, "\(file)") {
                    try TrainingRun(plan(recipe)).run(resume: true) { _ in }
                }
                #expect(problem?.message.contains(told) == true, "\(problem?.message ?? "")")
                try before.write(to: URL(filePath: path))
            }
            _ = try TrainingRun(plan(recipe)).run(resume: true) { _ in }
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

    /// The gradients of the last step are finite, and its update is not.
    @Test func weightsThatOverflowAreNotKept() throws {
        try withFolder { folder in
            for (output, more) in [("a", "data.eval=none"), ("b", "save.every=2")] {
                let recipe = try recipe(
                    in: folder, output: output, "train.steps=\(output == "a" ? 1 : 4)", "train.warmup_ratio=0",
                    "train.learning_rate=1e300", "train.scheduler=constant", more)
                let failure = #expect(throws: RunFailure.self) { try TrainingRun(plan(recipe)).run { _ in } }
                #expect(failure?.message.contains("is not finite") == true, "\(failure?.message ?? "")")
                let left = try FileManager.default.subpathsOfDirectory(atPath: folder + "/" + output).sorted()
                #expect(left == ["metrics.jsonl", "recipe.yaml", "state"])
            }
        }
    }

    @Test func fullTrainingWritesAModel() throws {
        try withFolder { folder in
            // With every file that belongs to a model.
            let companions = ["config.json", "tekken.json", "vocab.txt", "LICENSE", "chat_template.json"]
            try FileManager.default.copyItem(atPath: fixture("llama"), toPath: folder + "/base")
            for name in companions.dropFirst() {
                try name.write(toFile: "\(folder)/base/\(name)", atomically: true, encoding: .utf8)
            }
            let recipe = try recipe(
                in: folder, output: "a", adapter: "{method: full}", "model=\(folder)/base", "train.steps=20",
                "train.learning_rate=0.005")
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
            for name in companions { #expect(try bytes("\(folder)/a/\(name)") == bytes("\(folder)/base/\(name)")) }
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
            let tight = try recipe(in: folder, output: "a", "train.memory_limit=64MB")
            #expect(throws: Problem.self) { try TrainingRun(plan(tight)) }
            let loose = try recipe(in: folder, output: "a", "train.memory_limit=2GB")
            #expect(try TrainingRun(plan(loose)).forecast.peakBytes < 2_000_000_000)
        }
    }
}
