import Adapters
import Datasets
import Diagnostics
import Foundation
import Kernels
import Models
import OrderedJSON
import Recipes
import SafeFiles
import Tensors
import WeightFiles

/// One run: the flat loop over steps, with evaluations, checkpoints and a way to stop.
public final class TrainingRun {
    /// What is trained on what.
    public let plan: RunPlan
    /// What it will need.
    public let forecast: Forecast
    /// The model with its adapters.
    public let model: Transformer
    let trainer: Trainer
    private let result: ResultFiles
    private var progress = Checkpoint.Progress()
    /// Whether the newest checkpoint holds the progress.
    private var isSaved = false
    /// The step of the checkpoint that a resume began with.
    private var resumedStep: Int?

    /// Quantises the base where the recipe says so, builds the model and its trainer, and plans memory.
    ///
    /// - Parameters:
    ///   - cache: where quantised bases are kept.
    ///   - progress: told what is done to the base and the share done; may throw to end the work.
    /// - Throws: ``Problem`` when `train.memory_limit` cannot be kept.
    public init(
        _ plan: RunPlan, quantising cache: QuantisedCache = .standard,
        quantisation: (String, Double?) throws -> Void = { _, _ in }
    ) throws {
        self.plan = plan
        let recipe = plan.recipe
        let seed = UInt64(bitPattern: Int64(recipe.train.seed))
        let mode: TrainingMode = plan.adapterPlan?.mode ?? .full(seed: seed)
        let files = try plan.base(cache, quantisation)
        model = Transformer(files, mode: mode)
        if let initial = plan.initial { initial.load(into: model) } else { model.initialiseAdapters(seed: seed) }
        var settings = TrainerSettings(
            schedule: Schedule(
                shape: .init(rawValue: recipe.train.scheduler.rawValue) ?? .cosine, peak: recipe.train.learningRate,
                minimum: recipe.train.minLearningRate, warmupRatio: recipe.train.warmupRatio,
                totalSteps: plan.totalSteps),
            precision: plan.precision, seed: seed, microBatchSize: recipe.train.microBatchSize)
        settings.optimizer.beta1 = recipe.train.betas[0]
        settings.optimizer.beta2 = recipe.train.betas[1]
        settings.optimizer.epsilon = recipe.train.eps
        settings.optimizer.weightDecay = recipe.train.weightDecay
        settings.optimizer.maxGradientNorm = recipe.train.maxGradNorm
        settings.routerAuxiliaryWeight = Float(recipe.train.routerAuxLossCoef)
        trainer = Trainer(model, settings)
        (forecast, trainer.settings.rowsPerMicroBatch) = try MemoryPlanner(plan, trainer).choose()
        model.blocksKept = forecast.blocksKept
        let config = plan.adapters.map { _ in
            PEFTConfig(settings: plan.initial?.config.settings ?? plan.settings, baseModel: recipe.model)
        }
        result = ResultFiles(
            model: model, adapter: config, template: plan.template, base: plan.files)
        progress.fingerprint = plan.fingerprint
        progress.memory = MemoryChoice(recipe.train.memoryLimit, rows: trainer.settings.rowsPerMicroBatch)
        progress.moment = plan.moment.timeIntervalSince1970
    }

    /// The moment that templates showed in the run in a directory, which a resume must show again; nil where no
    /// checkpoint tells.
    public static func moment(ofRunIn output: String) -> Date? {
        guard let newest = RunFolder(output).checkpoints.last else { return nil }
        return (try? Checkpoint(directory: newest.path).progress()).map { Date(timeIntervalSince1970: $0.moment) }
    }

    /// Facts for whoever shows the run.
    public var facts: RunFacts {
        let (epoch, summary) = (plan.source.epoch, plan.source.corpus.summary)
        let names = plan.files.plan.modules.map { $0.shape.weight.reduce(1, *) }
        return RunFacts(
            trainableParameters: model.parameters.reduce(0) { $0 + $1.count }, baseParameters: names.reduce(0, +),
            totalSteps: plan.totalSteps, samples: epoch.samples, tokens: epoch.tokens, targetTokens: epoch.targets,
            dropped: summary.dropped, truncated: summary.truncated, preferences: summary.kinds["preference"] ?? 0,
            isEstimate: epoch.isEstimate, evaluationSamples: plan.evaluation?.corpus.count ?? 0,
            adaptedModules: model.adapters.count, precision: plan.precision == .bf16 ? "bf16" : "f32",
            forecast: forecast)
    }

