import ArgumentParser
import Datasets
import Diagnostics
import Evaluation
import Foundation
import Generation
import Models
import OrderedJSON

/// `graft audit`: what a model has memorised word for word.
struct AuditCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Tells whether planted secrets were memorised, and how far a model recites its training rows.",
        discussion: """
            With an adapter, secrets are ranked by how much likelier training made them than controls that were planted nowhere; \
            without one, by their likelihood. A verdict needs a result that chance gives less than once in a hundred times. \
            --data recites training rows: each is given up to its answer (a text up to its middle), and greedy decoding is \
            compared with what follows.
            """)

    @Option(help: "A model directory or a GGUF file.")
    var model: String

    @Option(help: "An adapter directory (PEFT).")
    var adapter: String?

    @Option(help: "The keys that 'graft data canaries' wrote.")
    var canaries: String?

    @Option(help: "Training rows (JSONL) to be recited.")
    var data: String?

    @Option(parsing: .unconditional, help: "How many of the training rows, evenly spread over the file.")
    var rows = 100

    @Flag(help: "Write one JSON object.")
    var json = false

    @OptionGroup var rendering: RenderingOptions
    @OptionGroup var compute: ComputeOptions

    mutating func validate() throws {
        if canaries == nil && data == nil { throw ValidationError("Give --canaries, --data or both.") }
        try FlagRange.check("--rows", rows, to: .max)
    }

    func run() throws {
        let precision = compute.start()
        let opened = try OpenedModel.open(model)
        let renderer = try opened.renderer(rendering, adapters: adapter.map { [$0] } ?? [])
        let tokenizer = renderer.tokenizer
        let config = opened.files.description.config
        let builder = SampleBuilder(
            renderer: renderer, maxLength: config.maximumPositions, vocabularySize: config.vocabularySize)
        var problems = Problems([])
        if let adapter { _ = try problems.collect { try opened.check(adapter: adapter) } }
        let keys = try canaries.flatMap { path in try problems.collect { try readKeys(path) } } ?? []
        let recited = try data.flatMap { path in try problems.collect { try begun(path, builder) } } ?? []
        try problems.throwIfAny()
        let audit = MemorisationAudit(
            builder: builder, precision: precision,
            stopIDs: try StopTokens.ids(of: opened.files, tokenizer: tokenizer, endOfTurn: renderer.endOfTurn))
        let secrets = try audit.begun(keys)
        let adapted = try adapter.map { (name: $0, model: try opened.transformer(adapter: $0)) }
        Interruption.poll()
        var findings: [Finding] = []
        var base: [[Double]]?
        for (name, transformer) in [("base", try opened.transformer())] + (adapted.map { [($0.name, $0.model)] } ?? [])
        {
            func progress(_ what: String) -> (Int, Int) throws -> Void {
                { done, all in
                    if Interruption.isRequested { throw Interrupted(message: "interrupted; nothing was written") }
                    Screen.status("\(name): \(what) \(done) of \(all)")
                }
            }
            let values = try audit.logLikelihoods(of: keys, transformer, progress: progress("canaries and controls"))
            findings.append(
                Finding(
                    name: name, ranks: keys.isEmpty ? nil : CanaryRanks(values, base: base),
                    secrets: try audit.extracts(of: secrets, transformer, progress: progress("secrets")),
                    recited: try audit.extracts(of: recited, transformer, progress: progress("training rows"))))
            base = values
        }
        Screen.status(nil)
        if json { return try Output.line(object(findings, keys).serialized()) }
        for line in AuditText.lines(findings, keys) { try Output.line(line) }
    }

    private func readKeys(_ path: String) throws -> [Canary] {
        let file = try RowFile(path: path)
        let parser = JSONParser()
        var problems: [Problem] = []
        var keys: [Canary] = []
        for row in 0..<file.count {
            do throws(Problem) {
                let value = try file.value(of: row, parser: parser)
                guard let canary = Canary(value) else {
                    throw file.problem(
                        RowFault("is no canary", advice: "give the file that 'graft data canaries --keys' wrote"),
                        row: row)
                }
                keys.append(canary)
            } catch { problems.append(error) }
        }
        // Another file than the keys is one mistake, and must not hide what else is wrong.
        let told = 5
        if problems.count > told {
            problems[told...] = [Problem("\(problems.count - told) more rows are no canaries", file: path)]
        }
        try Problems(problems).throwIfAny()
        return keys
    }

    private func begun(_ path: String, _ builder: SampleBuilder) throws -> [MemorisationAudit.Begun] {
        let file = try RowFile(path: path)
        let parser = JSONParser()
        let wanted = min(rows, file.count)
        var problems: [Problem] = []
        var begun: [MemorisationAudit.Begun] = []
        for number in 0..<wanted {
            do {
                begun += try file.withRow(number * file.count / wanted, parser: parser) { row in
                    try builder.samples(for: row).samples.prefix(1).map { MemorisationAudit.Begun($0) }
                }
            } catch let problem as Problem { problems.append(problem) }
        }
        try Problems(problems).throwIfAny()
        return begun
    }

    private func object(_ findings: [Finding], _ keys: [Canary]) -> JSONValue {
        func extract(_ one: MemorisationAudit.Extract) -> JSONValue {
            ["verbatim_tokens": .integer(one.verbatim), "tokens": .integer(one.length), "text": .string(one.text)]
        }
        return [
            "model": .string(model), "adapter": adapter.map(JSONValue.string) ?? .null,
            "results": .array(
                findings.map { finding in
                    var object = JSONObject([(key: "name", value: .string(finding.name))])
                    if let ranks = finding.ranks {
                        object["canaries"] = .array(
                            keys.indices.map { number in
                                [
                                    "prompt": .string(keys[number].prompt), "times": .integer(keys[number].times),
                                    "rank": .integer(ranks.ranks[number]), "of": .integer(ranks.places[number]),
                                    "exposure_bits": .number(ranks.exposure(number)),
                                    "longest_verbatim": extract(finding.secrets[number]),
                                ]
                            })
                        object["found"] = .integer(ranks.found)
                        object["p"] = .number(ranks.pValue)
                        object["memorised"] = .bool(ranks.areMemorised)
                    }
                    if data != nil { object["recited"] = .array(finding.recited.map(extract)) }
                    return .object(object)
                }),
        ]
    }

    /// What one model gave away.
    struct Finding {
        let name: String
        let ranks: CanaryRanks?
        let secrets: [MemorisationAudit.Extract]
        let recited: [MemorisationAudit.Extract]
    }
}

