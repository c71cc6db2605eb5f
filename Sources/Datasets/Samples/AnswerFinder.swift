import ChatTemplates
import OrderedJSON

/// Finds which bytes of a rendered conversation are the assistant's words, through the end of each turn.
///
/// In this order: the template's own `{% generation %}` blocks; the renderings of ever longer beginnings of the
/// conversation, where each must begin with the one before; else one text per answer, whose prompt is rendered as
/// inference would render it. The last happens where a template writes earlier turns differently from the newest,
/// as those that drop old reasoning do.
struct AnswerFinder: Sendable {
    let renderer: PromptRenderer
    /// The closing of plain answers; nil when the template refuses a plain conversation, then found row by row.
    private let closing: TurnClosing?

    /// No template changes or trims this, and it begins like no tag.
    private static let sentinel = "Qz7sentinelzQ"

    init(renderer: PromptRenderer) {
        self.renderer = renderer
        let probes: [[JSONValue]] = [[], [message("system", "Be brief.")]].map {
            $0 + [message("user", "Hello"), message("assistant", Self.sentinel)]
        }
        closing =
            probes.lazy.compactMap { messages in
                guard let rendered = try? renderer.render(Conversation(messages: messages)) else { return nil }
                return TurnClosing(rendering: rendered.text, sentinel: Self.sentinel)
            }.first
    }

    /// A text with the bytes that carry loss.
    struct Answered {
        var text: [UInt8]
        var spans: [Range<Int>]
        var endsTurn: Bool
    }

    /// The texts to train on. With a template that can be followed it is one.
    func texts(_ conversation: Conversation) throws(RowFault) -> [Answered] {
        let answers = conversation.answers
        guard !answers.isEmpty else {
            throw RowFault("has no assistant turn to learn from", advice: "every row needs an answer")
        }
        let full = try renderer.render(conversation)
        let text = Array(full.text.utf8)
        let turns = Turns(renderer: renderer, conversation: conversation, full: text)
        if renderer.template(for: conversation)?.usesGenerationBlocks == true,
            let found = try marked(full.spans, text, turns, answers)
        {
            return [found]
        }
        if let found = try growing(text, turns, answers) { return [found] }
        var texts: [Answered] = []
        for answer in answers { texts.append(try alone(answer, turns)) }
        return texts
    }

    private func closing(for conversation: Conversation, _ answer: Int) throws(RowFault) -> TurnClosing {
        if let closing { return closing }
        var probe = conversation.prefix(answer)
        probe.messages.append(message("assistant", Self.sentinel))
        guard let found = TurnClosing(rendering: try renderer.render(probe).text, sentinel: Self.sentinel) else {
            throw RowFault("the chat template does not write what the assistant says in message \(answer + 1)")
        }
        return found
    }

    // MARK: - The three ways

    /// By `{% generation %}` blocks: one a turn of the assistant. A block that takes in the turn's header is cut where
    /// the prompt of inference ends, one that leaves out the end of turn is extended over it.
    private func marked(
        _ blocks: [Range<Int>], _ text: [UInt8], _ turns: Turns, _ answers: [Int]
    ) throws(RowFault) -> Answered? {
        let assistants = turns.conversation.messages.indices.filter {
            turns.conversation.messages[$0]["role"]?.stringValue == "assistant"
        }
        guard blocks.count == assistants.count else { return nil }
        var spans: [Range<Int>] = []
        var endsTurn = false
        for (block, message) in zip(blocks, assistants) where answers.contains(message) {
            let closing = try closing(for: turns.conversation, message)
            var start = block.lowerBound
            if let prompt = try turns.prompt(before: message, of: text), block.contains(prompt) { start = prompt }
            var end = closing.endOfLoss(in: text[block])
            if text[end...].starts(with: closing.end) { end += closing.end.count }
            start = ThinkingTags.end(ofEmptyPairIn: text, from: start, to: end)
            if start < end { spans.append(start..<end) }
            endsTurn = endsTurn || !closing.isEmpty
        }
        return Answered(text: text, spans: spans, endsTurn: endsTurn)
    }

    /// By renderings of ever longer beginnings; nil when one of them is no beginning of the whole.
    private func growing(_ text: [UInt8], _ turns: Turns, _ answers: [Int]) throws(RowFault) -> Answered? {
        var found = Answered(text: text, spans: [], endsTurn: false)
        for answer in answers {
            let turn = try turns.rendering(through: answer)
            let closing = try closing(for: turns.conversation, answer)
            let end = closing.endOfLoss(in: turn[...])
            guard let prompt = try turns.prompt(before: answer, of: turn), prompt <= end, end <= text.count,
                text[..<end].elementsEqual(turn[..<end])
            else { return nil }
            let start = ThinkingTags.end(ofEmptyPairIn: text, from: prompt, to: end)
            if start < end { found.spans.append(start..<end) }
            found.endsTurn = found.endsTurn || !closing.isEmpty
        }
        return found
    }

    /// One answer behind the prompt that inference would render for it.
    private func alone(_ answer: Int, _ turns: Turns) throws(RowFault) -> Answered {
        let turn = try turns.rendering(through: answer)
        let closing = try closing(for: turns.conversation, answer)
        let end = closing.endOfLoss(in: turn[...])
        if let prompt = try turns.prompt(before: answer, of: turn), prompt <= end {
            let start = ThinkingTags.end(ofEmptyPairIn: turn, from: prompt, to: end)
            return Answered(text: turn, spans: start < end ? [start..<end] : [], endsTurn: !closing.isEmpty)
        }
        return try joined(answer, turns, turn, end, closing)
    }

    /// Where the template renders a finished turn otherwise than the prompt promises: the prompt of inference and
    /// behind it the turn without its own header. A thought that the prompt opens is finished or closed empty.
    private func joined(
        _ answer: Int, _ turns: Turns, _ turn: [UInt8], _ end: Int, _ closing: TurnClosing
    ) throws(RowFault) -> Answered {
        var probe = turns.conversation.prefix(answer)
        probe.messages.append(message("assistant", Self.sentinel))
        let before = Array(try renderer.render(turns.conversation.prefix(answer)).text.utf8)
        let prompt = Array(try renderer.render(turns.conversation.prefix(answer), addGenerationPrompt: true).text.utf8)
        let header = prompt.commonPrefixCount(Array(try renderer.render(probe).text.utf8))
        guard header >= before.commonPrefixCount(prompt), header > 0, turn.count >= header, header <= end,
            turn[..<header].elementsEqual(prompt[..<header])
        else {
            throw RowFault(
                "message \(answer + 1): the chat template renders this answer so that it cannot be told from its prompt",
                advice: "give data.template a file that marks answers with {% generation %}")
        }
        var text = prompt
        var start = text.count
        if let pair = ThinkingTags.openPair(before: prompt.count, in: prompt) {
            let onOwnLine = prompt.last.map(ThinkingTags.isSpace) ?? false
            let close = onOwnLine ? Array("\n".utf8) + pair.close + Array("\n\n".utf8) : pair.close
            if let reasoning = turns.conversation.messages[answer].reasoning {
                let trimmed = reasoning.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
                text += Array(String(trimmed).utf8) + close
            } else {
                text += close
                start = text.count
            }
        }
        let shift = text.count - header
        text += turn[header...]
        start = start == prompt.count ? ThinkingTags.end(ofEmptyPairIn: text, from: start, to: end + shift) : start
        return Answered(text: text, spans: [start..<(end + shift)], endsTurn: !closing.isEmpty)
    }
}
