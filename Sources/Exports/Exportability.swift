import Adapters
import Datasets
import Diagnostics
import Models
import Tokenizers
import WeightFiles

/// What a model, or an adapter that is yet to be trained on it, can be exported as, from the names of its modules
/// alone.
public struct Exportability: Sendable {
    /// What `graft export --to` would be given; `merge` for that command.
    public let target: String
    /// Why it cannot be; empty when it can.
    public let problems: [Problem]
    /// What the target does otherwise than Graft, for the user to know.
    public let note: String?

    /// The first reason why not; nil when it can be.
    public var obstacle: String? { problems.first?.message }

    /// Every target, for a base and the adapters planned on it; without a plan what the base allows at most. Reads no
    /// weights; whether a vocabulary can be written is found out when it is.
    public static func all(_ base: ModelFiles, _ adapters: AdapterPlan? = nil) -> [Exportability] {
        let modules = adapters.map { base.modules(adaptedBy: $0) } ?? []
        func attempt(_ body: () throws -> [Problem]) -> [Problem] {
            do { return try body() } catch let problem as Problem { return [problem] } catch let all as Problems {
                return all.list
            } catch { return [Problem("\(error)")] }
        }
        let settings = attempt {
            let file = try base.isDirectory ? nil : GGUFFile.open(base.path)
            _ = try GGUFSettings(base, name: "").tensors(base, file)
            return []
        }
        let note = runtimeNote(base)
        let directory =
            base.isDirectory ? [] : [Problem("the base is a GGUF file", advice: "--to gguf merges into a GGUF file")]
        return [
            Exportability(target: "peft", problems: [], note: adapters.flatMap { VLLMServing($0).note }),
            Exportability(target: "merge", problems: directory, note: nil),
            Exportability(target: "gguf-lora", problems: attempt { try GGUFLoRA(base).problems(modules) }, note: note),
            Exportability(target: "gguf", problems: settings, note: note),
            Exportability(target: "ollama", problems: settings, note: note),
            Exportability(
                target: "mlx",
                problems: attempt { try adapters.map { try MLXFiles.problems(base, $0) } ?? [] },
                note: nil),
        ]
    }
}

extension Exportability {
    /// What llama.cpp does otherwise than the model itself, in words; nil where there is nothing.
    public static func runtimeNote(_ base: ModelFiles) -> String? {
        (try? GGUFSettings(base, name: ""))?.note(base.description.config)
    }
}

extension Exportability {
    /// What llama.cpp's programs put before prompts and the chat template does not, in words; nil where there is
    /// nothing.
    ///
    /// - Throws: ``Problem`` when the template is no valid one.
    public static func promptNote(_ tokenizer: Tokenizer) throws -> String? {
        let renderer = try PromptRenderer(tokenizer: tokenizer)
        guard renderer.template != nil, tokenizer.addsBOS, let bos = tokenizer.bosToken,
            let prompt = try? renderer.render(Conversation(user: "Hello"), addGenerationPrompt: true),
            !prompt.text.hasPrefix(bos)
        else { return nil }
        return
            "llama.cpp and Ollama begin every prompt with \(bos); this chat template does not write it, so training on "
            + "conversations did not see it (llama.cpp: --override-kv tokenizer.ggml.add_bos_token=bool:false)"
    }
}

extension ModelFiles {
    /// The modules with a matrix of their own that a plan puts adapters on.
    func modules(adaptedBy plan: AdapterPlan) -> [ModuleName] {
        self.plan.modules.map(\.name).filter { plan.specs[$0.path] != nil }
    }
}

extension GGUFSettings {
    /// The tensors that a GGUF file of a base would have.
    ///
    /// - Parameter file: the base, where it is a GGUF file itself.
    func tensors(_ base: ModelFiles, _ file: GGUFFile?) throws(Problem) -> [GGUFTensor] {
        if file?.weights.names.contains(where: { $0.hasSuffix(".attn_kv_b.weight") }) == true {
            throw Problem(
                "has keys and values in one matrix, as files had before 2025: only newer ones are written",
                file: base.path, advice: "use a file that a newer llama.cpp converted, or the model's directory")
        }
        return try architecture.tensors(base.plan, base.description.config)
    }
}
