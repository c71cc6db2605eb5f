import Datasets
import Diagnostics
import Evaluation
import Foundation
import Kernels
import Models
import OrderedJSON
import Recipes
import Tensors
import Testing
import Tokenizers

/// Held-out rows measured with a real model whose losses transformers computed (reference.json beside the weights).
@Suite(.serialized) struct EvaluatorTests {
    @Test func lossesAreThoseOfTransformers() throws {
        guard let directory = sharedModel("stories260K") else { return }
        let reference = try JSONValue(contentsOfFile: directory + "/reference.json")
        let prompts = try #require(reference["prompts"]?.arrayValue)
        let scratch = try Scratch()
        let file = try scratch.rows("rows.jsonl", prompts.map { ["input_ids": $0["greedy_ids"] ?? .null] })
        let subject = try Subject(directory)
        let results = try subject.results(try subject.reader(.none).read([TaskSettings(data: [file])]).tasks)
        let scores = results.tasks[0].scores(.loss, model: 0)
        #expect(prompts.count > 1)
        for (row, prompt) in prompts.enumerated() {
            let wanted = try #require(prompt["teacher_forced_loss"]?.doubleValue)
            #expect(abs(scores.sums[row] / scores.weights[row] - wanted) < 2e-5)
        }
    }

    @Test func answersAreComparedWithReferences() throws {
        guard let directory = sharedModel("stories260K") else { return }
        let scratch = try Scratch()
        let file = try scratch.rows(
            "rows.jsonl",
            [
                [
                    "prompt": "Once upon a time", "completion": ", there was a little girl named LILY!",
                    "category": "girl",
                ],
                ["prompt": "Once upon a time", "completion": ", there was a big dog", "category": "dog"],
                ["text": "Once upon a time, there was a little girl."],
            ])
        let subject = try Subject(directory)
        let tasks = try subject.reader(.none, stop: [426]).read([TaskSettings(data: [file])]).tasks  // the full stop
        let model = Transformer(subject.files)
        var same = subject.base
        (same.name, same.adapter) = ("same", "same")
        let results = try EvaluationRun(tasks, tokenizer: subject.tokenizer, precision: .f32).results(
            of: [Contestant(subject.base, model), Contestant(same, model)], program: "test"
        ) { _ in }
        let task = results.tasks[0]
        let answer = task.outcomes[0][0].answer?.drop { ", ".contains($0) }
        #expect(answer == "there was a little girl named Lily")
        #expect(task.outcomes[0][2].answer == nil)
        let exact = try #require(task.metric("exact_match"))
        #expect(task.scores(exact, model: 0) == RowScores(sums: [1, 0, 0], weights: [1, 1, 0]))
        #expect(task.rows[2].prompt == "Once upon a time, there was a little girl.")
        let comparison = Comparison(results)
        #expect(comparison.sections.map(\.rows) == [3, 1, 1])
        #expect(comparison.sections.map(\.category) == [nil, "girl", "dog"])
        for section in comparison.sections {
            #expect(section.lines[1].metrics.allSatisfy { $0.change?.difference ?? 0 == 0 && $0.verdict == nil })
        }
        let whole = comparison.sections[0].lines[1]["exact_match"]
        #expect(whole?.value == 0.5 && whole?.change?.test == McNemar(onlyFirst: 0, onlySecond: 0))
        let report = EvaluationReport(results)
        #expect(report.json["results"]?[0]?["models"]?[0]?["exact_match"]?.doubleValue == 0.5)
        #expect(report.lines.count == 4)
    }

