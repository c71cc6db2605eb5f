import Foundation
import OrderedJSON
import Testing
import Tokenizers

/// Tokenizers that were drawn at random and what their own libraries make of random texts
/// (`scripts/fixtures/make_random_tokenizers.py`), where the environment names their folder.
@Suite("Drawn tokenizers")
struct DrawnTests {
    static let root = ProcessInfo.processInfo.environment["GRAFT_TOKENIZERS"] ?? ""
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted().filter {
        FileManager.default.fileExists(atPath: "\(root)/\($0)/cases.jsonl")
    }

    @Test("agree in ids and texts", .enabled(if: !root.isEmpty, "GRAFT_TOKENIZERS names no folder"), arguments: names)
    func agree(_ name: String) throws {
        let tokenizer = try Tokenizer.load(directory: "\(Self.root)/\(name)")
        var wrong: [String: Int] = [:]
        var shown = 0
        func compare(_ what: String, _ text: String, _ same: Bool, _ found: String, _ expected: String) {
            if same { return }
            wrong[what, default: 0] += 1
            if shown < 3 { print("\(name) \(what): \(text.debugDescription): \(found), not \(expected)") }
            shown += 1
        }
        let cases = try Shared.lines("\(Self.root)/\(name)/cases.jsonl")
        for row in cases {
            let text = try #require(row["text"]?.stringValue)
            let ids = try #require(row["ids"]?.ids)
            let found = tokenizer.encode(text)
            compare("ids", text, found == ids, "\(found)", "\(ids)")
            if let special = row["ids_special"]?.ids {
                let found = tokenizer.encode(text, addSpecialTokens: true)
                compare("special ids", text, found == special, "\(found)", "\(special)")
            }
            for (key, skips) in [("decoded", false), ("decoded_skip_special", true)] {
                guard let expected = row[key]?.stringValue else { continue }
                let found = tokenizer.decode(ids, skipSpecialTokens: skips)
                compare(key, text, sameBytes(found, expected), found.debugDescription, expected.debugDescription)
                let piecewise = streamed(tokenizer, ids, skipSpecialTokens: skips)
                compare(
                    "streamed", text, sameBytes(piecewise, found), piecewise.debugDescription, found.debugDescription)
            }
        }
        #expect(wrong.isEmpty, "\(name): of \(cases.count) texts differ \(wrong)")
    }
}
