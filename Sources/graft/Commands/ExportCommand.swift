import Adapters
import ArgumentParser
import Diagnostics
import Exports
import Logging
import Tokenizers

/// `graft export`: the adapter, or the merged model, for another runtime.
struct ExportCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes an adapter or a merged model for llama.cpp, Ollama, LM Studio, vLLM, transformers or mlx.",
        discussion: """
            peft, mlx and gguf-lora hold the adapter alone; gguf and ollama hold the whole model, with the adapter merged \
            in where one is given. Everything is read back before it appears, as with merge; a quantised model may be 1.2 \
            times as far off as the base quantised the same way. Status 3 when it is farther, and nothing is kept.
            """)

    /// What can be written.
    enum Target: String, ExpressibleByArgument, CaseIterable {
        case peft, mlx, gguf, ollama
        case ggufLoRA = "gguf-lora"
    }

    @Option(name: .customLong("to"), help: "What to write.")
    var target: Target

    @OptionGroup var origin: ExportOrigin

    @Option(help: "Format of the matrices of gguf and ollama (default: what the base has).")
    var quantize: GGUFQuantization?

    @Option(help: "With peft: adapters on experts joined, a pair a layer (PEFT 0.21), or separate, a pair a matrix.")
    var experts: ExpertForm?

    @Flag(help: "With ollama: the adapter as a GGUF file beside the base (ADAPTER), not merged in.")
    var beside = false

    @Option(help: "With ollama: the system message that the Modelfile gives to conversations without one.")
    var system: String?

    @OptionGroup var compute: ComputeOptions

    func validate() throws {
        let isModel = target == .gguf || target == .ollama
        if !isModel && origin.adapter == nil {
            throw ValidationError("--to \(target.rawValue) exports an adapter: give it with --adapter.")
        }
        if beside && (target != .ollama || origin.adapter == nil) {
            throw ValidationError("--beside is for --to ollama with --adapter.")
        }
        if experts != nil && target != .peft { throw ValidationError("--experts is for --to peft.") }
        if system != nil && target != .ollama { throw ValidationError("--system is for --to ollama.") }
        if !isModel && quantize != nil { throw ValidationError("--quantize is for --to gguf and --to ollama.") }
    }

    func run() throws {
        let summary = try origin.run(compute, isFile: target == .gguf || target == .ggufLoRA) { job, opened in
            tellNote(job, opened)
            return switch target {
            case .peft: try job.exportPEFT(to: origin.path, experts: experts ?? .joined)
            case .mlx: try job.exportMLX(to: origin.path)
            case .ggufLoRA: try job.exportGGUFLoRA(to: origin.path)
            case .gguf: try job.exportGGUF(to: origin.path, quantize: quantize, tokenizer: tokenizer(opened))
            case .ollama:
                try job.exportOllama(
                    to: origin.path, quantize: quantize, tokenizer: tokenizer(opened), system: system, beside: beside)
            }
        }
        try origin.report(summary)
    }

    /// What the runtime does otherwise than the model itself, or than the adapter asks for.
    private func tellNote(_ job: ExportJob, _ opened: OpenedModel) {
        if target == .peft, var settings = job.adapter?.config.settings {
            if experts == .separate { settings.parameters = [] }
            if let note = VLLMServing(settings).note { log.notice("\(note)") }
        }
        if target != .peft && target != .ollama { origin.warnOfTemplate(opened) }
        guard target == .gguf || target == .ollama || target == .ggufLoRA else { return }
        if let note = Exportability.runtimeNote(opened.files) { log.notice("\(note)") }
        // A template that is broken is told where it is needed.
        let isPlain = (try? origin.adapter.map { try AdapterTemplate(adapter: $0) }) == .plain
        if !isPlain, let note = try? Exportability.promptNote(tokenizer(opened)) { log.notice("\(note)") }
    }

    private func tokenizer(_ opened: OpenedModel) throws -> Tokenizer {
        try opened.tokenizer(adapter: origin.adapter)
    }
}

extension GGUFQuantization: ExpressibleByArgument {}
extension ExpertForm: ExpressibleByArgument {}
