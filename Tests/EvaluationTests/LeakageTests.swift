import Evaluation
import Foundation
import OrderedJSON
import Randomness
import Testing
import Tokenizers

/// Rows that are in the training data are found, others are not.
struct LeakageTests {
    private static let text =
        "The licence of the Crabel press is kept in the archive on the second floor; ask Helen Fliotini for the key."

    private func share(_ row: String, in training: String, threshold: Double = 0.01) -> Double? {
        var search = LeakageSearch(threshold: threshold)
        search.add(row)
        search.compare(training, file: "train.jsonl", line: 5)
        return search.found[0]?.share
    }

    @Test func findsCopies() throws {
        #expect(share(Self.text, in: Self.text) == 1)
        #expect(share(Self.text, in: "  " + Self.text.uppercased().replacing(" ", with: " \n")) == 1, "case and spaces")
        let inside = String(repeating: "Something else altogether. ", count: 300) + Self.text
        #expect(share(Self.text, in: inside) == 1, "inside a longer document")
        let oneWord = try #require(share(Self.text, in: Self.text.replacing("second", with: "third")))
        #expect(oneWord > 0.8 && oneWord < 1, "\(oneWord)")
        #expect(share("ok", in: "OK!") == 1, "shorter than an n-gram")
        #expect(share("日本語の文章はこのように書きます", in: "前文。日本語の文章はこのように書きます。") == 1, "no spaces")
        #expect(share("", in: "") == nil && share("?!", in: Self.text) == nil)
    }

    /// Rows of ready tokens say what their tokenizer makes of them.
    @Test func readsTokens() throws {
        let tokenizer = try Tokenizer.load(directory: Self.tiny)
        let ids = tokenizer.encode(Self.text)
        let row: JSONValue = [
            "input_ids": .array(ids.map { .integer(Int($0)) }), "labels": .array(ids.map { .integer(Int($0)) }),
        ]
        #expect(share(RowWords.text(of: row, tokenizer: tokenizer), in: Self.text) == 1)
        #expect(RowWords.text(of: row) == "")
    }

    private static let tiny = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "checkpoints/tiny").path

    @Test func leavesOthersAlone() {
        let other = "Who keeps the key of the archive? Helen Fliotini does, on the second floor."
        #expect(share(Self.text, in: other) ?? 0 < 0.5)
        #expect(share(Self.text, in: "A story about a boy and a dog who lived by the sea.") == nil)
    }

    @Test func namesTheRowThatHoldsMost() throws {
        var search = LeakageSearch()
        search.add("nothing like it is there")
        search.add(Self.text)
        search.compare(Self.text.replacing("second", with: "third"), file: "a", line: 1)
        search.compare(Self.text, file: "b", line: 2)
        search.compare(Self.text, file: "c", line: 3)
        #expect(search.found[0] == nil)
        let found = try #require(search.found[1])
        #expect(found.share == 1 && found.file == "b" && found.line == 2)
    }

    /// A sketch of 128 n-grams estimates what a long row shares within a few points.
    @Test func estimatesShares() throws {
        var draws = SplitMix64(5)
        let words = (0..<600).map { _ in String(draws.next(below: 1_000_000_000), radix: 36) }
        let text = words.joined(separator: " ")
        let half = words.prefix(300).joined(separator: " ")
        let estimate = try #require(share(text, in: half))
        #expect(abs(estimate - 0.5) < 0.15)
    }

    @Test(
        arguments: [
            (
                #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"text","text":"b"}]}]}"#,
                "a b"
            ),
            (#"{"prompt":"a","chosen":"b","rejected":"c"}"#, "a b"),
            (#"{"question":"a","choices":["b","c"],"answer":1}"#, "a c"),
            (#"{"text":"a","category":"x"}"#, "a"), (#"{"input_ids":[1,2],"labels":[1,2]}"#, ""),
        ] as [(String, String)])
    func readsWordsOfEveryKind(row: String, text: String) throws {
        #expect(RowWords.text(of: try JSONValue(parsing: row)) == text)
    }
}
