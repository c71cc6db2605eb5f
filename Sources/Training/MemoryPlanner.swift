import Datasets
import Diagnostics
import Kernels
import Models
import Recipes

/// Chooses how much is in memory at once: first the tokens of a micro-batch, which costs no speed down to about 512,
/// then how many blocks keep their activations, which costs a second forward pass of those that do not.
struct MemoryPlanner {
    private let plan: RunPlan
    private let model: Transformer
    /// Measured where a limit must be kept.
    private let probe: MemoryProbe?

    init(_ plan: RunPlan, _ trainer: Trainer) throws {
        self.plan = plan
        model = trainer.model
        guard let limit = plan.recipe.train.memoryLimit else {
            probe = nil
            return
        }
        // Told at once: measuring runs the model, which would read all of its weights several times.
        let (weights, trained) = (Forecast.weightBytes(model), Forecast.trainedBytes(model, precision: plan.precision))
        if weights + trained > limit {
            throw Problem(
                "train.memory_limit: \(ByteSize.text(limit)) is not enough; the weights take "
                    + "\(ByteSize.about(weights)) and the trained numbers \(ByteSize.about(trained))",
                advice: "raise the limit, hold the base in fewer bits (base.quantize), or train fewer layers")
        }
        probe = try MemoryProbe(plan, trainer)
    }

    func choose() throws -> (Forecast, rows: Int) {
        let blocks = model.config.layers.count
        let limit = plan.recipe.train.memoryLimit
        let longest = min(plan.recipe.data.maxLength, max(1, plan.source.epoch.longest))
        let sequence = plan.recipe.data.packing ? plan.recipe.data.maxLength : longest
        if let size = plan.recipe.train.microBatchSize {
            return try fit(rows: size * sequence, blocks: blocks, limit)
        }
        let comfortable = max(Forecast.comfortableRows(model, precision: plan.precision), sequence)
        guard let limit else { return (forecast(rows: comfortable, blocks), comfortable) }
        var rows = comfortable
        while rows > max(512, sequence) {
            let forecast = forecast(rows: rows, blocks)
            if forecast.peakBytes <= limit { return (forecast, rows) }
            rows = max(max(512, sequence), rows / 2)
        }
        return try fit(rows: max(512, sequence), blocks: blocks, limit)
    }

    private func fit(rows: Int, blocks: Int, _ limit: Int?) throws -> (Forecast, rows: Int) {
        guard let limit else { return (forecast(rows: rows, blocks), rows) }
        for kept in stride(from: blocks, through: 1, by: -1) {
            let forecast = forecast(rows: rows, kept)
            if forecast.peakBytes <= limit { return (forecast, rows) }
        }
        let least = forecast(rows: rows, 1)
        throw Problem(
            "train.memory_limit: \(ByteSize.text(limit)) is not enough; the least this run can do with is "
                + ByteSize.about(least.peakBytes),
            advice: "raise the limit, lower data.max_length or train.micro_batch_size, or train fewer layers")
    }

    private func forecast(rows: Int, _ kept: Int) -> Forecast {
        let epoch = plan.source.epoch
        let perStep = max(1, epoch.tokens / max(1, epoch.steps))
        let targets = max(1, epoch.targets / max(1, epoch.steps))
        var forecast = Forecast(
            model, tokens: perStep, targets: targets, micro: rows, blocksKept: kept, precision: plan.precision,
            checkpoints: min(plan.saves, plan.recipe.save.keep))
        forecast.measuredPeak = probe?.peak(rows: rows, kept: kept)
        return forecast
    }
}
