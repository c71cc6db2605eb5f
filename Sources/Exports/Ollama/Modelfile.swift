import Datasets
import Foundation
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

    /// The text. Ollama takes Go templates only: where the chat template writes as one of those known here it is written
    /// as such, otherwise the one inside the GGUF file is left to speak for itself.
    func text(weights: String) -> String {
        var lines = ["FROM ./\(weights)"]
        if let known = KnownTemplate.all.first(where: { $0.agrees(render) }) {
            lines.append("TEMPLATE \"\"\"\(known.go)\"\"\"")
            if let system = known.defaultSystem(render), !system.contains("\"\"\"") {
                lines.append("SYSTEM \"\"\"\(system)\"\"\"")
            }
        } else if renderer.template != nil {
            lines.append("# The chat template is the one in \(weights) (tokenizer.chat_template).")
        }
        lines += stops.map { "PARAMETER stop \"\($0.replacing("\"", with: "\\\""))\"" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// EOS, and the tokens that end a turn in the chat template.
    private var stops: [String] {
        let template = tokenizer.chatTemplates["default"] ?? ""
        let ends = ["<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "<|end_of_text|>", "<|return|>"]
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

/// A way to write turns that exists as a Go template.
private struct KnownTemplate {
    typealias Render = ([(role: String, content: String)]) -> String?

    let go: String
    let begin: String
    let turn: @Sendable (_ role: String, _ content: String) -> String
    let prompt: String

    static let all = [
        KnownTemplate(
            go:
                "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n",
            begin: "", turn: { "<|im_start|>\($0)\n\($1)<|im_end|>\n" }, prompt: "<|im_start|>assistant\n"),
        KnownTemplate(
            go: "{{- range .Messages }}<|start_header_id|>{{ .Role }}<|end_header_id|>\n\n{{ .Content }}<|eot_id|>"
                + "{{ end }}<|start_header_id|>assistant<|end_header_id|>\n\n",
            begin: "<|begin_of_text|>", turn: { "<|start_header_id|>\($0)<|end_header_id|>\n\n\($1)<|eot_id|>" },
            prompt: "<|start_header_id|>assistant<|end_header_id|>\n\n"),
    ]

    private static let talk = [("system", "Be brief."), ("user", "Hi."), ("assistant", "Hello."), ("user", "Bye?")]

    private func written(_ turns: [(String, String)]) -> String { turns.map { turn($0.0, $0.1) }.joined() + prompt }

    /// Whether a model's template writes turns this way.
    func agrees(_ render: Render) -> Bool {
        guard let text = render(Self.talk.map { (role: $0.0, content: $0.1) }) else { return false }
        return text == written(Self.talk) || text == begin + written(Self.talk)
    }

    /// The system message that the model's template puts in where there is none.
    func defaultSystem(_ render: Render) -> String? {
        guard let text = render([(role: "user", content: "Hi.")]) else { return nil }
        let body = text.hasPrefix(begin) ? String(text.dropFirst(begin.count)) : text
        let rest = written([("user", "Hi.")])
        let around = turn("system", "\u{0}").split(separator: "\u{0}", omittingEmptySubsequences: false).map(
            String.init)
        guard around.count == 2, body.hasSuffix(around[1] + rest), body.hasPrefix(around[0]) else { return nil }
        return String(body.dropFirst(around[0].count).dropLast((around[1] + rest).count))
    }
}

extension ExportJob {
    /// Writes a directory for `ollama create`: the merged model as GGUF and its Modelfile. Proved as the GGUF file is.
    public func exportOllama(
        to path: String, quantize: GGUFQuantization?, tokenizer: Tokenizer
    ) throws -> ExportSummary {
        let settings: [(String, JSONValue)] = [
            ("kind", "ollama"), ("quantize", quantize.map { .string($0.rawValue) } ?? .null),
        ]
        let weights = "model.gguf"
        return try ExportDirectory.write(path, job: self, settings: settings) { directory in
            let result = try writeGGUF(to: directory + "/" + weights, quantize: quantize, tokenizer: tokenizer)
            try AtomicFile.write(try Modelfile(tokenizer).text(weights: weights), to: directory + "/Modelfile")
            return result
        }
    }
}
