import Exports
import Kernels
import Models
import OrderedJSON
import Recipes
import Training

/// What a run will need, told before it starts (`train --dry-run`).
struct DryRun {
    /// Beyond this a run is hard to repeat, and the forecast says what makes it shorter.
    private static let longest = 12 * 3600.0

    private let facts: RunFacts
    private let recipe: Recipe
    private let blocks: Int
    private let exports: [Exportability]
    /// What some micro-batches of the run have cost; nil where it would not fit into this machine.
    private let rehearsal: Rehearsal?
    private let seconds: Double

    /// Runs some micro-batches of the run, unless they would not fit into this machine; `start` is when the program
    /// began to prepare the run, for that time is part of it.
    init(_ run: TrainingRun, since start: ContinuousClock.Instant) throws {
        let preparation = (ContinuousClock.now - start).seconds
        facts = run.facts
        recipe = run.plan.recipe
        blocks = run.model.config.layers.count
        let adapts = recipe.adapter.method == .lora
        exports = Exportability.all(run.plan.files, run.plan.adapterPlan)
            .filter { adapts || ["gguf", "ollama"].contains($0.target) }
        if Self.memoryAdvice(facts.forecast) == nil {
            Screen.status("measuring some steps")
            let rehearsal = try run.rehearse()
            Screen.status(nil)
            seconds = preparation + rehearsal.seconds
            self.rehearsal = rehearsal
        } else {
            let speed = ProductSpeed.measure(
                rows: min(1024, facts.forecast.microBatchTokens), width: run.model.config.hiddenSize,
                type: run.plan.precision)
            seconds = facts.forecast.secondsPerStep(productSpeed: speed) * Double(facts.totalSteps)
            rehearsal = nil
        }
    }

    /// Bytes of memory that this process can have, with what it has already; nil where the system does not tell.
    private static var available: Int? {
        [SystemFiles.availableMemory.map { $0 + Machine.resident.anonymous }, SystemFiles.memoryLimit]
            .compactMap { $0 }.min()
    }

    /// What to do where a run needs more memory than this machine has for it; nil where it does not.
    static func memoryAdvice(_ forecast: Forecast) -> String? {
        guard let available, forecast.peakBytes > available else { return nil }
        return
            "this machine has \(ByteText.of(available)) for it: set train.memory_limit, lower data.max_length, or train a"
            + " smaller model"
    }

    private var peakBytes: Int { max(rehearsal?.peakBytes ?? 0, facts.forecast.measuredPeak ?? 0, estimatedPeak) }
    private var estimatedPeak: Int { rehearsal == nil ? facts.forecast.peakBytes : 0 }
    private var secondsPerStep: Double { seconds / Double(max(1, facts.totalSteps)) }

    /// Writes it as a result.
    func show(json: Bool) throws {
        if json {
            var object = facts.json.objectValue ?? JSONObject()
            object["peak_memory_bytes"] = .integer(peakBytes)
            object["seconds"] = .number(seconds)
            object["seconds_per_step"] = .number(secondsPerStep)
            object["measured"] = .bool(rehearsal != nil)
            object["exports"] = .object(
                JSONObject(exports.map { ($0.target, $0.obstacle.map(JSONValue.string) ?? true) }))
            return try Output.line(JSONValue.object(object).serialized())
        }
        let forecast = facts.forecast
        for line in FactsText.lines(facts) { try Output.line(line) }
        try Output.line(
            "memory: about \(ByteText.of(peakBytes)) at the peak (weights \(ByteText.of(forecast.weightBytes)),"
                + " trained numbers \(ByteText.of(forecast.trainedBytes)),"
                + " activations of \(CountText.of(forecast.microBatchTokens)) tokens and the program the rest)")
        if forecast.blocksKept < blocks {
            try Output.line(
                "\(forecast.blocksKept) of \(blocks) blocks keep their activations, the others compute them again")
        }
        try Output.line("disk: about \(ByteText.of(forecast.diskBytes)) in \(recipe.output)")
        let how = rehearsal.map { "measured on \(CountText.of($0.tokens)) tokens" } ?? "estimated"
        try Output.line("time: about \(DurationText.of(seconds)), \(DurationText.of(secondsPerStep)) a step (\(how))")
        try Output.line("can become: " + exports.filter { $0.obstacle == nil }.map(\.target).joined(separator: ", "))
        for export in exports {
            if let obstacle = export.obstacle { try Output.line("cannot become \(export.target): \(obstacle)") }
        }
        for advice in advice() { try Output.line(advice) }
    }

    /// What would help where the run does not fit or takes very long.
    private func advice() -> [String] {
        var lines: [String] = []
        if rehearsal == nil, let advice = Self.memoryAdvice(facts.forecast) { lines.append(advice) }
        if seconds > Self.longest {
            let share = Self.longest / seconds
            lines.append(
                "that is long: a model of at most \(Int((share * 100).rounded(.up))) % of this size takes half a day")
            // The backward pass, about half of the work, ends at the lowest adapter.
            let upper = "[" + (blocks * 3 / 4..<blocks).map(String.init).joined(separator: ", ") + "]"
            if recipe.adapter.method == .lora && recipe.adapter.layersToTransform == nil && blocks >= 8 {
                lines.append(
                    "adapters in the upper quarter of the blocks alone (adapter.layers_to_transform: \(upper)) take about"
                        + " \(DurationText.of(seconds * 0.63)); fewer rows or epochs save in proportion")
            }
        }
        return lines
    }
}

/// How fast this machine multiplies matrices, for runs that it cannot try.
enum ProductSpeed {
    private static let shortest = 0.2

    /// Floating-point operations a second of `x·Wᵀ` for x [rows × width] and W [4·width × width], the best of some
    /// runs.
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
