import OrderedJSON

/// The renderings of the beginnings of one conversation.
struct Turns {
    let renderer: PromptRenderer
    let conversation: Conversation
    /// The whole conversation's rendering.
    let full: [UInt8]

    /// The rendering that ends with a message.
    func rendering(through message: Int) throws(RowFault) -> [UInt8] {
        if message == conversation.messages.count - 1 { return full }
        return Array(try renderer.render(conversation.prefix(message + 1)).text.utf8)
    }

    /// How many bytes of a rendered text are the prompt before a message; nil when no prompt is the text's beginning.
    ///
    /// Tried are the prompt as the template renders it by itself, with thinking switched off and with thinking
    /// switched on. For an answer without reasoning the longer of the first two counts, so that an empty thought
    /// belongs to the prompt.
    func prompt(before message: Int, of text: [UInt8]) throws(RowFault) -> Int? {
        let plain = try promptCount(before: message, of: text, thinking: nil)
        guard renderer.readsThinkingSwitch else { return plain }
        let thinks = conversation.messages[message].reasoning != nil
        if thinks, let plain { return plain }
        let silent = thinks ? nil : try promptCount(before: message, of: text, thinking: false)
        if let longest = [plain, silent].compactMap({ $0 }).max() { return longest }
        return try promptCount(before: message, of: text, thinking: true)
    }

    private func promptCount(before message: Int, of text: [UInt8], thinking: Bool?) throws(RowFault) -> Int? {
        let extra: [(key: String, value: JSONValue)] =
            thinking.map { [("enable_thinking", .bool($0)), ("thinking", .bool($0))] } ?? []
        let rendered = try renderer.render(conversation.prefix(message), addGenerationPrompt: true, extra: extra)
        return text.starts(with: rendered.text.utf8) ? rendered.text.utf8.count : nil
    }
}
