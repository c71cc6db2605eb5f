import ChatTemplates
import Diagnostics
import Foundation
import OrderedJSON
import Tokenizers

/// Turns conversations into the text and the ids a model sees. Training, evaluation, scoring, generation, chat and
/// every export use this one type, so a prompt looks the same everywhere.
public struct PromptRenderer: Sendable {
    /// Where the chat template comes from (`data.template`).
    public enum Source: Sendable, Equatable {
        /// The model's own, when it has one.
        case model
        /// Nowhere: prompt + completion + EOS.
        case none
        /// A file.
        case file(String)
    }

    /// The tokenizer that the text is meant for.
    public let tokenizer: Tokenizer
    /// The template for conversations, nil when text is put together plainly.
    public let template: ChatTemplate?
    /// The text of a template that came from a file.
    public let templateText: String?
    private let toolTemplate: ChatTemplate?
    /// Whether the template may render prompts differently with thinking switched on and off.
    let readsThinkingSwitch: Bool
    private let variables: [String: JSONValue]
    /// The clock that templates read, the same for every rendering: a prompt must not change between two of them.
    public let now: Date

    /// A renderer for a model.
    ///
    /// - Parameters:
    ///   - variables: what the template can read besides messages and special tokens, such as `enable_thinking`.
    ///   - now: the clock that templates read, for all renderings.
    /// - Throws: ``Problem`` when the template cannot be read or is no valid one.
    public init(
        tokenizer: Tokenizer, source: Source = .model, variables: [(key: String, value: JSONValue)] = [],
        now: Date = Date()
    ) throws {
        self.tokenizer = tokenizer
        self.now = now
        self.variables = Dictionary(Self.specialTokens(tokenizer) + variables.map { ($0.key, $0.value) }) { $1 }
        switch source {
        case .none:
            (template, toolTemplate, templateText) = (nil, nil, nil)
            readsThinkingSwitch = false
        case .file(let path):
            guard let bytes = FileManager.default.contents(atPath: path),
                let text = String(data: bytes, encoding: .utf8)
            else {
                throw Problem(
                    "the chat template cannot be read", file: path,
                    advice: "give the path of a Jinja file, 'auto' for the model's own or 'none'")
            }
            (template, toolTemplate, templateText) = (try ChatTemplate(source: text, name: path), nil, text)
            readsThinkingSwitch = text.contains("thinking")
        case .model:
            templateText = nil
            let named = tokenizer.chatTemplates
            let chosen = named["default"] ?? (named.count == 1 ? named.values.first : nil)
            template = try chosen.map { try ChatTemplate(source: $0, name: "chat template") }
            toolTemplate = try named["tool_use"].map { try ChatTemplate(source: $0, name: "chat template tool_use") }
            readsThinkingSwitch = named.values.contains { $0.contains("thinking") }
        }
    }

    /// The special tokens by the names templates know them by (`bos_token` …).
    private static func specialTokens(_ tokenizer: Tokenizer) -> [(String, JSONValue)] {
        var tokens: [(String, JSONValue)] = []
        for member in tokenizer.configuration.objectValue?.members ?? [] where member.key.hasSuffix("_token") {
            guard let text = member.value.stringValue ?? member.value["content"]?.stringValue else { continue }
            tokens.append((member.key, .string(text)))
        }
        let own = [
            ("bos_token", tokenizer.bosToken), ("eos_token", tokenizer.eosToken), ("pad_token", tokenizer.padToken),
            ("unk_token", tokenizer.unkToken),
        ]
        for (name, token) in own { if let token { tokens.append((name, .string(token))) } }
        return tokens
    }

    /// Whether conversations with tools have a template of their own.
    var hasToolTemplate: Bool { toolTemplate != nil }

    /// The template for a conversation.
    func template(for conversation: Conversation) -> ChatTemplate? {
        conversation.tools != nil ? toolTemplate ?? template : template
    }

    /// A conversation as text; the spans are those of `{% generation %}` blocks, or of the answers when there is no
    /// template.
    ///
    /// - Throws: ``RowFault`` with the template's complaint.
    public func render(
        _ conversation: Conversation, addGenerationPrompt: Bool = false, extra: [(key: String, value: JSONValue)] = []
    ) throws(RowFault) -> Rendered {
        guard let template = template(for: conversation) else { return plain(conversation) }
        var variables = variables
        for (key, value) in extra { variables[key] = value }
        do {
            let rendered = try template.render(
                ChatInput(
                    messages: .array(conversation.messages.map(\.withReasoningNames)), tools: conversation.tools,
                    addGenerationPrompt: addGenerationPrompt, variables: variables, now: now))
            let spans = rendered.misplacedSpans == 0 ? rendered.generationSpans : []
            return Rendered(text: rendered.text, spans: spans, isTemplated: true)
        } catch let error as ChatTemplateError {
            let problem = error.problem
            throw RowFault(problem.message + " (line \(error.line) of \(error.template))", advice: problem.advice)
        } catch {
            throw RowFault("the chat template fails on the conversation: \(error)")
        }
    }

