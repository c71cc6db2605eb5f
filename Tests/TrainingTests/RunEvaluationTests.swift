import Diagnostics
import Foundation
import Recipes
import Testing
import Training

/// What a run measures on its way, and what that decides.
@Suite("Evaluations of runs")
struct RunEvaluationTests {
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
            // The divergence from the base is of no adapted model alone.
            try "tasks: [{name: facts, data: \(folder)/facts.jsonl, general: true}]".write(
                toFile: folder + "/suite.yaml", atomically: true, encoding: .utf8)
            let general = try TrainingTests.recipe(
                in: folder, output: "a", "evaluate.tasks=\(folder)/suite.yaml", "evaluate.metric=facts.kl")
            #expect(throws: Problems.self) { try plan(general) }
        }
    }

    @Test func whatNoRowGivesDecidesNothing() throws {
        try withFolder { folder in
            try writeRows(6, to: folder + "/facts.jsonl", seed: 3)
            try "tasks: [{data: \(folder)/facts.jsonl, metrics: [loss, word_perplexity]}]".write(
                toFile: folder + "/suite.yaml", atomically: true, encoding: .utf8)
            let recipe = try recipe(
                in: folder, output: "a", "evaluate.tasks=\(folder)/suite.yaml", "evaluate.metric=facts.word_perplexity",
                "data.max_length=4096")
            let problems = #expect(throws: Problems.self) { try plan(recipe) }
            let messages = problems?.list.map(\.message) ?? []
            #expect(messages.contains("task 'facts' has no metric 'word_perplexity'"), "\(messages)")
            #expect(messages.contains { $0.hasPrefix("data.max_length: 4096 is beyond the model's") }, "\(messages)")
        }
    }

    @Test func mistakesInSuitesAndTemplatesAreToldOnce() throws {
        try withFolder { folder in
            try "{% for m in messages %}".write(toFile: folder + "/t.jinja", atomically: true, encoding: .utf8)
            for name in ["a", "b"] {
                try "tasks: [{dta: x}]".write(toFile: "\(folder)/\(name).yaml", atomically: true, encoding: .utf8)
            }
            let suites = try recipe(
                in: folder, output: "a", "evaluate.tasks=[\(folder)/a.yaml, \(folder)/b.yaml]")
            let found = #expect(throws: Problems.self) { try plan(suites) }?.list ?? []
            #expect(found.filter { $0.message == "unknown key 'dta'" }.count == 2, "\(found)")
            try writeRows(6, to: folder + "/facts.jsonl", seed: 3)
            let template = try recipe(
                in: folder, output: "a", "data.template=\(folder)/t.jinja", "evaluate.tasks=\(folder)/facts.jsonl")
            let broken = #expect(throws: Problems.self) { try plan(template) }?.list ?? []
            #expect(broken.count == 1 && broken[0].file == folder + "/t.jinja", "\(broken)")
        }
    }

    @Test func noDivergenceIsToldOfAModelThatIsTrained() throws {
        try withFolder { folder in
            try writeRows(6, to: folder + "/facts.jsonl", seed: 3)
            try "tasks: [{data: \(folder)/facts.jsonl, general: true}]".write(
                toFile: folder + "/suite.yaml", atomically: true, encoding: .utf8)
            let recipe = try recipe(
                in: folder, output: "a", "evaluate.tasks=\(folder)/suite.yaml", "train.steps=1")
            _ = try TrainingRun(plan(recipe)).run { _ in }
            #expect(try losses(folder + "/a", "facts.loss").count == 1)
            #expect(try losses(folder + "/a", "facts.kl").isEmpty)
        }
    }

    @Test func aRehearsalAsksTheTasks() throws {
        try withFolder { folder in
            try writeRows(40, to: folder + "/facts.jsonl", seed: 3)
            let plain = try TrainingRun(plan(recipe(in: folder, output: "a"))).rehearse(budget: 0.1)
            let asking = try recipe(
                in: folder, output: "a", "evaluate.tasks=\(folder)/facts.jsonl", "evaluate.every=1")
            let asked = try TrainingRun(plan(asking)).rehearse(budget: 0.1)
            #expect(plain.evaluations == 0 && asked.evaluations > 0)
        }
    }
}
