import Adapters
import Diagnostics
import Models

/// What a model, or an adapter that is yet to be trained on it, can be exported as, from the names of its modules alone.
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
        let modules = base.plan.modules.map(\.name).filter { adapters?.specs[$0.path] != nil }
        func attempt(_ body: () throws -> [Problem]) -> [Problem] {
            do { return try body() } catch let problem as Problem { return [problem] } catch let all as Problems {
                return all.list
            } catch { return [Problem("\(error)")] }
        }
        let settings = attempt {
            _ = try GGUFSettings(base, name: "")
            _ = try GGUFSettings.tensors(base)
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
                problems: attempt { try adapters.map { try MLXFiles.problems(base, modules, $0) } ?? [] },
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

extension GGUFSettings {
    /// The tensors a GGUF file of this base would have.
    static func tensors(_ base: ModelFiles) throws -> [GGUFTensor] {
        let settings = try GGUFSettings(base, name: "")
        return try settings.architecture.tensors(base.plan, base.description.config)
    }
}