    /// The same model with three adapters, and with none in the same pass; another base beside them is asked alone.
    @Test func baseAndAdaptersAnswerTogetherAsEachAlone() throws {
        let scratch = try Scratch()
        let subject = try Subject(tinyModel)
        let file = try scratch.rows(
            "rows.jsonl",
            (0..<5).map { ["prompt": .string("The farmer number \($0) went to"), "reference": "the market"] })
        var settings = TaskSettings(data: [file])
        settings.maxTokens = 12
        let tasks = try subject.reader().read([settings]).tasks
        let adapted = (1...3).map {
            (name: "adapted \($0)", model: subject.adapted(rank: 2 * $0, seed: $0, deviation: 1))
        }
        let full = Transformer(subject.files, mode: .full(seed: 1))
        let others = adapted + [(name: "full", model: full)]
        func answers(together: Bool) throws -> (answers: [[String?]], names: Set<String>) {
            var run = EvaluationRun(tasks, tokenizer: subject.tokenizer, precision: .f32)
            run.answersTogether = together
            var names = Set<String>()
            let results = try run.results(
                of: [Contestant(subject.base, Transformer(subject.files))]
                    + others.map { other in
                        var described = subject.base
                        (described.name, described.adapter) = (other.name, other.name)
                        return Contestant(described, other.model)
                    }, program: "test"
            ) { names.insert($0.model) }
            return (results.tasks[0].outcomes.map { $0.map(\.answer) }, names)
        }
        let alone = try answers(together: false)
        let together = try answers(together: true)
        #expect(together.answers == alone.answers)
        #expect(alone.names == ["base", "adapted 1", "adapted 2", "adapted 3", "full"])
        #expect(together.names == ["base and 3 more", "full"])
        #expect(Set(alone.answers.dropLast()).count == 4)
    }

    /// `Σ p_base (ln p_base − ln p)` over whole distributions, in double precision.
    @Test func divergenceIsThatOfTheDistributions() throws {
        let scratch = try Scratch()
        let subject = try Subject(tinyModel)
        let file = try scratch.rows("rows.jsonl", [["text": "The farmer went to market."], ["text": "It rained."]])
        var settings = TaskSettings(data: [file])
        settings.general = true
        let tasks = try subject.reader().read([settings]).tasks
        let (base, adapted) = (Transformer(subject.files), subject.adapted())
        var described = subject.base
        (described.name, described.adapter) = ("adapted", "adapted")
        let results = try EvaluationRun(tasks, tokenizer: subject.tokenizer, precision: .f32).results(
            of: [Contestant(subject.base, base), Contestant(described, adapted)], program: "test"
        ) { _ in }
        let task = results.tasks[0]
        let kl = try #require(task.metric("kl"))
        #expect(task.scores(kl, model: 0).mean == 0)
        for (row, text) in ["The farmer went to market.", "It rained."].enumerated() {
            // Text, EOS; what follows EOS is not asked.
            let ids = subject.tokenizer.encode(text)
            func distributions(_ model: Transformer) -> [[Double]] {
                let logits = Recording.off { model.logits(model.hiddenStates(TokenBatch(ids), precision: .f32)) }
                let values = logits.values().map { Double($0) }
                return (0..<ids.count).map { row in
                    let own = values[row * logits.columns..<(row + 1) * logits.columns]
                    let sum = own.reduce(0) { $0 + exp($1) }
                    return own.map { $0 - log(sum) }
                }
            }
            let wanted = zip(distributions(base), distributions(adapted)).reduce(0.0) { total, pair in
                total + zip(pair.0, pair.1).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
            }
            let own = task.scores(kl, model: 1).sums[row]
            #expect(wanted > 0.01 && abs(own / wanted - 1) < 1e-3, "\(own) and \(wanted)")
        }
    }

