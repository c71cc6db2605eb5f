extension PromptRenderer {
    /// What the template writes behind an assistant's words, such as `<|im_end|>`; nil without a template, or when it
    /// writes nothing or refuses a plain conversation. Generation stops there.
    public var endOfTurn: String? {
        let sentinel = "Qz7sentinelzQ"
        let probe = Conversation(user: "Hello", assistant: sentinel)
        guard template(for: probe) != nil, let rendered = try? render(probe),
            let closing = TurnClosing(rendering: rendered.text, sentinel: sentinel)
        else { return nil }
        let text = String(decoding: closing.end, as: UTF8.self).trimmingPrefix(while: \.isWhitespace)
        return text.isEmpty ? nil : String(text)
    }
}
