import Datasets
import Diagnostics
import Evaluation
import OrderedJSON
import Recipes

/// One evaluation of a model that is being trained: the loss on the rows of `data.eval`, then the tasks, asked as
/// `graft eval` asks them.
struct RunEvaluation {
    let plan: RunPlan
    let trainer: Trainer
    /// What memory was planned.
    let forecast: Forecast

    /// Answers shown of each task.
    private static let shownAnswers = 3

    private struct Stopped: Error {}

    /// What was found; nil when the run is to stop, which a long evaluation does not hold up.
    func report(step: Int, shouldStop: () -> Bool) throws -> StepEvaluation? {
        var report = StepEvaluation(step: step)
        do {
            try addLoss(&report, shouldStop)
            if !plan.tasks.isEmpty { try addTasks(plan.tasks, to: &report, shouldStop) }
        } catch is Stopped { return nil }
        return report
    }

    private func addLoss(_ report: inout StepEvaluation, _ shouldStop: () -> Bool) throws {
        guard let evaluation = plan.evaluation else { return }
        var loss = 0.0
        var steps = evaluation.steps()
        while let batch = try steps.next(), batch.epoch == 0 {
            if shouldStop() { throw Stopped() }
            let part = trainer.evaluate(batch)
            loss += part.loss
            report.targetTokens += part.targets
        }
        let mean = loss / Double(max(1, report.targetTokens))
        guard mean.isFinite else { throw RunFailure("the evaluation loss is not finite after step \(report.step)") }
        report.loss = mean
    }

    /// Asks tasks and adds what was found.
    func addTasks(
        _ tasks: [EvaluationTask], to report: inout StepEvaluation, _ shouldStop: () -> Bool = { false }
    ) throws {
        let model = EvaluatedModel(name: "step \(report.step)", path: plan.recipe.model, modelHash: "")
        var run = EvaluationRun(tasks, tokenizer: plan.tokenizer, precision: plan.precision)
        // What activations of training had room in has room for evaluating.
        if plan.recipe.train.memoryLimit != nil {
            run.limits.tokensPerPass = min(run.limits.tokensPerPass, forecast.microBatchTokens)
            run.limits.cacheBytes = min(run.limits.cacheBytes, forecast.activationBytes / 2)
        }
        let results = try run.results(of: [Contestant(model, trainer.model)], program: "") { _ in
            if shouldStop() { throw Stopped() }
        }
        let comparison = Comparison(results)
        for (number, task) in results.tasks.enumerated() {
            var shown: [String] = []
            for measured in comparison.section(ofTask: number)?.lines[0].metrics ?? [] {
                let metric = measured.metric
                // No base is asked here that the model could diverge from.
                guard let value = measured.value, metric != .divergence else { continue }
                report.metrics.append(("\(task.name).\(metric.name)", value))
                let isTelling = metric.role == .quality ? metric != .bitsPerByte : value != 0
                if isTelling { shown.append("\(metric.title) \(metric.text(value))") }
            }
            report.summaries.append("\(task.name): " + shown.joined(separator: ", "))
            let answered = task.rows.indices.filter { task.outcomes[0][$0].answer != nil }
            report.samples += answered.prefix(Self.shownAnswers).map { row in
                SampleAnswer(
                    task: task.name, prompt: task.rows[row].prompt, answer: task.outcomes[0][row].answer ?? "",
                    reference: task.rows[row].references.first)
            }
        }
    }
}