    /// What a model's journal holds of its divergence from one base is not taken for that from another.
    @Test func divergencesAreKeptByTheirBase() throws {
        let scratch = try Scratch()
        let subject = try Subject(tinyModel)
        let file = try scratch.rows("rows.jsonl", [["text": "The farmer went to market."]])
        var settings = TaskSettings(data: [file])
        settings.general = true
        let tasks = try subject.reader().read([settings]).tasks
        let models = [Transformer(subject.files), subject.adapted(seed: 1), subject.adapted(seed: 2)]
        func divergence(of model: Int, from base: Int, kept: Bool) throws -> Double? {
            let contestants = try [base, model].map { number in
                Contestant(
                    subject.base, models[number],
                    journal: kept
                        ? try Journal(directory: scratch.path + "/cache", model: "model-\(number)") : Journal())
            }
            let run = EvaluationRun(tasks, tokenizer: subject.tokenizer, precision: .f32)
            let results = try run.results(of: contestants, program: "test") { _ in }
            return results.tasks[0].scores(.divergence, model: 1).mean
        }
        let (first, second) = (try divergence(of: 2, from: 0, kept: true), try divergence(of: 2, from: 1, kept: true))
        #expect(first != second)
        #expect(try second == divergence(of: 2, from: 1, kept: false))
        #expect(try first == divergence(of: 2, from: 0, kept: true))
    }

    @Test func evaluationsAtTheSameTimeKeepEachOthersAnswers() throws {
        let scratch = try Scratch()
        let subject = try Subject(tinyModel)
        let tasks = try ["a", "b"].map { name in
            let file = try scratch.rows(
                name + ".jsonl", (0..<3).map { ["text": .string("Row \($0) of file \(name).")] })
            return try subject.reader().read([TaskSettings(data: [file])]).tasks[0]
        }
        func journal() throws -> Journal { try Journal(directory: scratch.path + "/cache", model: "m") }
        let journals = [try journal(), try journal()]
        for (task, journal) in zip(tasks, journals) { _ = try subject.results([task], journal: journal) }
        let run = EvaluationRun(tasks, tokenizer: subject.tokenizer, precision: .f32)
        var asked = 0
        _ = try run.results(
            of: [Contestant(subject.base, Transformer(subject.files), journal: try journal())], program: "test"
        ) { asked += $0.rows.all }
        #expect(asked == 0)
    }

    @Test func interruptedEvaluationsGoOn() throws {
        struct Stop: Error {}
        let scratch = try Scratch()
        let subject = try Subject(tinyModel)
        let file = try scratch.rows("rows.jsonl", (0..<6).map { ["text": .string("Row \($0) of a small file.")] })
        var settings = TaskSettings(data: [file])
        settings.general = true
        let tasks = try subject.reader().read([settings]).tasks
        let whole = try subject.results(tasks)
        func journal() throws -> Journal { try Journal(directory: scratch.path + "/cache", model: "m") }
        let run = EvaluationRun(tasks, tokenizer: subject.tokenizer, precision: .f32)
        #expect(throws: Stop.self) {
            try run.results(
                of: [Contestant(subject.base, Transformer(subject.files), journal: try journal())], program: "test"
            ) { if $0.rows.done > 0 { throw Stop() } }
        }
        // A line that a crash cut off is passed over.
        let path = scratch.path + "/cache/m.jsonl"
        let kept = try String(contentsOfFile: path, encoding: .utf8)
        #expect(kept.split(separator: "\n").count == 6)
        try String(kept.dropLast(20)).write(toFile: path, atomically: true, encoding: .utf8)
        var asked = 0
        let again = try run.results(
            of: [Contestant(subject.base, Transformer(subject.files), journal: try journal())], program: "test"
        ) { asked = max(asked, $0.rows.all) }
        #expect(asked == 1)
        // A row in other company is the same to rounding.
        for (own, other) in zip(again.tasks[0].outcomes[0], whole.tasks[0].outcomes[0]) {
            let sums = [own, other].map { $0.scores["loss"]?.sum ?? .nan }
            #expect(abs(sums[0] - sums[1]) < 1e-3)
        }
        var silent = true
        _ = try run.results(
            of: [Contestant(subject.base, Transformer(subject.files), journal: try journal())], program: "test"
        ) { _ in silent = false }
        #expect(silent)
    }
}
