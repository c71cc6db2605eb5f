import Generation
import Testing
import Tokenizers

/// Text of an answer as it streams: whole characters, stop strings cut off, nothing of one shown.
struct AnswerTextTests {
    private func tokenizer() throws -> Tokenizer? {
        guard let shared = TestData.shared else { return nil }
        return try Tokenizer.load(directory: shared + "/assets/models/stories260K")
    }

    private func stream(_ text: String, stops: [String]) throws -> (pieces: [String], whole: AnswerText)? {
        guard let tokenizer = try tokenizer() else { return nil }
        var answer = AnswerText(GenerationRequest([1], maxTokens: 1, stopStrings: stops), tokenizer: tokenizer)
        var pieces: [String] = []
        for id in tokenizer.encode(text) where answer.found == nil { pieces.append(answer.append(id)) }
        pieces.append(answer.finish())
        return (pieces, answer)
    }

    @Test func piecesMakeUpTheText() throws {
        for text in ["Once upon a time, there was.", "naïve ☃ 🧶 end", "a\n\nb"] {
            guard let (pieces, whole) = try stream(text, stops: []) else { return }
            #expect(pieces.joined() == text)
            #expect(whole.text == text)
            #expect(!pieces.contains { $0.contains("\u{fffd}") })
        }
    }

    @Test(
        arguments: [
            (["END"], "one two END three", "one two ", "END"), (["x", "two"], "one two x", "one ", "two"),
            (["🧶"], "wool 🧶 more", "wool ", "🧶"), (["\n\n"], "a\nb\n\nc", "a\nb", "\n\n"),
            (["END"], "one EN two", "one EN two", nil), (["two."], "one two", "one two", nil),
        ] as [([String], String, String, String?)])
    func stopStringsCutTheText(stops: [String], text: String, wanted: String, found: String?) throws {
        guard let (pieces, whole) = try stream(text, stops: stops) else { return }
        #expect(whole.text == wanted)
        #expect(pieces.joined() == wanted)
        #expect(whole.found == found)
    }
}