/// An audit for people.
enum AuditText {
    static func lines(_ findings: [AuditCommand.Finding], _ keys: [Canary]) -> [String] {
        var lines: [String] = []
        if let first = keys.first {
            lines.append(
                "\(keys.count) canaries, planted \(first.times) times each, among \(first.controls.count) controls")
        }
        for finding in findings {
            lines.append(finding.name)
            if let ranks = finding.ranks {
                lines.append(
                    "  canaries      \(ranks.found) of \(keys.count) among the likeliest twentieth, middle rank \(ranks.median) of "
                        + "\(ranks.places[0]), p = " + String(format: "%.2g", ranks.pValue) + ": "
                        + (ranks.areMemorised ? "MEMORISED" : "not found"))
                lines.append("  verbatim      " + longest(finding.secrets, "of a secret"))
            }
            if !finding.recited.isEmpty {
                let whole = finding.recited.count { $0.length > 0 && $0.verbatim == $0.length }
                lines.append("  recited       \(whole) of \(finding.recited.count) training rows to their end")
                lines.append("  longest       " + longest(finding.recited, "of a training row"))
            }
        }
        return lines
    }

    private static func longest(_ extracts: [MemorisationAudit.Extract], _ what: String) -> String {
        guard let most = extracts.max(by: { $0.verbatim < $1.verbatim }), most.verbatim > 0 else {
            return "nothing \(what)"
        }
        let text = most.text.count > 100 ? most.text.prefix(100) + "…" : most.text[...]
        return "\(most.verbatim) of \(most.length) tokens \(what): " + JSONValue.string(String(text)).serialized()
    }
}
