import ArgumentParser
import Datasets
import Diagnostics
import Foundation
import Generation
import OrderedJSON
import Tokenizers

/// `graft chat`: a conversation in the terminal.
struct ChatCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Converses in the terminal.",
        discussion: "Ctrl-C ends an answer, /reset begins anew, /exit or the end of the input ends the conversation.")

    @Option(help: "A model directory or a GGUF file.")
    var model: String

    @Option(help: "An adapter directory (PEFT).")
    var adapter: String?

    @Option(help: "What the system turn says.")
    var system: String?

    @OptionGroup var choice: AnswerOptions
    @OptionGroup var rendering: RenderingOptions
    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let precision = compute.start()
        let opened = try OpenedModel.open(model)
        let tokenizer = try opened.tokenizer()
        let renderer = try PromptRenderer(tokenizer: tokenizer, source: rendering.source)
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
            messages.append(["role": "user", "content": .string(line)])
            let prompt: [Int32]
            do throws(RowFault) { prompt = try renderer.promptIDs(Conversation(messages: messages)) } catch {
                throw Problem(error.message, advice: error.advice)
            }
            let request = GenerationRequest(
                prompt, maxTokens: choice.maxTokens, stopIDs: stops, sampling: choice.sampling,
                key: UInt64(messages.count))
            let answer = try generator.run([request]) { _, _, text in
                try Output.text(text)
                try Output.flush()
                return !Interruption.isRequested
            }.first
            Interruption.clear()
            try Output.line("")
            try Output.flush()
            messages.append(["role": "assistant", "content": .string(answer?.text ?? "")])
        }
    }

    private func read() -> String? {
        if Screen.isTerminal { FileHandle.standardError.write(Data("> ".utf8)) }
        return readLine()
    }
}
