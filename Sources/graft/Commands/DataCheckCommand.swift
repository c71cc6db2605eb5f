import ArgumentParser
import Datasets
import Diagnostics
import Evaluation
import Logging
import Models
import OrderedJSON

/// `graft data check`: validates and counts.
struct DataCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validates data files row by row and counts rows, samples and tokens.",
        discussion: "Ends with status 2 when anything is wrong; every finding names its file and line.")

    @Argument(help: "Data files (JSONL).")
    var files: [String]

    @OptionGroup var sampling: SamplingOptions

    @Option(
        parsing: .upToNextOption, help: "Training data (JSONL): rows of the files that are (nearly) in it are findings."
    )
    var against: [String] = []

    @OptionGroup var leakage: LeakageOptions

    @Flag(help: "Read every row in full, of large files too.")
    var all = false

    @Flag(help: "Write the counts as JSON.")
    var json = false

    func run() throws {
        let builder = try sampling.builder()
        var problems = Problems([])
        let rows = try files.compactMap { path in try problems.collect { try RowFile(path: path) } }
        for path in against { _ = try problems.collect { try RowFile(path: path) } }
        try problems.throwIfAny()
        let summary = DataCheck.run(files: rows, builder: builder, depth: all ? .all : .usual(for: rows)) { share in
            Screen.status("reading rows: \(Int(share * 100)) %")
        }
        Screen.status(nil)
        summary.tellWarnings()
        let leaked =
            against.isEmpty || !summary.problems.isEmpty
            ? nil : try leakage.search(rows, in: against, tokenizer: builder.renderer.tokenizer)
        if json, case .object(var object) = summary.json {
            if let leaked { object["leaked"] = .array(leaked.findings.map(\.json)) }
            try Output.line(JSONValue.object(object).serialized())
        } else {
            try Output.line(summary.text)
            if let leaked {
                try Output.line("leaked          \(leaked.findings.count) rows are (nearly) in the training data")
            }
        }
        try Output.flush()
        try Problems(summary.problems + (leaked?.findings.map(\.problem) ?? [])).throwIfAny()
    }
}

/// The options that decide which samples rows give.
struct SamplingOptions: ParsableArguments {
    @Option(help: "A model directory (only its tokenizer is read) or a GGUF file.")
    var model: String

    @OptionGroup var rendering: RenderingOptions

    @Option(parsing: .unconditional, help: "The longest sample in tokens, as data.max_length.")
    var maxLength = 1024

    @Option(help: "What happens to longer rows, as data.too_long.")
    var tooLong = TooLong.drop

    mutating func validate() throws {
        try FlagRange.check("--max-length", maxLength, from: 2, to: .max)
    }

    /// What makes samples of rows.
    func builder() throws -> SampleBuilder {
        guard try OpenedModel.hasTokenizer(model) else {
            // Rows of ready ids can be checked against what the model itself says of its vocabulary.
            let opened = try OpenedModel.open(model, withoutWeights: true)
            return SampleBuilder(
                renderer: try PromptRenderer(tokenizer: try opened.tokenizerIfAny(), source: rendering.source),
                maxLength: maxLength, tooLong: tooLong,
                vocabularySize: opened.files.description.config.vocabularySize)
        }
        let renderer = try PromptRenderer(tokenizer: try OpenedModel.tokenizer(model), source: rendering.source)
        return SampleBuilder(renderer: renderer, maxLength: maxLength, tooLong: tooLong)
    }
}

extension TooLong: ExpressibleByArgument, CaseIterable {
    /// As `data.too_long` names them.
    public static var allCases: [TooLong] { [.drop, .error, .truncate] }
}

extension DataSummary {
    /// Tells what is odd about rows, of many the number.
    func tellWarnings(most: Int = .max) {
        let told = warnings.prefix(most)
        for warning in told { log.warning("\(warning)") }
        if warnedRows > told.count { log.warning("\(warnedRows - told.count) more rows are odd") }
    }

    /// The counts as JSON.
    var json: JSONValue {
        let kinds = self.kinds.sorted { $0.key < $1.key }.map { (key: $0.key, value: JSONValue.integer($0.value)) }
        return [
            "rows": .integer(rows), "rows_in_full": .integer(rowsInFull),
            "kinds": .object(JSONObject(kinds)), "samples": .integer(samples),
            "tokens": .integer(tokens), "target_tokens": .integer(targets), "longest": .integer(longest),
            "dropped": .integer(dropped), "truncated": .integer(truncated), "divided": .integer(divided),
            "templated": .integer(templated), "supervised_turn_ends": .integer(turnEnds),
            "faulty_rows": .integer(faultyRows), "warned_rows": .integer(warnedRows),
        ]
    }

    /// The counts for a person.
    var text: String {
        let kinds = self.kinds.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        var lines = ["rows            \(rows)" + (kinds.isEmpty ? "" : " (\(kinds))")]
        if rowsInFull < rows {
            lines.append(
                "read in full    the first \(rowsInFull), of which the following counts are; of the others the shape was"
                    + " checked (--all reads every row)")
        }
        lines += [
            "samples         \(samples)\(divided > 0 ? ", \(divided) rows give several" : "")",
            "tokens          \(tokens), \(targets) with loss\(tokens > 0 ? " (\(targets * 100 / tokens) %)" : "")",
            "longest         \(longest) tokens",
        ]
        if dropped > 0 { lines.append("too long        \(dropped) left out") }
        if truncated > 0 { lines.append("too long        \(truncated) cut") }
        if templated > 0 { lines.append("ends of turn    learned in \(turnEnds) of \(templated) templated samples") }
        lines.append("wrong           \(faultyRows) rows")
        return lines.joined(separator: "\n")
    }
}
