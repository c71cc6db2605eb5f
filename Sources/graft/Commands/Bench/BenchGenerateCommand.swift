import ArgumentParser
import Diagnostics
import Generation
import Kernels
import Models
import OrderedJSON

/// `graft bench generate`: reading prompts and writing answers.
struct BenchGenerateCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Times reading prompts and writing answers, one at a time and several together.")

    @OptionGroup var subject: BenchModel

    @Option(parsing: .unconditional, help: "Tokens of a prompt.")
    var prompt = 512

    @Option(parsing: .unconditional, help: "Tokens of an answer.")
    var tokens = 64

    @Option(
        parsing: .upToNextOption,
        help: "Rows that are answered together (default: 1 and \(FewRows.limit)).")
    var batch: [Int] = []

    @Option(parsing: .unconditional, help: "Runs that count; one more goes before them.")
    var runs = 3

    @Flag(help: "Write one JSON object for each batch.")
    var json = false

    @OptionGroup var compute: ComputeOptions

    mutating func validate() throws {
        for (name, value) in [("--prompt", prompt), ("--runs", runs)] + batch.map({ ("--batch", $0) }) {
            try FlagRange.check(name, value)
        }
        try FlagRange.check("--tokens", tokens, from: 2)
    }

    func run() throws {
        let precision = compute.start()
        let load = BenchCommand.checkedLoad()
        try subject.open { files in
            let model = Transformer(files)
            guard prompt + tokens <= model.config.maximumPositions else {
                throw Problem(
                    "--prompt and --tokens are \(prompt + tokens) together; the model has positions for "
                        + "\(model.config.maximumPositions)")
            }
            let bench = GenerationBenchmark(model, precision: precision)
            for rows in batch.isEmpty ? [1, FewRows.limit] : batch {
                Screen.status("batch \(rows)")
                let result = try bench.run(
                    batch: rows, prompt: prompt, tokens: tokens, runs: runs, mayGoOn: Interruption.check)
                Screen.status(nil)
                try json ? Output.line(value(result, load).serialized(.python)) : show(result)
            }
            if !json {
                try BenchCommand.line("peak memory", "%.2f GB", Double(Machine.peakMemory) / 1e9)
                if let load { try BenchCommand.line("load", "%.1f", load) }
            }
        }
    }

    private func value(_ result: GenerationBenchmark.Result, _ load: Double?) -> JSONValue {
        [
            "batch": .integer(result.batch), "prompt": .integer(prompt), "tokens": .integer(tokens),
            "prompt_tokens_per_second": .number(result.promptTokensPerSecond),
            "decode_tokens_per_second": .number(result.decodeTokensPerSecond),
            "step_milliseconds": .number(result.stepMilliseconds),
            "product_milliseconds": .number(result.productMilliseconds), "peak_rss_bytes": .integer(Machine.peakMemory),
            "threads": .integer(Pool.threads), "load": load.map(JSONValue.number) ?? nil,
        ]
    }

    private func show(_ result: GenerationBenchmark.Result) throws {
        try BenchCommand.line("batch \(result.batch)", "")
        try BenchCommand.line("  prompt", "%8.1f tokens a second", result.promptTokensPerSecond)
        try BenchCommand.line(
            "  decode", "%8.1f tokens a second  (%.1f ms a step, %.1f of them products)",
            result.decodeTokensPerSecond, result.stepMilliseconds, result.productMilliseconds)
    }
}
