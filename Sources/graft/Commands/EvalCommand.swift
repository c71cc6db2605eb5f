import Adapters
import ArgumentParser
import Datasets
import Diagnostics
import Evaluation
import Foundation
import Generation
import Kernels
import Models
import OrderedJSON
import Recipes
import SafeFiles
import Tokenizers

/// `graft eval`: base against adapted.
struct EvalCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measures a model, and what adapters changed, on held-out rows and tasks.",
        discussion: """
            Rows are recognised by their keys: text and chats (loss, perplexity, bits per byte; chats that end with an \
            answer are also asked), choices and answer (accuracy), reference (written answers), chosen and rejected. Base \
            and adapted models see the same rows; differences come with a 95 % interval (paired bootstrap) and yes-or-no \
            metrics with McNemar's exact test. What a model was asked before is not asked again: an interrupted \
            evaluation goes on where it stopped.
            """)

    @Option(help: "A model directory or a GGUF file.")
    var model: String

    @Option(parsing: .upToNextOption, help: "Adapter directories (PEFT), or checkpoints of a run.")
    var adapter: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: "Other models with the same tokenizer: fully tuned, merged or quantised ones.")
    var compare: [String] = []

    @OptionGroup var tasks: TaskOptions

    @Option(
        help: ArgumentHelp(
            "What must hold, as 'handbook.exact_match >= base + 0.2'; may be given more than once.", valueName: "gate"))
    var gate: [String] = []

    @Option(help: "Judge gates by the end of the 95 % interval that is harder to meet, or by the measured value.")
    var gateBy: Gate.Basis = .bound

    @Option(help: "Write every row's results to this file, one JSON object a line.")
    var results: String?

    @OptionGroup var reports: ReportOptions

    @Flag(help: "Ask everything anew, and keep nothing for the next evaluation.")
    var noCache = false

    @Flag(help: "Write one JSON object.")
    var json = false

    @OptionGroup var rendering: RenderingOptions
    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let precision = compute.start()
        let opened = try OpenedModel.open(model)
        let (tokenizer, template) = try opened.rendering(rendering, adapters: adapter) {
            try opened.tokenizerIfAny(adapter: $0)
        }
        let read = try read(opened, tokenizer, template)
        let first = read.warnings.prefix(5)
        first.forEach { Screen.warning($0) }
        if read.warnings.count > first.count { Screen.warning("\(read.warnings.count - first.count) more warnings") }
        let leakage = try reports.search(read.tasks, tokenizer: tokenizer)
        let contestants = try contestants(opened, precision)
        Interruption.poll()
        let run = EvaluationRun(read.tasks, tokenizer: tokenizer, precision: precision)
        var time = RemainingTime()
        var results = try run.results(
            of: contestants, program: "graft " + Version.text, settings: settings(precision)
        ) { progress in
            if Interruption.isRequested {
                throw Interrupted(
                    message: noCache ? "interrupted" : "interrupted; the same command goes on where it stopped")
            }
            let left = time.text(share: progress.share).map { ", " + $0 } ?? ""
            Screen.status(
                "\(progress.model), \(progress.task): \(progress.rows.done) of \(progress.rows.all) rows\(left)")
        }
        Screen.status(nil)
        reports.record(leakage, in: &results)
        results.gates = read.gates.flatMap { $0.judged(results, by: gateBy) }
        try write(EvaluationReport(results))
        let failed = results.gates.count { !$0.isMet }
        if failed > 0 {
            throw ProofFailure(failed == 1 ? "a gate was not met" : "\(failed) gates were not met")
        }
    }

    /// Reads tasks and gates; every mistake in them and in the adapters is told together, before a model runs.
    private func read(
        _ opened: OpenedModel, _ tokenizer: Tokenizer, _ template: PromptRenderer.Source
    ) throws -> (tasks: [EvaluationTask], gates: [Gate], warnings: [String]) {
        var problems = Problems([])
        let asked = try tasks.settings(&problems)
        let gates = try (asked.gates + gate).compactMap { text in try problems.collect { try Gate(text) } }
        for path in adapter { _ = try problems.collect { try opened.check(adapter: path) } }
        for path in compare { _ = try problems.collect { try opened.check(comparable: path, tokenizer) } }
        let inputs = asked.tasks.flatMap(\.inputs) + tasks.suite + [rendering.template].compactMap { $0 }
        problems.add(reports.problems(besides: results, inputs: inputs))
        let stops = try problems.collect {
            try StopTokens.ids(
                of: opened.files, tokenizer: tokenizer,
                endOfTurn: try PromptRenderer(tokenizer: tokenizer, source: template).endOfTurn)
        }
        var reader = TaskReader(
            tokenizer: tokenizer, config: opened.files.description.config, stopIDs: stops ?? [], modelPath: model)
        reader.template = template
        reader.maxTokens = tasks.maxTokens
        reader.tooLong = tasks.tooLong
        reader.tooLongAdvice = "--too-long drop leaves such rows out"
        let read = try reader.read(asked.tasks, also: problems.list)
        try Problems(gates.compactMap { $0.problem(among: read.tasks, comparing: !(adapter + compare).isEmpty) })
            .throwIfAny()
        return (read.tasks, gates, read.warnings)
    }

    private func contestants(_ opened: OpenedModel, _ precision: ElementType) throws -> [Contestant] {
        let base = try EvaluatedModel(name: "base", files: opened.files, path: model)
        for path in adapter {
            OpenedModel.warnOfOtherBase(try PEFTFiles.open(path, for: opened.files), hash: base.modelHash)
        }
        let all = try [base] + adapter.map { try base.adapted(by: $0) }
        let own = try all.map { try contestant($0, opened, precision) }
        return try own
            + compare.map { path in
                let other = try OpenedModel.open(path)
                return try contestant(EvaluatedModel(name: path, files: other.files, path: path), other, precision)
            }
    }

    private func contestant(
        _ described: EvaluatedModel, _ opened: OpenedModel, _ precision: ElementType
    ) throws -> Contestant {
        Contestant(
            described, try opened.transformer(adapter: described.adapter),
            journal: noCache ? Journal() : EvaluationCache.journal(described, opened.files, precision: precision))
    }

    private func settings(_ precision: ElementType) -> JSONObject {
        JSONObject([
            (key: "precision", value: .string(precision == .bf16 ? "bf16" : "f32")),
            (key: "max_tokens", value: .integer(tasks.maxTokens)),
            (key: "template", value: .string(rendering.template ?? "auto")),
        ])
    }

    private func write(_ report: EvaluationReport) throws {
        if let path = results {
            try AtomicFile.write(report.lines.map { $0.serialized() + "\n" }.joined(), to: path)
        }
        try reports.write(report)
        if json { try Output.line(report.json.serialized()) } else { try EvaluationTables(report).show() }
        try Output.flush()
    }
}

extension Gate.Basis: ExpressibleByArgument {}
