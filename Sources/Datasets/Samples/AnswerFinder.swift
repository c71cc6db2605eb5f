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
        guard !answers.isEmpty else { throw .noAnswer }
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

    /// Complains about answers of which the template leaves something out.
    ///
    /// - Returns: what is odd but no fault: reasoning that is not written.
    func omissions(_ conversation: Conversation, in texts: [Answered]) throws(RowFault) -> String? {
        var warning: String?
        let words = texts.map { answered in
            answered.spans.map { String(decoding: answered.text[$0], as: UTF8.self) }.joined()
        }.joined()
        for answer in conversation.answers {
            let message = conversation.messages[answer]
            for call in message["tool_calls"]?.arrayValue ?? [] {
                guard let name = (call["function"] ?? call)["name"]?.stringValue, !words.contains(name) else {
                    continue
                }
                throw RowFault(
                    "message \(answer + 1): the chat template does not write its call of '\(name)'",
                    advice: "the model would learn to say nothing; use a template that knows tool_calls")
            }
            if message["content"]?.arrayValue != nil, words.contains("[{'type':") {
                throw RowFault(
                    "message \(answer + 1): the chat template writes the list of content parts itself",
                    advice: "give the content as one string")
            }
            if let reasoning = message.reasoning, !words.contains(reasoning) {
                warning = "the chat template does not write the reasoning of message \(answer + 1)"
            }
        }
        return warning
    }

    private func closing(for conversation: Conversation, _ answer: Int) throws(RowFault) -> TurnClosing {
        // Another template for conversations with tools may end turns in another way.
        if let closing, conversation.tools == nil || !renderer.hasToolTemplate { return closing }
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
            if let prompt = try turns.prompt(before: message, of: text), prompt > start, prompt <= block.upperBound {
                start = prompt
            }
            // White space before an end of turn that follows the block is the answer's own.
            let isFollowed = !closing.isEmpty && text[block.upperBound...].starts(with: closing.end)
            var end = isFollowed ? block.upperBound : closing.endOfLoss(in: text[start..<block.upperBound])
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
    /// behind it the answer as the template writes it.
    private func joined(
        _ answer: Int, _ turns: Turns, _ turn: [UInt8], _ end: Int, _ closing: TurnClosing
    ) throws(RowFault) -> Answered {
        let start = turns.conversation.prefix(answer)
        var probe = start
        probe.messages.append(message("assistant", Self.sentinel))
        let before = Array(try renderer.render(start).text.utf8)
        let prompt = Array(try renderer.render(start, addGenerationPrompt: true).text.utf8)
        let probed = Array(try renderer.render(probe).text.utf8)
        let conversation = before.commonPrefixCount(prompt)
        let header = prompt.commonPrefixCount(probed)

        // The turn's own header ends where the prompt and a turn with other words part.
        if header >= conversation, header > 0, header <= end, turn.starts(with: prompt[..<header]) {
            let words = thought(turns.conversation.messages[answer], in: prompt)
            var rest = turn[header..<end]
            if !words.text.isEmpty { rest = rest.drop(while: ThinkingTags.isSpace) }
            let end = prompt.count + words.text.count + rest.count
            let text = prompt + words.text + rest + turn[rest.endIndex...]
            let from = prompt.count + (words.isEmpty ? words.text.count : 0)
            let first = words.text.isEmpty ? ThinkingTags.end(ofEmptyPairIn: text, from: from, to: end) : from
            return Answered(text: text, spans: [first..<end], endsTurn: !closing.isEmpty)
        }
        // A template that writes even the conversation differently before an answer (a system message that goes to
        // the last question, say): the prompt of inference and the words from where any answer's words begin.
        if let words = probed.endOfLast(Array(Self.sentinel.utf8)).map({ $0 - Self.sentinel.utf8.count }),
            words <= end, turn.starts(with: probed[..<words])
        {
            let text = prompt + turn[words...]
            return Answered(
                text: text, spans: [prompt.count..<(end - words + prompt.count)], endsTurn: !closing.isEmpty)
        }
        // A turn that departs from its prompt in the header: loss from there.
        var parting = prompt.commonPrefixCount(turn)
        while parting > conversation, "<[|/".utf8.contains(turn[parting - 1]) { parting -= 1 }  // not inside a tag
        guard parting >= conversation, parting > 0, parting < end else {
            throw RowFault(
                "message \(answer + 1): the chat template renders this answer so that it cannot be told from its prompt",
                advice: "give data.template a file that marks answers with {% generation %}")
        }
        return Answered(text: turn, spans: [parting..<end], endsTurn: !closing.isEmpty)
    }

    /// What completes a thought that the prompt opens: the answer's reasoning, or nothing but the closing tag.
    private func thought(_ message: JSONValue, in prompt: [UInt8]) -> (text: [UInt8], isEmpty: Bool) {
        guard let pair = ThinkingTags.openPair(before: prompt.count, in: prompt) else { return ([], true) }
        let onOwnLine = prompt.last.map(ThinkingTags.isSpace) ?? false
        let close = onOwnLine ? Array("\n".utf8) + pair.close + Array("\n\n".utf8) : pair.close
        guard let reasoning = message.reasoning else { return (close, true) }
        return (Array(reasoning.utf8) + close, false)
    }
}
