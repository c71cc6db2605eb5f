import ArgumentParser
import Datasets
import Diagnostics
import Evaluation
import Foundation
import Generation
import Kernels
import Models
import OrderedJSON
import Tokenizers

/// `graft eval`: base against adapted on held-out rows.
struct EvalCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measures a model, and what adapters changed, on held-out rows.",
        discussion: """
            Loss and perplexity over the tokens that would carry loss; for rows that end with an answer also the share of \
            greedy answers that equal it (SQuAD's normalisation) and their F1. Base and adapted models see the same rows; \
            differences come with a 95 % interval (paired bootstrap) and exact matches with McNemar's exact test.
            """)

    @Option(help: "A model directory or a GGUF file.")
    var model: String

    @Option(help: "An adapter directory (PEFT); may be given more than once.")
    var adapter: [String] = []

    @Option(parsing: .upToNextOption, help: "Held-out rows (JSONL), one file or several.")
    var data: [String]

    @Option(help: "Tokens an answer may have at most.")
    var maxTokens = 256

    @Flag(help: "Write one JSON object.")
    var json = false

    @OptionGroup var rendering: RenderingOptions
    @OptionGroup var compute: ComputeOptions

    mutating func validate() throws {
        if data.isEmpty { throw ValidationError("--data needs at least one file.") }
        if maxTokens < 1 { throw ValidationError("--max-tokens must be at least 1, not \(maxTokens).") }
    }

    func run() throws {
        let precision = compute.start()
        let opened = try OpenedModel.open(model)
        let tokenizer = try opened.tokenizer()
        let renderer = try PromptRenderer(tokenizer: tokenizer, source: rendering.source)
        let builder = SampleBuilder(renderer: renderer, maxLength: opened.files.description.config.maximumPositions)
        let held = try HeldOut(files: data, builder: builder)
        if held.rows.isEmpty { throw Problem("there are no rows to evaluate", file: data.first) }
        held.warnings.prefix(5).forEach { Screen.warning($0) }
        if held.dropped > 0 {
            Screen.warning("\(held.dropped) samples are longer than the model's context and were left out")
        }
        var evaluator = Evaluator(held, tokenizer: tokenizer, precision: precision)
        evaluator.maxTokens = maxTokens
        evaluator.stopIDs = try StopTokens.ids(of: opened.files, tokenizer: tokenizer, endOfTurn: renderer.endOfTurn)
        // Every adapter is checked before the first model runs.
        let adapted = try adapter.map { path in (name: path, model: try opened.transformer(adapter: path)) }
        Interruption.poll()
        let base = try measure(evaluator, try opened.transformer(), "base")
        let measured = try adapted.map { (name: $0.name, measurement: try measure(evaluator, $0.model, $0.name)) }
        Screen.status(nil)
        var results = EvaluationResults(
            program: "graft " + Version.text,
            settings: JSONObject([
                (key: "precision", value: .string(precision == .bf16 ? "bf16" : "f32")),
                (key: "max_tokens", value: .integer(maxTokens)),
            ]), models: [EvaluatedModel(name: "base", path: model, modelHash: "")],
            tasks: try evaluator.tasks([base] + measured.map(\.measurement)))
        results.models += measured.map { EvaluatedModel(name: $0.name, path: model, adapter: $0.name, modelHash: "") }
        if json { return try Output.line(results.summary.serialized()) }
        try EvaluationTables(results).show()
    }

    private func measure(_ evaluator: Evaluator, _ model: Transformer, _ name: String) throws -> Evaluation.Measurement
    {
        try evaluator.measure(model) { what, done, all in
            if Interruption.isRequested { throw Interrupted(message: "interrupted; nothing was written") }
            Screen.status("\(name): \(what) \(done) of \(all)")
        }
    }
}
