import Exports
import Foundation
import Testing

extension ExportsTests {
    @Suite("Chat templates as Ollama has them")
    struct TurnTemplateTests {
        /// Writers of turns as known models have them.
        private static let writers: [(name: String, write: @Sendable (TurnTemplate.Turns) -> String?)] = [
            (
                "chatml",
                { turns in
                    turns.map { "<|im_start|>\($0.role)\n\($0.content)<|im_end|>\n" }.joined()
                        + "<|im_start|>assistant\n"
                }
            ),
            (
                "a system message of its own",
                { turns in
                    let all = turns.first?.role == "system" ? turns : [("system", "You help.")] + turns
                    return all.map { "<|\($0.role)|>\n\($0.content)<|end|>\n" }.joined() + "<|assistant|>\n"
                }
            ),
            (
                "the system's words inside the user's turn",
                { turns in
                    var text = "<bos>"
                    var system = ""
                    for (role, content) in turns {
                        switch role {
                        case "system": system = content + "\n\n"
                        case "user":
                            text += "<start_of_turn>user\n\(system)\(content)<end_of_turn>\n"
                            system = ""
                        default: text += "<start_of_turn>model\n\(content)<end_of_turn>\n"
                        }
                    }
                    return text + "<start_of_turn>model\n"
                }
            ),
            (
                "braces and instructions",
                { turns in
                    turns.reduce("") { text, turn in
                        switch turn.role {
                        case "system": text + "{{SYS}} " + turn.content + " "
                        case "user": text + "[INST] " + turn.content + " [/INST]"
                        default: text + " " + turn.content + "</s>"
                        }
                    }
                }
            ),
        ]

        private static let talks: [TurnTemplate.Turns] = [
            [("user", "Good day.")],
            [("user", "One?"), ("assistant", "Two."), ("user", "Three? ")],
            [
                ("system", "Be brief."), ("user", "a"), ("assistant", "b\n"), ("user", " c"), ("assistant", ""),
                ("user", "d"),
            ],
        ]

        @Test("write as the model's own, read as Go reads them", arguments: writers.map(\.name))
        func known(_ name: String) throws {
            let write = try #require(Self.writers.first { $0.name == name }).write
            let template = try #require(TurnTemplate(write, bos: "<bos>"))
            for turns in Self.talks {
                let text = try #require(write(turns))
                let expected = text.hasPrefix("<bos>") ? String(text.dropFirst(5)) : text
                #expect(template.text(turns) == expected)
                #expect(try GoTemplate.text(template.goTemplate, turns) == expected)
            }
        }

        @Test("are these words for the most usual one")
        func golden() throws {
            let template = try #require(TurnTemplate(Self.writers[0].write, bos: nil))
            #expect(
                template.goTemplate
                    == "{{ $before := \"\" }}{{ range .Messages }}{{ if eq .Role \"system\" }}<|im_start|>system\n"
                    + "{{ else if eq .Role \"assistant\" }}<|im_end|>\n<|im_start|>assistant\n"
                    + "{{ else if eq $before \"system\" }}<|im_end|>\n<|im_start|>user\n"
                    + "{{ else if eq $before \"assistant\" }}<|im_end|>\n<|im_start|>user\n"
                    + "{{ else }}<|im_start|>user\n{{ end }}{{ .Content }}{{ $before = .Role }}{{ end }}"
                    + "<|im_end|>\n<|im_start|>assistant\n")
        }

        @Test("are not made up where more than the speaker before decides")
        func others() {
            // Numbered turns, and a model that refuses a system message.
            #expect(TurnTemplate({ $0.enumerated().map { "\($0). \($1.content)\n" }.joined() }, bos: nil) == nil)
            #expect(TurnTemplate({ $0.first?.role == "system" ? nil : $0.map(\.content).joined() }, bos: nil) == nil)
        }
    }
}

/// As much of Go's text/template as a Modelfile of ours uses, to read it independently of how it was written.
private enum GoTemplate {
    struct Unknown: Error { let action: String }

    static func text(_ template: String, _ turns: TurnTemplate.Turns) throws -> String {
        var pieces: [(isAction: Bool, text: String)] = []
        var rest = template[...]
        while let open = rest.range(of: "{{") {
            pieces.append((false, String(rest[..<open.lowerBound])))
            let close = try #require(rest.range(of: "}}", range: open.upperBound..<rest.endIndex))
            pieces.append((true, rest[open.upperBound..<close.lowerBound].trimmingCharacters(in: .whitespaces)))
            rest = rest[close.upperBound...]
        }
        pieces.append((false, String(rest)))
        let begin = try #require(pieces.firstIndex { $0.text == "range .Messages" })
        var depth = 0
        let end = try #require(
            pieces.indices.first { i in
                guard i > begin, pieces[i].isAction else { return false }
                if pieces[i].text.hasPrefix("if ") { depth += 1 }
                if pieces[i].text == "end" { depth -= 1 }
                return depth < 0
            })
        var before = ""
        var text = ""
        for turn in turns {
            // Whether a branch of the one condition runs, and whether one has run.
            var (runs, done) = (true, false)
            for piece in pieces[(begin + 1)..<end] {
                guard piece.isAction else {
                    if runs { text += piece.text }
                    continue
                }
                let condition = piece.text.hasPrefix("else if ") ? String(piece.text.dropFirst(5)) : piece.text
                if condition.hasPrefix("if eq ") {
                    let parts = condition.split(separator: " ")
                    let left = parts[2] == ".Role" ? turn.role : before
                    let holds = "\"\(left)\"" == parts[3]
                    runs = holds && !done
                    done = done || holds
                } else if piece.text == "else" {
                    runs = !done
                } else if piece.text == "end" {
                    (runs, done) = (true, false)
                } else if piece.text == ".Content" {
                    text += turn.content
                } else if piece.text == "$before = .Role" {
                    before = turn.role
                } else if piece.text.hasPrefix("\"") {
                    if runs { text += piece.text.dropFirst().dropLast() }
                } else {
                    throw Unknown(action: piece.text)
                }
            }
        }
        return text
            + pieces[(end + 1)...].map { $0.isAction ? String($0.text.dropFirst().dropLast()) : $0.text }.joined()
    }
}
