import ArgumentParser
import Datasets
import Diagnostics
import Generation
import Models
import OrderedJSON
import Tokenizers

/// How answers are chosen, for every command that writes some.
struct AnswerOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Tokens to write at most.")
    var maxTokens = 256

    @Option(parsing: .unconditional, help: "0 takes the likeliest token each time.")
    var temperature = 0.0

    @Option(parsing: .unconditional, help: "Choose among the likeliest so many tokens (0: all).")
    var topK = 0

    @Option(parsing: .unconditional, help: "Choose among the likeliest tokens that have this share together.")
    var topP = 1.0

    @Option(
        parsing: .unconditional, help: "Choose only tokens at least this share as likely as the likeliest (0: all).")
    var minP = 0.0

    @Option(parsing: .unconditional, help: "Makes tokens that are already there less likely (1: leaves them alone).")
    var repetitionPenalty = 1.0

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A text that ends an answer; may be given more than once.", valueName: "text"))
    var stop: [String] = []

    @Option(parsing: .unconditional, help: "Where chance begins.")
    var seed = 0

    mutating func validate() throws {
        try FlagRange.check("--max-tokens", maxTokens)
        if !(temperature >= 0 && temperature.isFinite) {
            throw ValidationError("--temperature must be a number from 0, not \(temperature).")
        }
        if topK < 0 { throw ValidationError("--top-k must be at least 0, not \(topK).") }
        if !(topP > 0 && topP <= 1) { throw ValidationError("--top-p must be above 0 and at most 1.") }
        if !(minP >= 0 && minP <= 1) { throw ValidationError("--min-p must be from 0 to 1.") }
        if !(repetitionPenalty > 0 && repetitionPenalty.isFinite) {
            throw ValidationError("--repetition-penalty must be above 0.")
        }
        if stop.contains("") { throw ValidationError("--stop needs a text that is not empty.") }
    }

    /// The choice as the generator takes it.
    var sampling: Sampling {
        var sampling = Sampling()
        (sampling.temperature, sampling.topK, sampling.topP) = (temperature, topK, topP)
        (sampling.minP, sampling.repetitionPenalty) = (minP, repetitionPenalty)
        sampling.seed = UInt64(bitPattern: Int64(seed))
        return sampling
    }
}

/// `graft generate`: answers to prompts.
struct GenerateCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Answers a prompt, or each row of a file.",
        discussion: """
            A prompt is a user's turn and goes through the model's chat template where there is one; --raw continues the \
            text as it is. Rows are conversations; an assistant's last turn is taken off and answered anew.
            """)

    @Option(help: "A model directory or a GGUF file.")
    var model: String

    @Option(help: "An adapter directory (PEFT).")
    var adapter: String?

    @Option(parsing: .unconditional, help: "What to answer.")
    var prompt: String?

    @Option(help: "Rows (JSONL) to answer.")
    var data: String?

    @Flag(help: "Continue the prompt's text as it is, without a template.")
    var raw = false

    @Flag(help: "Write one JSON object a prompt.")
    var json = false

    @OptionGroup var choice: AnswerOptions
    @OptionGroup var rendering: RenderingOptions
    @OptionGroup var compute: ComputeOptions

    mutating func validate() throws {
        if (prompt == nil) == (data == nil) { throw ValidationError("Give either --prompt or --data.") }
        if raw && data != nil { throw ValidationError("--raw goes with --prompt.") }
    }

    func run() throws {
        let precision = compute.start()
        let opened = try OpenedModel.open(model)
        let renderer = try opened.renderer(rendering, adapters: adapter.map { [$0] } ?? [])
        let tokenizer = renderer.tokenizer
        let stops = try StopTokens.ids(of: opened.files, tokenizer: tokenizer, endOfTurn: renderer.endOfTurn)
        let requests = try prompts(renderer, opened.files.description.config).enumerated().map { row, prompt in
            GenerationRequest(
                prompt.ids, maxTokens: choice.maxTokens, stopIDs: stops, stopStrings: choice.stop,
                sampling: choice.sampling, key: UInt64(row), continuesText: prompt.isText)
        }
        let generator = Generator(try opened.transformer(adapter: adapter), tokenizer: tokenizer, precision: precision)
        Interruption.poll()
        let streams = requests.count == 1 && !json
        var (done, shown) = (0, "")
        let answers = try generator.run(
            requests,
            onToken: { _, _, text in
                try Interruption.check()
                if streams {
                    shown += text
                    try Output.text(text)
                    if Screen.isTerminal { try Output.flush() }
                }
                return true
            },
            onEnd: { _, _ in
                done += 1
                if !streams { Screen.status("\(done) of \(requests.count) answers") }
            })
        Screen.status(nil)
        if streams { return try Output.line(answers.first?.text(heldBackAfter: shown) ?? "") }
        for answer in answers {
            let object: JSONValue = [
                "text": .string(answer.text), "ids": .array(answer.ids.map { .integer(Int($0)) }),
                "end": .string(answer.end.name),
            ]
            try Output.line(object.serialized())
        }
    }

    /// What is answered, and whether it is text that goes on, so that white space at the answer's beginning is its own.
    private func prompts(
        _ renderer: PromptRenderer, _ config: TransformerConfig
    ) throws -> [(ids: [Int32], isText: Bool)] {
        func checked(_ ids: [Int32], isText: Bool = false) throws(RowFault) -> (ids: [Int32], isText: Bool) {
            try config.checkPrompt(ids)
            return (ids, isText)
        }
        if let prompt {
            do throws(RowFault) {
                let ids = raw ? renderer.rawIDs(prompt) : try renderer.promptIDs(Conversation(user: prompt))
                return [try checked(ids, isText: raw)]
            } catch { throw Problem(error.message, file: "--prompt", advice: error.advice) }
        }
        return try RowFile(path: data ?? "").mapRows { row in
            switch row {
            case .tokens(let ids, _): return try checked(ids)
            case .text(let text): return try checked(renderer.rawIDs(text), isText: true)
            case .conversation(let own), .preference(let own, _):
                let answered = own.messages.last?["role"]?.stringValue == "assistant"
                let messages = answered ? Array(own.messages.dropLast()) : own.messages
                return try checked(renderer.promptIDs(Conversation(messages: messages, tools: own.tools)))
            }
        }
    }
}

extension Generation {
    /// The end of the text that was not shown while it was written, because a stop text could have begun with it.
    ///
    /// Counted in bytes: an accent that was held back makes another character of the letter shown before it.
    func text(heldBackAfter shown: String) -> String {
        String(decoding: text.utf8.dropFirst(shown.utf8.count), as: UTF8.self)
    }
}
