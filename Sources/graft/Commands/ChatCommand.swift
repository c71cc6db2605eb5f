import ArgumentParser
import Datasets
import Diagnostics
import Foundation
import Generation
import Models
import OrderedJSON
import Tokenizers

/// `graft chat`: a conversation in the terminal.
struct ChatCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Converses in the terminal.",
        discussion: """
            Lines pasted together are one turn. Ctrl-C ends an answer, /reset begins anew, /exit or Ctrl-D ends the \
            conversation.
            """)

    @Option(help: "A model directory or a GGUF file.")
    var model: String

    @Option(help: "An adapter directory (PEFT).")
    var adapter: String?

    @Option(parsing: .unconditional, help: "What the system turn says.")
    var system: String?

    @OptionGroup var choice: AnswerOptions
    @OptionGroup var rendering: RenderingOptions
    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let precision = compute.start()
        let opened = try OpenedModel.open(model)
        let renderer = try opened.renderer(rendering, adapters: adapter.map { [$0] } ?? [])
        let tokenizer = renderer.tokenizer
        let stops = try StopTokens.ids(of: opened.files, tokenizer: tokenizer, endOfTurn: renderer.endOfTurn)
        let generator = Generator(
            try opened.transformer(adapter: adapter), tokenizer: tokenizer, precision: precision, slots: 1,
            sharing: .conversations)
        let start: [JSONValue] = system.map { [["role": "system", "content": .string($0)]] } ?? []
        var messages = start
        Interruption.poll()
        while let line = read() {
            switch line {
            case "": continue
            case "/exit", "/quit": return
            case "/reset":
                messages = start
                Screen.note("a new conversation begins")
                continue
            default: break
            }
            // Ctrl-C while nothing was being answered ends no answer.
            Interruption.clear()
            let asked = messages + [["role": "user", "content": .string(line)]]
            do {
                let answer = try answer(asked, renderer, generator, stops)
                messages = asked + [["role": "assistant", "content": .string(answer?.text ?? "")]]
                note(answer?.end)
            } catch let problem as Problem {
                // What cannot be answered is not part of the conversation, which goes on without it.
                Screen.error(problem.description)
            } catch let problems as Problems {
                problems.list.forEach { Screen.error($0.description) }
            }
        }
    }

    private func answer(
        _ messages: [JSONValue], _ renderer: PromptRenderer, _ generator: Generator, _ stops: Set<Int32>
    ) throws -> Generation? {
        let prompt: [Int32]
        do throws(RowFault) { prompt = try renderer.promptIDs(Conversation(messages: messages)) } catch {
            throw Problem(error.message, advice: error.advice)
        }
        let positions = generator.model.config.maximumPositions
        if prompt.count >= positions {
            throw Problem(
                "the conversation has \(prompt.count) tokens with this turn; the model has positions for \(positions)",
                advice: messages.count > 2 ? "/reset begins a new one" : "write a shorter one")
        }
        let request = GenerationRequest(
            prompt, maxTokens: choice.maxTokens, stopIDs: stops, stopStrings: choice.stop, sampling: choice.sampling,
            key: UInt64(messages.count))
        var shown = ""
        let answer = try generator.run([request]) { _, _, text in
            shown += text
            try Output.text(text)
            try Output.flush()
            return !Interruption.isRequested
        }.first
        Interruption.clear()
        try Output.line(answer?.text(heldBackAfter: shown) ?? "")
        try Output.flush()
        return answer
    }

    /// Says why an answer that did not end by itself has ended.
    private func note(_ end: GenerationEnd?) {
        switch end {
        case .length: Screen.note("(cut after \(choice.maxTokens) tokens; --max-tokens allows more)")
        case .contextFull: Screen.note("(the model has no position left; /reset begins a new conversation)")
        default: break
        }
    }

    /// A line; at a terminal with the lines that came together with it, so that pasted text is one turn.
    private func read() -> String? {
        if Screen.isTerminal { FileHandle.standardError.write(Data("> ".utf8)) }
        guard var text = readLine() else { return nil }
        while isatty(STDIN_FILENO) == 1, Self.moreIsThere(), let line = readLine() { text += "\n" + line }
        return text.trimmingCharacters(in: .newlines)
    }

    /// Whether standard input gives another line at once. A terminal hands out whole lines, so none is left in a
    /// buffer.
    private static func moreIsThere() -> Bool {
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return poll(&input, 1, 50) > 0 && input.revents & Int16(POLLIN) != 0
    }
}
