import ArgumentParser
import Foundation
import Kernels
import Logging
import Models
import OrderedJSON
import Recipes
import Training

/// `graft bench train`: steps of the same trainer that `graft train` runs.
struct BenchTrainCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Times training steps at the shape of a published model.",
        discussion: """
            The floor is the arithmetic of the frozen layers and of the head on target rows: 4 operations a weight and \
            token (forward and backward), 4 a head weight and target token. The peak is the speed of one large product, \
            512×4864×896, measured between the steps. The share says how much of a step that arithmetic fills at that speed.
            """)

    @OptionGroup var subject: BenchModel

    @Option(name: .customLong("seq"), parsing: .unconditional, help: "Tokens of a sequence.")
    var sequence = 512

    @Option(parsing: .unconditional, help: "Sequences of a step.")
    var batch = 4

    @Option(parsing: .unconditional, help: "Sequences in memory at once (default: chosen by the trainer).")
    var micro: Int?

    @Option(
        parsing: .unconditional,
        help: "Blocks, from the top, that keep their activations; those below compute them again (default: all).")
    var blocksKept: Int?

    @Option(parsing: .unconditional, help: "Rank of the adapters, on all linear layers.")
    var rank = 16

    @Option(parsing: .unconditional, help: "Share of each sequence that carries no loss.")
    var masked = 0.5

    @Option(parsing: .unconditional, help: "Steps that count; one more goes before them.")
    var steps = 5

    @Option(help: "Hold the frozen base quantised: q8_0, q4_k or nf4.")
    var quantize = BaseQuantization.none

    @Flag(help: "Write one JSON object.")
    var json = false

    @OptionGroup var compute: ComputeOptions

    mutating func validate() throws {
        for (name, value) in [
            ("--seq", sequence), ("--batch", batch), ("--rank", rank), ("--steps", steps), ("--micro", micro ?? 1),
            ("--blocks-kept", blocksKept ?? 1),
        ] {
            try FlagRange.check(name, value)
        }
        guard (0..<1).contains(masked) else {
            throw ValidationError("--masked must be at least 0 and below 1, not \(masked).")
        }
    }

    func run() throws {
        let precision = compute.start()
        var settings = TrainingBenchmark.Settings()
        (settings.sequence, settings.batch, settings.micro) = (sequence, batch, micro)
        (settings.rank, settings.masked, settings.steps, settings.precision) = (rank, masked, steps, precision)
        settings.blocksKept = blocksKept
        let load = BenchCommand.checkedLoad()
        try subject.open { files in
            let result = try TrainingBenchmark(quantised(files), settings).run { report in
                try Interruption.check()
                Screen.status(String(format: "step %d: %.2f s", report.step, report.seconds))
            }
            Screen.status(nil)
            try json ? Output.line(value(result, load).serialized(.python)) : show(result, load)
        }
    }

    /// The base as `base.quantize` holds it; of generated weights nothing is kept.
    private func quantised(_ files: ModelFiles) throws -> ModelFiles {
        guard let format = quantize.format else { return files }
        let base = try QuantisedBase(files, as: format)
        for note in base.notes { log.notice("\(note)") }
        defer { Screen.status(nil) }
        let cache = subject.model == nil ? QuantisedCache(directory: files.path) : .standard
        return try base.load(cache: cache, progress: BaseProgress().show)
    }

    private func value(_ result: TrainingBenchmark.Result, _ load: Double?) -> JSONValue {
        [
            "tokens_per_second": .number(result.tokensPerSecond), "step_seconds": .number(result.stepSeconds),
            "peak_rss_bytes": .integer(result.peakMemory), "gflops": .number(result.gigaflops),
            "product_peak_gflops": .number(result.productPeak), "share_of_floor": .number(result.shareOfFloor),
            "phases": .object(JSONObject(result.phases.map { ($0.name, .number($0.seconds)) })),
            "losses": .array(result.losses.map(JSONValue.number)), "threads": .integer(Pool.threads),
            "load": load.map(JSONValue.number) ?? nil,
        ]
    }

    private func show(_ result: TrainingBenchmark.Result, _ load: Double?) throws {
        try BenchCommand.line("tokens a second", "%.1f", result.tokensPerSecond)
        try BenchCommand.line("step", "%.3f s (median of %d)", result.stepSeconds, steps)
        try BenchCommand.line("peak memory", "%.2f GB", Double(result.peakMemory) / 1e9)
        try BenchCommand.line("product peak", "%.0f GFLOP/s", result.productPeak)
        try BenchCommand.line("share of floor", "%.0f %%", result.shareOfFloor * 100)
        for phase in result.phases {
            try BenchCommand.line(
                "  " + phase.name, "%.3f s  %2.0f %%", phase.seconds, phase.seconds / result.stepSeconds * 100)
        }
        if let load { try BenchCommand.line("load", "%.1f", load) }
    }
}

extension BaseQuantization: ExpressibleByArgument {}