    /// Any row as text, as `graft render` shows it. Ready tokens have no text.
    public func render(_ row: Row, addGenerationPrompt: Bool = false) throws(RowFault) -> Rendered {
        switch row {
        case .conversation(let conversation): return try render(conversation, addGenerationPrompt: addGenerationPrompt)
        case .preference(let chosen, _): return try render(chosen, addGenerationPrompt: addGenerationPrompt)
        case .text(let text): return document(text)
        case .tokens: throw RowFault("has ready tokens and no text", advice: "such a row needs no rendering")
        }
    }

    /// A `text` row: BOS if the tokenizer adds it, the text, EOS.
    func document(_ text: String) -> Rendered {
        var rendered = Rendered(text: text, spans: [0..<text.utf8.count], isTemplated: false)
        rendered.addsBOS = addsBOS(to: text)
        rendered.addsEOS = tokenizer.eosToken.map { !text.hasSuffix($0) } ?? false
        return rendered
    }

    /// Without a template: the contents one after the other, EOS behind every answer.
    private func plain(_ conversation: Conversation) -> Rendered {
        var rendered = Rendered(text: "", isTemplated: false)
        rendered.hasControlTokens = conversation.messages.count > 2
        let eos = tokenizer.eosToken ?? ""
        let answers = Set(conversation.answers)
        for (at, message) in conversation.messages.enumerated() {
            let start = rendered.text.utf8.count
            let isLast = at == conversation.messages.count - 1
            let isAnswer = message["role"]?.stringValue == "assistant"
            rendered.text += message.contentText + (isAnswer && !isLast ? eos : "")
            if answers.contains(at) { rendered.spans.append(start..<rendered.text.utf8.count) }
            rendered.addsEOS = isLast && isAnswer && !eos.isEmpty
        }
        rendered.addsBOS = addsBOS(to: rendered.text)
        return rendered
    }

    private func addsBOS(to text: String) -> Bool {
        guard tokenizer.addsBOS, let bos = tokenizer.bosToken else { return false }
        return !text.hasPrefix(bos)
    }

    // MARK: - Ids

    /// The tokens of a rendered row with their bytes in its text; those added as ids have an empty range.
    public func tokens(_ rendered: Rendered) -> [Token] {
        let tokens = tokenizer.encodeWithOffsets(rendered.text, controlTokens: rendered.hasControlTokens)
        let bos = rendered.addsBOS ? tokenizer.bosID : nil
        let eos = rendered.addsEOS ? tokenizer.eosID : nil
        if bos == nil && eos == nil { return tokens }
        let end = rendered.text.utf8.count
        return (bos.map { [Token(id: $0, bytes: 0..<0)] } ?? []) + tokens
            + (eos.map { [Token(id: $0, bytes: end..<end)] } ?? [])
    }

    /// The ids of a rendered row.
    public func ids(_ rendered: Rendered) -> [Int32] {
        let ids = tokenizer.encode(rendered.text, controlTokens: rendered.hasControlTokens)
        return (rendered.addsBOS ? tokenizer.bosID.map { [$0] } ?? [] : []) + ids
            + (rendered.addsEOS ? tokenizer.eosID.map { [$0] } ?? [] : [])
    }

    /// The ids of any row, as `graft score` runs them: nothing is checked and nothing is cut.
    public func ids(of row: Row) throws(RowFault) -> [Int32] {
        if case .tokens(let ids, _) = row { return ids }
        return ids(try render(row))
    }

    /// The ids after which the model answers: a conversation with the generation prompt.
    public func promptIDs(_ conversation: Conversation) throws(RowFault) -> [Int32] {
        ids(try render(conversation, addGenerationPrompt: true))
    }

    /// A text as it is, after BOS if the tokenizer adds it.
    public func plainText(_ text: String) -> Rendered {
        var rendered = Rendered(text: text, isTemplated: false)
        rendered.addsBOS = addsBOS(to: text)
        return rendered
    }

    /// The ids of a text as it is, after BOS if the tokenizer adds it: what `--raw` continues.
    public func rawIDs(_ text: String) -> [Int32] { ids(plainText(text)) }
}