    /// Trains.
    ///
    /// - Parameters:
    ///   - resume: goes on from the newest checkpoint in the output directory. Where there is none, as after a run that
    ///     was ended before it saved, the run begins at its first step, and says so.
    ///   - replacing: empties the output directory first.
    ///   - shouldStop: asked after every step, and during evaluations; when true the state is saved and the run ends as
    ///     interrupted.
    ///   - listen: told everything, on the calling thread.
    public func run(
        resume: Bool = false, replacing: Bool = false, shouldStop: () -> Bool = { false },
        listen: (TrainingEvent) throws -> Void
    ) throws -> RunOutcome {
        let output = plan.recipe.output
        try checkDisk()
        let lock = try prepare(output, replacing: replacing)
        defer { withExtendedLifetime(lock) {} }
        try listen(.started(facts))
        progress.contents = try RunContents(plan)
        if resume { try goOn(listen) }
        // Only now: a resume with another recipe has been refused, and has left the run's own recipe alone.
        try AtomicFile.write(plan.recipe.yaml(), to: output + "/recipe.yaml")
        let metrics = try MetricsFile(directory: output, upTo: progress.step)
        let steps = Prefetcher(
            plan.source, from: progress.cursor, limit: max(0, plan.totalSteps - progress.step), ahead: 2)
        // One that the end of the run before has cut short.
        try evaluateIfDue(metrics, shouldStop, listen)
        if progress.isEvaluationDue { return try stop(listen) }
        var passedBy = PassedBy()
        while progress.step < plan.totalSteps, !hasLostPatience, let batch = try tellingWhatIsLeft({ try steps.next() })
        {
            for note in passedBy.notes(batch) { try listen(.note(note)) }
            let report = try tellingWhatIsLeft(advice: Self.steadier) { try trainer.step(batch) }
            progress.step = report.step
            progress.cursor = batch.next
            isSaved = false
            try metrics.write(report)
            try listen(.step(report))
            let isLast = report.step == plan.totalSteps
            progress.isEvaluationDue = plan.evaluates && (isLast || endsInterval(batch))
            // The last evaluation decides what is written, so it is not stopped.
            try evaluateIfDue(metrics, isLast ? { false } : shouldStop, listen)
            if isLast { break }
            if progress.isEvaluationDue || shouldStop() { return try stop(listen) }
            if report.step % plan.recipe.save.every == 0 { try save(listen) }
        }
        if hasLostPatience && progress.step < plan.totalSteps {
            let times = progress.evaluationsSinceBest
            try listen(.note("no better evaluation for \(times) times: stopping early at step \(progress.step)"))
        }
        if let note = passedBy.total { try listen(.note(note)) }
        if !plan.evaluates { try writeResult() }
        try save(listen)
        try listen(.finished(step: progress.step, bestStep: progress.bestStep ?? progress.step))
        return .finished
    }

    /// Whether as many evaluations as the recipe allows were no better; a resume of such a run is at its end, too.
    private var hasLostPatience: Bool {
        plan.recipe.evaluate.patience.map { progress.evaluationsSinceBest >= $0 } ?? false
    }

    /// Takes up the newest checkpoint.
    private func goOn(_ listen: (TrainingEvent) throws -> Void) throws {
        let output = plan.recipe.output
        guard let newest = RunFolder(output).checkpoints.last else {
            return try listen(
                .note("there is no checkpoint in \(output) to go on from: the run begins at its first step"))
        }
        let checkpoint = Checkpoint(directory: newest.path)
        var stored = try checkpoint.progress()
        try refuseChange(since: stored, contents: progress.contents)
        try checkpoint.load(stored, into: trainer)
        // Sums are cut into micro-batches as before, so that not a bit changes.
        if stored.memory.limit == progress.memory.limit, stored.memory.rows > 0 {
            trainer.settings.rowsPerMicroBatch = stored.memory.rows
        } else {
            stored.memory = progress.memory
        }
        stored.contents = progress.contents
        stored.isEvaluationDue = stored.isEvaluationDue && plan.evaluates
        progress = stored
        isSaved = true
        resumedStep = stored.step
        try listen(.resumed(step: stored.step))
    }

