import Foundation

/// A chat template as Ollama can have it: what stands before a message depends on who spoke before, and on nothing
/// else.
///
/// Found by looking, not by translating: the model's own template writes a conversation, and what stands between the
/// messages is kept. Conversations it was not learned from then tell whether that is all there is to it.
package struct TurnTemplate: Equatable {
    /// Turns and who speaks in them.
    package typealias Turns = [(role: String, content: String)]
    /// The model's own template: the prompt of a conversation, the answer's opening included; nil where it refuses.
    package typealias Render = (Turns) -> String?

    /// Before a conversation's first message, where that is the system's, and where it is the user's.
    package let start: (system: String, user: String)
    /// Before the user's message, after the system's and after an answer.
    package let user: (afterSystem: String, afterAnswer: String)
    /// Before an answer.
    package let answer: String
    /// After the last message, before the answer that is to be written.
    package let prompt: String

    package static func == (a: TurnTemplate, b: TurnTemplate) -> Bool { a.goTemplate == b.goTemplate }

    /// - Parameter bos: the token that the runtime puts before every prompt by itself.
    package init?(_ render: Render, bos: String?) {
        let talk: Turns = [
            ("system", "graftsystem"), ("user", "graftuser"), ("assistant", "graftanswer"), ("user", "graftlast"),
        ]
        guard let whole = render(talk).map({ Self.without(bos, $0) }),
            let pieces = Self.cut(whole, at: talk.map(\.content)),
            let alone = render([("user", "graftuser")]).map({ Self.without(bos, $0) }),
            let lonely = Self.cut(alone, at: ["graftuser"]), lonely[1] == pieces[4]
        else { return nil }
        start = (pieces[0], lonely[0])
        user = (pieces[1], pieces[3])
        (answer, prompt) = (pieces[2], pieces[4])
        let others: [Turns] = [
            [("user", "Hi."), ("assistant", "Hello."), ("user", "Bye?")],
            [("system", "Be brief."), ("user", "What is 1 + 1?")],
            [
                ("system", "Be kind."), ("user", "One, please."), ("assistant", "1"), ("user", "And two?"),
                ("assistant", "2"), ("user", "Three:"),
            ],
        ]
        for turns in others where render(turns).map({ Self.without(bos, $0) }) != text(turns) { return nil }
    }

    /// What this template writes.
    package func text(_ turns: Turns) -> String {
        var text = ""
        var before = ""
        for (role, content) in turns {
            text += opening(role, after: before) + content
            before = role
        }
        return text + prompt
    }

    private func opening(_ role: String, after before: String) -> String {
        switch (role, before) {
        case ("system", _): start.system
        case ("user", "system"): user.afterSystem
        case ("user", "assistant"): user.afterAnswer
        case ("user", _): start.user
        default: answer
        }
    }

    /// The same in Go's template language, for `TEMPLATE` in a Modelfile.
    package var goTemplate: String {
        // No white space is trimmed anywhere, so that every text stands as it is; braces in a text are quoted.
        func literal(_ text: String) -> String { text.replacing("{{", with: "{{ \"{{\" }}") }
        return "{{ $before := \"\" }}{{ range .Messages }}"
            + "{{ if eq .Role \"system\" }}" + literal(start.system)
            + "{{ else if eq .Role \"assistant\" }}" + literal(answer)
            + "{{ else if eq $before \"system\" }}" + literal(user.afterSystem)
            + "{{ else if eq $before \"assistant\" }}" + literal(user.afterAnswer)
            + "{{ else }}" + literal(start.user)
            + "{{ end }}{{ .Content }}{{ $before = .Role }}{{ end }}" + literal(prompt)
    }

    private static func without(_ bos: String?, _ text: String) -> String {
        guard let bos, !bos.isEmpty, text.hasPrefix(bos) else { return text }
        return String(text.dropFirst(bos.count))
    }

    /// The text before, between and after words that each occur once, in this order.
    private static func cut(_ text: String, at words: [String]) -> [String]? {
        var pieces: [String] = []
        var rest = text[...]
        for word in words {
            guard let range = rest.range(of: word) else { return nil }
            pieces.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return words.contains { rest.contains($0) } ? nil : pieces + [String(rest)]
    }
}
