import ChatTemplates
import Foundation
import OrderedJSON
import Testing

/// Random templates and conversations against transformers (`scripts/fixtures/make_random_templates.py`), where the
/// environment names their folder.
@Suite("Drawn templates")
struct DrawnTests {
    static let root = ProcessInfo.processInfo.environment["GRAFT_TEMPLATES"] ?? ""

    @Test("of the grammar", .enabled(if: !root.isEmpty, "GRAFT_TEMPLATES names no folder"))
    func grammar() throws {
        let rows = try Fixture.lines(Self.root + "/grammar.jsonl")
        let members = rows[0]["variables"]?.objectValue?.members ?? []
        let variables = Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) })
        var wrong = 0
        for row in rows.dropFirst() {
            let source = try #require(row["template"]?.stringValue)
            let input = ChatInput(messages: variables["ms"] ?? [], variables: variables, now: Fixture.clock)
            if !agrees(row, Outcome.of(source, input), source) { wrong += 1 }
        }
        #expect(wrong == 0, "\(wrong) of \(rows.count - 1) differ")
    }

    @Test(
        "of published style, with random conversations", .enabled(if: !root.isEmpty, "GRAFT_TEMPLATES names no folder"))
    func conversations() throws {
        var (name, source, count) = ("", "", 0)
        var wrong: [String: Int] = [:]
        for row in try Fixture.lines(Self.root + "/conversations.jsonl") {
            if let next = row["source"]?.stringValue {
                (name, source) = (row["name"]?.stringValue ?? "", next)
                continue
            }
            count += 1
            if !agrees(row, Outcome.of(source, Fixture.input(row)), name + " " + row.serialized().prefix(1500)) {
                wrong[name, default: 0] += 1
            }
        }
        #expect(wrong.isEmpty && count > 0, "of \(count) differ \(wrong)")
    }

    private func agrees(_ row: JSONValue, _ got: Outcome, _ what: String) -> Bool {
        let spans = row["spans"]?.arrayValue?.map { $0.arrayValue?.compactMap(\.intValue) ?? [] } ?? []
        let expected = Outcome(
            text: row["text"]?.stringValue, spans: spans, error: row["error"]?.stringValue,
            message: row["message"]?.stringValue)
        if got == expected { return true }
        print("DIFFERS \(what)\n  got      \(got)\n  expected \(expected)")
        return false
    }
}
