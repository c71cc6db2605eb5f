import ArgumentParser
import Datasets
import Diagnostics
import Foundation
import OrderedJSON

/// `graft render`: the text the tokenizer will see.
struct RenderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Shows each row as the exact text the tokenizer will see, one JSON string a row.")

    @Option(help: "A model directory (only its tokenizer is read) or a GGUF file.")
    var model: String

    @Option(help: "Rows (JSONL).")
    var data: String

    @OptionGroup var rendering: RenderingOptions

    @Flag(help: "End where the assistant is to go on.")
    var addGenerationPrompt = false

    @Option(
        name: .customLong("var"),
        help: ArgumentHelp("What the template can read besides messages.", valueName: "key=JSON"))
    var variables: [String] = []

    @Option(help: ArgumentHelp("The moment that strftime_now shows.", valueName: "ISO8601"))
    var now: String?

    func run() throws {
        let renderer = try PromptRenderer(
            tokenizer: try OpenedModel.tokenizer(model), source: rendering.source,
            variables: try variables.map { try TemplateVariable($0) }.map { ($0.key, $0.value) },
            now: try now.map { try Moment($0).date } ?? Date())
        let rows = try RowFile(path: data)
        let parser = JSONParser()
        for row in 0..<rows.count {
            let text = try rows.withRow(row, parser: parser) { row in
                try renderer.render(row, addGenerationPrompt: addGenerationPrompt).fullText(renderer.tokenizer)
            }
            try Output.line(JSONValue.string(text).serialized())
        }
    }
}

/// `--template`, which every command takes that renders rows.
struct RenderingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A chat template; `none` puts prompt and answer together plainly (default: the one that the adapter was"
                + " trained with, else the model's own).",
            valueName: "file"))
    var template: String?

    /// The choice as the renderer takes it.
    var source: PromptRenderer.Source {
        switch template {
        case nil, "auto": .model
        case "none": .none
        case let path?: .file(path)
        }
    }
}

/// `key=JSON`
struct TemplateVariable {
    let key: String
    let value: JSONValue

    init(_ text: String) throws(Problem) {
        let flag = "--var \(text)"
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw Problem("has no name before '='", file: flag, advice: "write --var enable_thinking=false")
        }
        key = String(text[..<equals])
        let json = String(text[text.index(after: equals)...])
        do { value = try JSONValue(parsing: json) } catch {
            throw Problem(
                error.description, file: flag, advice: "text needs its own quotes: --var '\(key)=\"…\"'")
        }
    }
}

/// A moment in ISO 8601; without a zone it is local time.
struct Moment {
    let date: Date

    init(_ text: String) throws(Problem) {
        let zoned = ISO8601DateFormatter()
        for options in [zoned.formatOptions, zoned.formatOptions.union(.withFractionalSeconds)] {
            zoned.formatOptions = options
            if let date = zoned.date(from: text) {
                self.date = date
                return
            }
        }
        let local = DateFormatter()
        local.locale = Locale(identifier: "en_US_POSIX")
        for format in [
            "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.SSSSSS", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd HH:mm:ss",
            "yyyy-MM-dd",
        ] {
            local.dateFormat = format
            if let date = local.date(from: text) {
                self.date = date
                return
            }
        }
        throw Problem("is no moment in ISO 8601", file: "--now \(text)", advice: "write --now 2026-01-15T09:30:00")
    }
}
