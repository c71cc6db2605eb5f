import ArgumentParser
import Datasets
import Diagnostics
import Evaluation
import Foundation
import Generation
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
        let comparison = Comparison(held, metrics: evaluator.allMetrics, base: base, adapters: measured)
        if json {
            let object: JSONValue = ["model": .string(model), "results": comparison.json]
            return try Output.line(object.serialized())
        }
        for section in comparison.sections { try EvaluationTable(section).show() }
    }

    private func measure(_ evaluator: Evaluator, _ model: Transformer, _ name: String) throws -> Evaluation.Measurement
    {
        try evaluator.measure(model) { what, done, all in
            if Interruption.isRequested { throw Interrupted(message: "interrupted; nothing was written") }
            Screen.status("\(name): \(what) \(done) of \(all)")
        }
    }
}

/// One section of a comparison as a table for people.
struct EvaluationTable {
    private let section: Comparison.Section

    init(_ section: Comparison.Section) { self.section = section }

    /// Writes the table: a line a model, and under an adapter what changed.
    func show() throws {
        let name = section.file ?? "all files together"
        try Output.line("\(name): \(section.rows) rows, \(section.tokens) tokens with loss")
        let metrics = section.lines.first?.metrics.filter { $0.mean != nil }.map(\.metric) ?? []
        let names = section.lines.map { $0.adapter ?? "base" }
        let width = max(12, names.map(\.count).max() ?? 0)
        let titles = metrics.flatMap { $0 == .loss ? ["loss", "perplexity"] : [$0.title] }
        try Output.line(cell("", width) + titles.map { right($0, 13) }.joined())
        for (name, line) in zip(names, section.lines) {
            let cells = metrics.flatMap { metric -> [String] in
                guard let compared = line.metrics.first(where: { $0.metric == metric }), let mean = compared.mean else {
                    return metric == .loss ? ["–", "–"] : ["–"]
                }
                return metric == .loss
                    ? [String(format: "%.4f", mean), String(format: "%.3f", exp(mean))]
                    : [String(format: "%.1f %%", mean * 100)]
            }
            try Output.line(cell(name, width) + cells.map { right($0, 13) }.joined())
        }
        for line in section.lines {
            for compared in line.metrics {
                guard let adapter = line.adapter, let (value, interval) = compared.difference else { continue }
                let percent = compared.metric != .loss
                let scale = percent ? 100.0 : 1.0
                let unit = percent ? " points" : ""
                var text = String(
                    format: "%@, %@: %+.4g%@, 95 %% interval %+.4g … %+.4g", adapter, compared.metric.title,
                    value * scale,
                    unit, interval.lowerBound * scale, interval.upperBound * scale)
                text += compared.isCertain ? "" : " (could be chance)"
                if let test = compared.test {
                    text += String(
                        format: "; %d rows better, %d worse, McNemar p = %.2g", test.onlySecond, test.onlyFirst,
                        test.pValue)
                }
                try Output.line("  " + text)
            }
        }
    }

    private func cell(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
    }

    private func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }
}