    /// What helps against numbers that are not finite.
    private static let steadier = "a lower train.learning_rate or train.max_grad_norm may help"

    /// What `body` gives; a failure of it says what is left of the run.
    private func tellingWhatIsLeft<Result>(advice: String? = nil, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let failure as RunFailure {
            let newest = RunFolder(plan.recipe.output).checkpoints.last
            let left = newest.map { "the last checkpoint is \($0.path)" } ?? "there is no checkpoint yet"
            throw RunFailure([failure.message, left, advice].compactMap { $0 }.joined(separator: "; "))
        }
    }

    private func stop(_ listen: (TrainingEvent) throws -> Void) throws -> RunOutcome {
        try save(listen)
        try listen(.interrupted(step: progress.step))
        return .interrupted
    }

    /// Whether the recipe wants an evaluation after this step.
    private func endsInterval(_ batch: StepBatch) -> Bool {
        switch plan.recipe.evaluate.every {
        case .epoch: batch.isLastOfEpoch
        case .steps(let every): progress.step % every == 0
        }
    }

    /// Evaluates where that is to be done; it remains to be done when the run is to stop meanwhile.
    private func evaluateIfDue(
        _ metrics: MetricsFile, _ shouldStop: () -> Bool, _ listen: (TrainingEvent) throws -> Void
    ) throws {
        guard progress.isEvaluationDue else { return }
        let evaluation = RunEvaluation(plan: plan, trainer: trainer, forecast: forecast)
        guard
            var report = try tellingWhatIsLeft({
                try evaluation.report(step: progress.step, shouldStop: shouldStop)
            })
        else { return }
        guard let value = report.value(plan.deciding.name) else {
            throw RunFailure("\(plan.deciding.name) cannot be measured on these rows; name another evaluate.metric")
        }
        guard value.isFinite else {
            throw RunFailure("\(plan.deciding.name) is not finite after step \(progress.step)")
        }
        progress.isEvaluationDue = false
        isSaved = false
        // A resume may have changed what decides; values of another metric say nothing.
        let best = progress.metric == plan.deciding.name ? progress.bestValue : nil
        report.isBest = best.map { plan.deciding.isBetter(value, than: $0) } ?? true
        if report.isBest {
            progress.bestValue = value
            progress.bestStep = progress.step
            try writeResult()
        }
        progress.metric = plan.deciding.name
        progress.evaluationsSinceBest = report.isBest ? 0 : progress.evaluationsSinceBest + 1
        try metrics.write(report)
        try listen(.evaluated(report))
    }

    /// Writes what the run is for.
    private func writeResult() throws {
        try tellingWhatIsLeft(advice: Self.steadier) { try trainer.checkWeights() }
        try result.write(to: plan.recipe.output)
    }

    /// Writes a checkpoint, unless the newest one is of this very state.
    private func save(_ listen: (TrainingEvent) throws -> Void) throws {
        if isSaved { return }
        try tellingWhatIsLeft(advice: Self.steadier) { try trainer.checkWeights() }
        let output = plan.recipe.output
        if let newest = RunFolder(output).checkpoints.last, newest.step == resumedStep, newest.step == progress.step {
            // An evaluation was made up for: no tensor changed, and the checkpoint is whole at every instant.
            try Checkpoint(directory: newest.path).write(progress)
            isSaved = true
            return try listen(.saved(step: progress.step, path: newest.path))
        }
        let path = try Checkpoint.write(trainer, progress, to: output) { directory in
            if result.adapter != nil { try result.write(to: directory) }
        }
        isSaved = true
        for old in RunFolder(output).checkpoints.dropLast(plan.recipe.save.keep) {
            try? FileManager.default.removeItem(atPath: old.path)
        }
        try listen(.saved(step: progress.step, path: path))
    }
}
