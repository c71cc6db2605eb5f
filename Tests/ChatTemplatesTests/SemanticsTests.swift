import ChatTemplates
import Foundation
import OrderedJSON
import Testing

/// The language, compared with what transformers renders.
@Suite("Chat template semantics")
struct SemanticsTests {
    @Test("equal transformers' on small templates")
    func small() throws {
        let (variables, rows) = try Fixture.semantics()
        #expect(rows.count > 400)
        for row in rows {
            let source = try #require(row["template"]?.stringValue)
            let input = ChatInput(
                messages: variables["ms"] ?? [], variables: variables, now: Fixture.clock)
            let got = Outcome.of(source, input)
            let error = row["error"]?.stringValue
            let spans =
                row["spans"]?.arrayValue?.map { $0.arrayValue?.compactMap(\.intValue) ?? [] } ?? []
            let expected = Outcome(
                text: row["text"]?.stringValue, spans: spans, error: error,
                message: row["message"]?.stringValue)
            #expect(got == expected, "\(source)")
        }
    }

    @Test("equal transformers' on fifty published templates with twenty conversations each")
    func published() throws {
        guard let folder = Fixture.sharedTemplates() else { return }
        var templates: [String: ChatTemplate] = [:]
        let rows = try Fixture.lines(folder + "/vectors.jsonl").dropFirst()
        #expect(rows.count == 1_000)
        for row in rows {
            let name = try #require(row["template"]?.stringValue)
            if templates[name] == nil {
                let source = try String(contentsOfFile: "\(folder)/templates/\(name)", encoding: .utf8)
                templates[name] = try ChatTemplate(source: source, name: name)
            }
            let label = "\(name) \(row["case"]?.stringValue ?? "")"
            do {
                let chat = try #require(templates[name]).render(Fixture.input(row))
                let expected = try #require(row["expected"]?.stringValue, "\(label) should fail")
                #expect(chat.text == expected, "\(label)")
                if let spans = row["generation_spans"]?.arrayValue {
                    // Stored in code points.
                    let scalars = Array(expected.unicodeScalars)
                    func bytes(_ count: Int?) -> Int {
                        scalars.prefix(count ?? 0).reduce(0) { $0 + String($1).utf8.count }
                    }
                    let ranges = spans.map { bytes($0[0]?.intValue)..<bytes($0[1]?.intValue) }
                    #expect(chat.generationSpans == ranges, "\(label)")
                    #expect(chat.misplacedSpans == 0)
                }
            } catch let error as ChatTemplateError {
                let expected = try #require(row["error"], "\(label) fails: \(error)")
                let type = expected["type"]?.stringValue ?? ""
                #expect(error.cause == (type == "TemplateError" ? .raised : .failed(type)), "\(label)")
                #expect(error.message == expected["message"]?.stringValue, "\(label)")
            }
        }
    }
}
