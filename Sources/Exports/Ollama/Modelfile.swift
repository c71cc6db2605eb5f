import Adapters
import Datasets
import Diagnostics
import Foundation
import Generation
import Models
import OrderedJSON
import SafeFiles
import Tokenizers
import WeightFiles

/// The Modelfile of an exported model: where its weights are, how prompts look, where answers end.
struct Modelfile {
    private let files: ModelFiles
    private let tokenizer: Tokenizer
    private let renderer: PromptRenderer
    private let system: String?
    private let template: TurnTemplate?

    /// - Parameters:
    ///   - template: where the chat template comes from.
    ///   - system: what every conversation begins with where it brings no system message of its own.
    init(
        _ files: ModelFiles, _ tokenizer: Tokenizer, template: PromptRenderer.Source = .model, system: String?
    ) throws {
        self.files = files
        self.tokenizer = tokenizer
        self.system = system
        renderer = try PromptRenderer(tokenizer: tokenizer, source: template)
        let turns = Self.turnTemplate(renderer)
        self.template = turns.flatMap { ModelfileArgument($0.goTemplate, isText: true) == nil ? nil : $0 }
    }

    /// Whether a GGUF base can be named where it lies: Ollama reads one file of weights, not the parts of one, and
    /// where this has no template takes the one that stands in there.
    var canNameBase: Bool {
        get throws {
            guard !files.isDirectory, files.weightFiles.count == 1 else { return false }
            if template != nil { return true }
            let own = try GGUFFile.open(files.path).metadata["tokenizer.chat_template"]?.stringValue
            return own == tokenizer.chatTemplates["default"]
        }
    }

    /// The text. Ollama takes Go templates only: where the chat template says no more than what stands between messages
    /// it is written as such, otherwise the one inside the GGUF file is left to speak for itself.
    ///
    /// - Parameter adapter: a GGUF adapter that is loaded beside the weights.
    /// - Throws: ``Problem`` where a path or the system message cannot stand in a Modelfile.
    func text(weights: String, adapter: String? = nil) throws -> String {
        var lines: [String] = []
        for (command, path) in [("FROM", weights), ("ADAPTER", adapter)] {
            guard let path else { continue }
            guard let argument = ModelfileArgument(path) else {
                throw Problem("cannot be named in a Modelfile", file: path, advice: "rename it")
            }
            lines.append("\(command) \(argument.text)")
        }
        if let template, let argument = ModelfileArgument(template.goTemplate, isText: true) {
            lines.append("TEMPLATE \(argument.text)")
            let later = try PromptRenderer(tokenizer: tokenizer, now: renderer.now.addingTimeInterval(400 * 24 * 3600))
            if renderer.template != nil, Self.turnTemplate(later) != template {
                lines.append("# The date in this template is that of the export; the model's own writes the day's.")
            }
        } else if renderer.template != nil {
            lines.append("# The chat template is the one in the GGUF file (tokenizer.chat_template).")
        }
        if let system { lines.append("SYSTEM \(try Self.argument(system: system).text)") }
        lines += try stops.compactMap { ModelfileArgument($0, isText: true) }.map { "PARAMETER stop \($0.text)" }
        lines += try SamplingDefaults(files).modelfileLines
        lines.append(contextLine)
        return lines.joined(separator: "\n") + "\n"
    }

    /// A system message as it stands in a Modelfile.
    ///
    /// - Throws: ``Problem`` for one that no Modelfile can hold.
    private static func argument(system: String) throws(Problem) -> ModelfileArgument {
        guard let argument = ModelfileArgument(system, isText: true) else {
            throw Problem(
                "the system message cannot stand in a Modelfile",
                advice: "leave out control characters and lines that end in three quotation marks")
        }
        return argument
    }

    /// Where answers end for `graft generate` too: the tokens' texts, EOS first.
    private var stops: [String] {
        get throws {
            let ids = try StopTokens.ids(of: files, tokenizer: tokenizer, endOfTurn: renderer.endOfTurn)
            let texts = ids.sorted().compactMap { tokenizer.token($0) }
            return (tokenizer.eosToken.map { [$0] } ?? []) + texts.filter { $0 != tokenizer.eosToken }
        }
    }

    /// Ollama's own context is a few thousand tokens, whatever the model takes: short ones are asked for in full, for
    /// longer ones the user decides what memory they are worth.
    private var contextLine: String {
        let longest = files.description.config.maximumPositions
        return longest <= 8192
            ? "PARAMETER num_ctx \(longest)"
            : "# The model reads up to \(longest) tokens; Ollama fewer, unless it is told: PARAMETER num_ctx \(longest)"
    }

    private static func turnTemplate(_ renderer: PromptRenderer) -> TurnTemplate? {
        func render(_ turns: TurnTemplate.Turns) -> String? {
            let messages = turns.map {
                JSONValue.object(JSONObject([("role", .string($0.role)), ("content", .string($0.content))]))
            }
            guard let row = try? Row(["messages": .array(messages)]) else { return nil }
            return try? renderer.render(row, addGenerationPrompt: true).text
        }
        let tokenizer = renderer.tokenizer
        return TurnTemplate(render, bos: tokenizer.addsBOS ? tokenizer.bosToken : nil)
    }
}

extension ExportJob {
    /// Writes a directory for `ollama create`: a Modelfile with the merged model as GGUF or, where `beside` is set,
    /// with the base and the adapter as a GGUF file of its own. Proved as those files are.
    ///
    /// A GGUF base that nothing is merged into is not copied where the Modelfile can name it where it is.
    ///
    /// - Parameter system: the Modelfile's system message.
    public func exportOllama(
        to path: String, quantize: GGUFQuantization?, tokenizer: Tokenizer, system: String? = nil, beside: Bool = false
    ) throws -> ExportSummary {
        let settings: [(String, JSONValue)] = [
            ("kind", "ollama"), ("quantize", quantize.map { .string($0.rawValue) } ?? .null), ("beside", .bool(beside)),
        ]
        if beside { _ = try GGUFLoRA(base) }
        // The whole Modelfile before any weight is written, for what cannot stand in it is a mistake of the user's.
        let isPlain = try adapter.map { try AdapterTemplate(adapter: $0.path) } == .plain
        let modelfile = try Modelfile(base, tokenizer, template: isPlain ? .none : .model, system: system)
        let isNamed = try beside && quantize == nil && modelfile.canNameBase
        let text = try modelfile.text(
            weights: isNamed ? URL(fileURLWithPath: base.path).standardizedFileURL.path : "./model.gguf",
            adapter: beside ? "./adapter.gguf" : nil)
        return try ExportDirectory.write(path, job: self, settings: settings) { directory in
            try AtomicFile.write(text, to: directory + "/Modelfile")
            let weights = directory + "/model.gguf"
            guard beside else { return try writeGGUF(to: weights, quantize: quantize, tokenizer: tokenizer) }
            var result = try writeGGUFLoRA(to: directory + "/adapter.gguf")
            if !isNamed {
                let plain = ExportJob(base: base, adapter: nil, probes: probes, progress: progress)
                result.notes = try plain.writeGGUF(to: weights, quantize: quantize, tokenizer: tokenizer).notes
            }
            return result
        }
    }
}
