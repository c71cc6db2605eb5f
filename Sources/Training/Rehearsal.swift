import Datasets
import Evaluation
import Kernels
import Models
import Recipes
import Tensors

/// What a few micro-batches of a run have cost, run before its start for a forecast.
public struct Rehearsal: Sendable {
    /// Seconds of the run's tokens, forward and backward.
    public var training: Double
    /// Seconds of all updates of weights.
    public var updates: Double
    /// Seconds of all evaluations, on held-out rows and tasks.
    public var evaluations: Double
    /// Seconds of writing checkpoints and results, which nothing was measured for: a usual disk's speed.
    public var saving: Double
    /// Seconds that the first micro-batch took longer than the others: weights read from disk, products prepared.
    public var warmUp: Double
    /// Largest resident memory, in bytes.
    public var peakBytes: Int
    /// Tokens that were run.
    public var tokens: Int

    /// Seconds from the first step to the last.
    public var seconds: Double { training + updates + evaluations + saving + warmUp }
}

extension Trainer {
    /// Seconds of one micro-batch forward and backward, and of counting routers' choices where a step is more than this
    /// one. Gradients are thrown away, no weight changes.
    func rehearse(_ micro: Batch, isWholeStep: Bool = true) throws -> Double {
        let start = ContinuousClock.now
        for parameter in parameters { parameter.clearGradient() }
        let balance = expertBalance(of: [micro], isWholeStep: isWholeStep, key: 0)
        _ = try accumulate(micro, targets: max(1, micro.targetCount), DropoutDraw(key: 0, firstRow: 0), balance)
        return (ContinuousClock.now - start).seconds
    }

    /// Seconds of an update of all weights, which this one leaves as they are.
    func rehearseUpdate() -> Double {
        let start = ContinuousClock.now
        let norm = AdamW.gradientNorm(parameters)
        optimizer.update(parameters, norm: norm, rate: 0)
        let seconds = (ContinuousClock.now - start).seconds
        optimizer = AdamW(optimizer.settings, parameters: parameters)
        return seconds
    }
}

extension TrainingRun {
    /// Runs micro-batches of the first steps, the largest first, for about `budget` seconds, and at least two of them
    /// (one where the first takes very long). Writes nothing; no weight changes.
    public func rehearse(budget: Double = 6) throws -> Rehearsal {
        let (micros, isWholeStep) = try upcomingMicroBatches()
        let first = try trainer.rehearse(micros[0], isWholeStep: isWholeStep)
        let longest = 60.0
        var (tokens, seconds) = (0, 0.0)
        if first > longest { (tokens, seconds) = (micros[0].tokens.count, first) }
        var growth = PreparedGrowth(micros[0].tokens.count)
        // The largest once more, so that its second time counts among the others by its share only.
        var next = 1
        while seconds < budget && first <= longest && next <= 400 {
            let micro = micros[next % micros.count]
            seconds += try trainer.rehearse(micro, isWholeStep: isWholeStep)
            tokens += micro.tokens.count
            if next < micros.count { growth.add(micro.tokens.count) }
            next += 1
        }
        let perToken = seconds / Double(max(1, tokens))
        let allTokens = plan.source.tokenCount(steps: plan.totalSteps)
        // Asked now: what evaluations prepare is not what a micro-batch does.
        let toCome = growth.bytesToCome(tokens: allTokens)
        let update = min(trainer.rehearseUpdate(), trainer.rehearseUpdate())
        let evaluation = try rehearseHeldOut(budget: budget / 4) + rehearseTasks(budget: budget / 4)
        return Rehearsal(
            training: perToken * allTokens,
            updates: update * Double(plan.totalSteps), evaluations: evaluation * Double(evaluationCount),
            saving: Double(plan.saves) * (0.03 + Double(forecast.checkpointBytes) / 500e6),
            warmUp: max(0, first - perToken * Double(micros[0].tokens.count)),
            peakBytes: Machine.resident.peak + toCome,
            tokens: tokens + micros[0].tokens.count)
    }

    /// Micro-batches of the first steps, the largest of them first: memory is at its peak there. And whether each is a
    /// step.
    private func upcomingMicroBatches() throws -> ([Batch], isWholeStep: Bool) {
        let enough = 64
        var steps = plan.source.steps()
        var micros: [Batch] = []
        var isWholeStep = true
        for _ in 0..<min(enough, plan.totalSteps) where micros.count < enough {
            guard let step = try steps.next() else { break }
            let own = trainer.microBatches(step.sequences)
            isWholeStep = isWholeStep && own.count == 1
            micros += own.map { Batch.joined($0) }
        }
        precondition(!micros.isEmpty, "TrainingRun.rehearse: there are no samples")
        let largest = micros.indices.max { micros[$0].tokens.count < micros[$1].tokens.count } ?? 0
        micros.swapAt(0, largest)
        return (micros, isWholeStep)
    }

    /// How often the run evaluates.
    private var evaluationCount: Int {
        let every =
            switch plan.recipe.evaluate.every {
            case .epoch: max(1, plan.stepsPerEpoch)
            case .steps(let steps): steps
            }
        return (plan.totalSteps - 1) / every + 1
    }

    /// Seconds that the loss on all held-out rows takes.
    private func rehearseHeldOut(budget: Double) throws -> Double {
        guard let evaluation = plan.evaluation else { return 0 }
        var steps = evaluation.steps()
        var (tokens, start) = (0, ContinuousClock.now)
        var warm = false
        repeat {
            guard let batch = try steps.next(), batch.epoch == 0 else { break }
            _ = trainer.evaluate(batch)
            if warm { tokens += batch.tokenCount } else { start = .now }
            warm = true
        } while (ContinuousClock.now - start).seconds < budget
        var again = evaluation.steps()
        if tokens == 0, let batch = try again.next() {
            start = .now
            _ = trainer.evaluate(batch)
            tokens = batch.tokenCount
        }
        let perToken = (ContinuousClock.now - start).seconds / Double(max(1, tokens))
        return perToken * Double(evaluation.corpus.summary.tokens)
    }

    /// Seconds that asking all tasks takes, told by some rows of each: as many as `budget` seconds allow, which are
    /// asked together as they will be.
    private func rehearseTasks(budget: Double) throws -> Double {
        let evaluation = RunEvaluation(plan: plan, trainer: trainer, forecast: forecast)
        let most = 32
        return try plan.tasks.reduce(0) { seconds, task in
            func time(_ rows: Int) throws -> Double {
                let start = ContinuousClock.now
                var report = StepEvaluation(step: 0)
                try evaluation.addTasks([task.prefix(rows)], to: &report)
                return (ContinuousClock.now - start).seconds
            }
            let one = try time(1)
            let rows = min(most, task.rows.count, Int(budget / max(one, budget / Double(most))))
            let some = rows > 1 ? try time(rows) : one
            return seconds + some / Double(max(1, rows)) * Double(task.rows.count)
        }
    }
}
