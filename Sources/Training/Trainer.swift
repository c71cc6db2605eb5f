import Datasets
import Diagnostics
import Foundation
import Kernels
import Models
import Tensors

/// What a trainer needs to know besides the model.
public struct TrainerSettings: Sendable {
    /// The learning rate over the run.
    public var schedule: Schedule
    /// The optimiser's constants.
    public var optimizer: AdamW.Settings
    /// The type of the products' operands.
    public var precision: ElementType
    /// What dropout draws from.
    public var seed: UInt64
    /// Sequences in memory at once; nil takes as many as make about ``rowsPerMicroBatch`` tokens.
    public var microBatchSize: Int?
    /// Tokens in memory at once, when the number of sequences is not given; a longer sequence goes alone.
    public var rowsPerMicroBatch = 512
    /// What is minimised.
    public var objective = Objective.supervised
    /// Weight of the routers' load balancing loss; 0 for none.
    public var routerAuxiliaryWeight: Float = 0

    /// Settings.
    public init(
        schedule: Schedule, optimizer: AdamW.Settings = .init(), precision: ElementType, seed: UInt64,
        microBatchSize: Int? = nil
    ) {
        self.schedule = schedule
        self.optimizer = optimizer
        self.precision = precision
        self.seed = seed
        self.microBatchSize = microBatchSize
    }
}

/// What one optimiser step did.
public struct StepReport: Sendable {
    /// Steps done, this one included.
    public var step: Int
    /// Mean loss over the step's target tokens, before the update.
    public var loss: Double
    /// The routers' load balancing loss over all the step's tokens, before its weight; nil when it is not asked for.
    public var routerAuxiliaryLoss: Double?
    /// Norm of all gradients together, before clipping.
    public var gradientNorm: Double
    /// The learning rate used.
    public var learningRate: Double
    /// Tokens that carried loss.
    public var targetTokens: Int
    /// All tokens processed.
    public var tokens: Int
    /// Wall-clock seconds.
    public var seconds: Double
    /// The epoch that the step's samples are from, from 0.
    public var epoch: Int
    /// All tokens processed a second.
    public var tokensPerSecond: Double { Double(tokens) / max(seconds, 1e-9) }
}

/// Trains a model step by step. Owns the optimiser's state; knows nothing of files.
public final class Trainer {
    /// The model.
    public let model: Transformer
    /// The settings.
    public internal(set) var settings: TrainerSettings
    /// Steps done.
    public internal(set) var step = 0
    let parameters: [Parameter]
    var optimizer: AdamW

    /// A trainer at step 0.
    public init(_ model: Transformer, _ settings: TrainerSettings) {
        self.model = model
        self.settings = settings
        parameters = model.parameters
        optimizer = AdamW(settings.optimizer, parameters: parameters)
    }

    /// One optimiser step. The loss is the sum over the step's target tokens divided by their number, so that cutting
    /// the step into micro-batches does not change the result.
    ///
    /// - Throws: ``RunFailure`` naming the tensor when the loss or a gradient is not finite; nothing was updated then.
    public func step(_ batch: StepBatch) throws -> StepReport {
        let start = ContinuousClock.now
        let targets = batch.targetCount
        precondition(targets > 0, "Trainer.step: no target tokens")
        for parameter in parameters { parameter.clearGradient() }
        var loss = 0.0
        var row = 0
        let key = NormalDraws.key(seed: settings.seed, step: step)
        let micros = microBatches(batch.sequences).map { Batch.joined($0) }
        let balance = expertBalance(of: micros, isWholeStep: micros.count == 1, key: key)
        for micro in micros {
            defer { row += micro.tokens.count }
            loss += try accumulate(micro, targets: targets, DropoutDraw(key: key, firstRow: row), balance)
        }
        let rate = settings.schedule.rate(at: step)
        let norm = try Profile.measure(.optimizer) {
            let norm = AdamW.gradientNorm(parameters)
            guard norm.isFinite else {
                let culprit = notFinite("the gradient", \.gradient)
                throw RunFailure("\(culprit) in step \(step + 1); no weight was changed by this step")
            }
            optimizer.update(parameters, norm: norm, rate: rate)
            return norm
        }
        step += 1
        return StepReport(
            step: step, loss: loss / Double(targets), routerAuxiliaryLoss: balance?.loss, gradientNorm: norm,
            learningRate: rate, targetTokens: targets,
            tokens: batch.tokenCount, seconds: (ContinuousClock.now - start).seconds, epoch: batch.epoch)
    }

