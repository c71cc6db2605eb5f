import Kernels
import Models
import OrderedJSON
import Recipes
import Training

/// What a run will need, told before it starts (`train --dry-run`).
struct DryRun {
    private let facts: RunFacts
    private let output: String
    private let secondsPerStep: Double

    /// Measures how fast this machine multiplies matrices of the model's size, for a moment.
    init(_ run: TrainingRun) {
        facts = run.facts
        output = run.plan.recipe.output
        let speed = ProductSpeed.measure(
            rows: min(1024, facts.forecast.microBatchTokens), width: run.model.config.hiddenSize,
            type: run.plan.precision)
        secondsPerStep = facts.forecast.secondsPerStep(productSpeed: speed)
    }

    /// Writes it as a result.
    func show(json: Bool) throws {
        let seconds = secondsPerStep * Double(facts.totalSteps)
        if json {
            var object = facts.json.objectValue ?? JSONObject()
            object["seconds"] = .number(seconds)
            return try Output.line(JSONValue.object(object).serialized())
        }
        let forecast = facts.forecast
        for line in FactsText.lines(facts) { try Output.line(line) }
        try Output.line(
            "memory: about \(ByteText.of(forecast.peakBytes)) at the peak (weights \(ByteText.of(forecast.weightBytes)),"
                + " trained numbers \(ByteText.of(forecast.trainedBytes)),"
                + " activations of \(CountText.of(forecast.microBatchTokens)) tokens \(ByteText.of(forecast.activationBytes)))"
        )
        try Output.line("disk: about \(ByteText.of(forecast.diskBytes)) in \(output)")
        try Output.line("time: about \(DurationText.of(seconds)), \(DurationText.of(secondsPerStep)) a step")
    }
}

/// How fast this machine multiplies matrices.
enum ProductSpeed {
    private static let shortest = 0.2

    /// Floating-point operations a second of `x·Wᵀ` for x [rows × width] and W [4·width × width], the best of some runs.
    static func measure(rows: Int, width: Int, type: ElementType) -> Double {
        let columns = 4 * width
        let x = Storage(byteCount: rows * width * type.size)
        let weight = Storage(byteCount: columns * width * type.size)
        let y = Storage(byteCount: rows * columns * 4)
        // Memory as the arena gives it may hold numbers that are slow to multiply.
        for block in [x, weight] { block.base.initializeMemory(as: UInt8.self, repeating: 0, count: block.byteCount) }
        let operations = 2 * Double(rows) * Double(width) * Double(columns)
        var best = Double.infinity
        let start = ContinuousClock.now
        repeat {
            let begin = ContinuousClock.now
            Product.multiply(
                Operand(x.base, stride: width, type: type, owner: x),
                Operand(weight.base, stride: width, type: type, transposed: true, owner: weight),
                into: Destination(y.base, stride: columns), rows: rows, columns: columns, inner: width)
            best = min(best, (ContinuousClock.now - begin).seconds)
        } while (ContinuousClock.now - start).seconds < shortest
        return operations / best
    }
}
