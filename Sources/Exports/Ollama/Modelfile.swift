import Datasets
import Diagnostics
import Foundation
import Models
import OrderedJSON
import SafeFiles
import Tokenizers

/// The Modelfile of an exported model: where its weights are, how prompts look, where answers end.
struct Modelfile {
    private let tokenizer: Tokenizer
    private let renderer: PromptRenderer

    init(_ tokenizer: Tokenizer) throws {
        self.tokenizer = tokenizer
        renderer = try PromptRenderer(tokenizer: tokenizer)
    }

    /// The text. Ollama takes Go templates only: where the chat template says no more than what stands between messages it
    /// is written as such, otherwise the one inside the GGUF file is left to speak for itself.
    ///
    /// - Parameter adapter: a GGUF adapter that is loaded beside the weights.
    /// - Throws: ``Problem`` where a path cannot stand in a Modelfile.
    func text(weights: String, adapter: String? = nil) throws(Problem) -> String {
        var lines: [String] = []
        for (command, path) in [("FROM", weights), ("ADAPTER", adapter)] {
            guard let path else { continue }
            guard let argument = ModelfileArgument(path) else {
                throw Problem("cannot be named in a Modelfile", file: path, advice: "rename it")
            }
            lines.append("\(command) \(argument.text)")
        }
        if let template = TurnTemplate(render, bos: tokenizer.addsBOS ? tokenizer.bosToken : nil),
            let argument = ModelfileArgument(template.goTemplate, isText: true)
        {
            lines.append("TEMPLATE \(argument.text)")
        } else if renderer.template != nil {
            lines.append("# The chat template is the one in the GGUF file (tokenizer.chat_template).")
        }
        lines += stops.compactMap { ModelfileArgument($0, isText: true) }.map { "PARAMETER stop \($0.text)" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// EOS, and the tokens that end a turn in the chat template.
    private var stops: [String] {
        let template = tokenizer.chatTemplates["default"] ?? ""
        let ends = [
            "<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "<|end_of_text|>", "<|return|>",
            "<|END_OF_TURN_TOKEN|>", "<|endoftext|>", "<｜end▁of▁sentence｜>", "<|user|>", "<|observation|>",
        ]
        let used = ends.filter { template.contains($0) && tokenizer.id(of: $0) != nil }
        return (tokenizer.eosToken.map { [$0] } ?? []) + used.filter { $0 != tokenizer.eosToken }
    }

    private func render(_ turns: [(role: String, content: String)]) -> String? {
        let messages = turns.map {
            JSONValue.object(JSONObject([("role", .string($0.role)), ("content", .string($0.content))]))
        }
        guard let row = try? Row(["messages": .array(messages)]) else { return nil }
        guard let rendered = try? renderer.render(row, addGenerationPrompt: true) else { return nil }
        return rendered.text
    }
}

extension ExportJob {
    /// Writes a directory for `ollama create`: a Modelfile with the merged model as GGUF or, where `beside` is set, with the
    /// base and the adapter as a GGUF file of its own. Proved as those files are.
    ///
    /// A GGUF base that nothing is merged into is not copied: the Modelfile names it where it is.
    public func exportOllama(
        to path: String, quantize: GGUFQuantization?, tokenizer: Tokenizer, beside: Bool = false
    ) throws -> ExportSummary {
        let settings: [(String, JSONValue)] = [
            ("kind", "ollama"), ("quantize", quantize.map { .string($0.rawValue) } ?? .null), ("beside", .bool(beside)),
        ]
        let (weights, adapterFile) = ("model.gguf", "adapter.gguf")
        if beside { _ = try GGUFLoRA(base) }
        return try ExportDirectory.write(path, job: self, settings: settings) { directory in
            func finish(_ from: String, _ adapter: String?) throws {
                let text = try Modelfile(tokenizer).text(weights: from, adapter: adapter)
                try AtomicFile.write(text, to: directory + "/Modelfile")
            }
            guard beside else {
                let result = try writeGGUF(to: directory + "/" + weights, quantize: quantize, tokenizer: tokenizer)
                try finish("./" + weights, nil)
                return result
            }
            let result = try writeGGUFLoRA(to: directory + "/" + adapterFile)
            if !base.isDirectory && quantize == nil {
                try finish(URL(fileURLWithPath: base.path).standardizedFileURL.path, "./" + adapterFile)
            } else {
                let plain = ExportJob(base: base, adapter: nil, probes: probes, progress: progress)
                _ = try plain.writeGGUF(to: directory + "/" + weights, quantize: quantize, tokenizer: tokenizer)
                try finish("./" + weights, "./" + adapterFile)
            }
            return result
        }
    }
}