    /// What balances the routers' choices in this step, nil where it is not asked for. Where the micro-batches are not
    /// the whole step in one, their choices have been counted.
    func expertBalance(of micros: [Batch], isWholeStep: Bool, key: UInt64) -> ExpertBalance? {
        guard settings.routerAuxiliaryWeight > 0,
            let balance = model.config.expertBalance(coefficient: settings.routerAuxiliaryWeight)
        else { return nil }
        if isWholeStep { return balance }
        var row = 0
        for micro in micros {
            defer { row += micro.tokens.count }
            if micro.targetCount == 0 { continue }
            Recording.off {
                _ = model.hiddenStates(
                    TokenBatch(tokens: micro.tokens, segmentStarts: micro.segmentStarts), rows: [0],
                    precision: settings.precision, draw: DropoutDraw(key: key, firstRow: row), balance: balance)
            }
        }
        balance.close()
        return balance
    }

    /// Adds the gradients of a micro-batch and gives the sum of its losses.
    func accumulate(
        _ micro: Batch, targets: Int, _ draw: DropoutDraw, _ balance: ExpertBalance? = nil
    ) throws -> Double {
        if micro.targetCount == 0 { return 0 }
        let (sum, losses) = settings.objective.loss(model, micro, settings.precision, draw, balance)
        balance?.close()
        let loss = losses.reduce(0) { $0 + Double($1) }
        guard loss.isFinite else {
            throw RunFailure("the loss is not finite in step \(step + 1); no weight was changed by this step")
        }
        sum.backward(seed: 1 / Float(targets))
        return loss
    }

    /// The sum of losses over target tokens, and their number, without training.
    public func evaluate(_ batch: StepBatch) -> (loss: Double, targets: Int) {
        var loss = 0.0
        for micro in microBatches(batch.sequences) {
            let joined = Batch.joined(micro)
            if joined.targetCount == 0 { continue }
            let (_, losses) = settings.objective.loss(model, joined, settings.precision, nil, nil)
            loss += losses.reduce(0) { $0 + Double($1) }
        }
        return (loss, batch.targetCount)
    }

    func microBatches(_ sequences: [Batch]) -> [ArraySlice<Batch>] {
        var result: [ArraySlice<Batch>] = []
        var start = 0
        while start < sequences.count {
            var end = start + 1
            if let size = settings.microBatchSize {
                end = min(sequences.count, start + size)
            } else {
                var rows = sequences[start].tokens.count
                while end < sequences.count, rows + sequences[end].tokens.count <= settings.rowsPerMicroBatch {
                    rows += sequences[end].tokens.count
                    end += 1
                }
            }
            result.append(sequences[start..<end])
            start = end
        }
        return result
    }

    /// Refuses weights that are not finite, before they are kept: an update can overflow though its gradient did not.
    ///
    /// - Throws: ``RunFailure`` naming the tensor.
    func checkWeights() throws(RunFailure) {
        if AdamW.norm(parameters, \.value).isFinite { return }
        throw RunFailure("\(notFinite("the value", \.value)) after step \(step); it is not kept")
    }

    /// Names the parts of parameters that hold numbers there which are not finite.
    private func notFinite(_ what: String, _ tensor: (Parameter) -> Tensor) -> String {
        let names = parameters.flatMap { parameter in
            parameter.parts.filter { part in
                !tensor(parameter).view(rows: part.rows).values().allSatisfy(\.isFinite)
            }.map(\.name)
        }
        return "\(what) of \(names.first ?? "a parameter") is not finite"
            + (names.count > 1 ? " (and of \(names.count - 1) more)" : "")
    }
}

extension NormalDraws {
    /// A key for what is drawn in one step of a run.
    static func key(seed: UInt64, step: Int) -> UInt64 {
        var draws = NormalDraws(seed: seed, name: "step \(step)")
        return UInt64(draws.uniform() * 0x1p53)
    }
}
