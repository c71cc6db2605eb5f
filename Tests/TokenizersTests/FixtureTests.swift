import Foundation
import OrderedJSON
import Randomness
import TestSupport
import Testing
import Tokenizers

/// Small tokenizers of every kind against what `tokenizers` 0.23 makes of the same file (make_fixtures.py).
@Suite("Fixtures")
struct FixtureTests {
    static let names = [
        "classes", "gemma", "gpt2", "letters-first", "llama2", "llama3", "newer", "newer-words", "nfd-lower", "nfkc",
        "no-fallback", "suffix", "unigram", "wordpiece",
    ]

    static func tokenizer(_ fixture: JSONValue, _ name: String) throws -> Tokenizer {
        let file = try #require(fixture["tokenizer"])
        return try Tokenizer(TokenizerDescription(tokenizerJSON: file.serialized(), file: name))
    }

    @Test("agree in ids, special ids and texts", arguments: names)
    func agree(_ name: String) throws {
        let fixture = try Shared.json("\(Shared.fixtures)/\(name).json")
        let tokenizer = try Self.tokenizer(fixture, name)
        let cases = try #require(fixture["cases"]?.arrayValue)
        #expect(cases.count > 20)
        for row in cases {
            let text = try #require(row["text"]?.stringValue)
            let ids = try #require(row["ids"]?.ids)
            let comment = Comment(rawValue: "\(name) \(text.debugDescription)")
            #expect(tokenizer.encode(text) == ids, comment)
            #expect(tokenizer.encode(text, addSpecialTokens: true) == row["ids_special"]?.ids, comment)
            #expect(sameBytes(tokenizer.decode(ids), try #require(row["decoded"]?.stringValue)), comment)
            #expect(sameBytes(streamed(tokenizer, ids), tokenizer.decode(ids)), comment)
            let skipped = try #require(row["decoded_skip_special"]?.stringValue)
            #expect(sameBytes(tokenizer.decode(ids, skipSpecialTokens: true), skipped), comment)
        }
    }

    // Where no text is put in or taken away, offsets are those of the library, ours being exact within a character.
    @Test("agree in offsets", arguments: ["classes", "gpt2", "llama3", "letters-first", "gemma"])
    func offsets(_ name: String) throws {
        let fixture = try Shared.json("\(Shared.fixtures)/\(name).json")
        let tokenizer = try Self.tokenizer(fixture, name)
        for row in try #require(fixture["cases"]?.arrayValue) {
            let text = try #require(row["text"]?.stringValue)
            var starts = [0]
            for scalar in text.unicodeScalars { starts.append(starts[starts.count - 1] + UTF8.width(scalar)) }
            let ours = tokenizer.encodeWithOffsets(text).map { token in
                [
                    starts.lastIndex { $0 <= token.bytes.lowerBound } ?? -1,
                    starts.firstIndex { $0 >= token.bytes.upperBound } ?? -1,
                ]
            }
            let theirs = try #require(row["offsets"]?.arrayValue).map { ($0.arrayValue ?? []).compactMap(\.intValue) }
            #expect(ours == theirs, "\(name) \(text.debugDescription)")
        }
    }

    // Two ways to cut "aaa" have the same sum but for rounding; the last bits of the scores decide.
    @Test(
        "weigh scores with the last bits that the library reads",
        arguments: [
            ([-11.529338502814852, -11.647966105213861, -7.694708824151331], [1, 3, 2]),
            ([-3.8580711942262074, -11.790786186671477, -6.459360553039246], [1, 2, 3]),
            ([-10.767346334171496, -7.001515158287975, -1.1601656803963767], [1, 3, 2]),
            ([-11.014647948456409, -7.103799544637799, -7.8296560900397365], [1, 2, 3]),
        ])
    func ties(_ scores: [Double], _ ids: [Int32]) throws {
        let tokens = zip(["x", "a", "aa"], scores).map { token, score -> JSONValue in [.string(token), .number(score)] }
        let file: JSONValue = ["model": ["type": "Unigram", "unk_id": 0, "vocab": .array([["<unk>", 0.0]] + tokens)]]
        let tokenizer = try Tokenizer(TokenizerDescription(tokenizerJSON: file.serialized(), file: "ties"))
        #expect(tokenizer.encode("xaaa") == ids)
    }

    @Test("give the original bytes of normalised and marked text")
    func originalBytes() throws {
        let marked = try Self.tokenizer(try Shared.json("\(Shared.fixtures)/llama2.json"), "llama2")
        let text = "the month\u{301} x"
        let tokens = marked.encodeWithOffsets(text, addSpecialTokens: true)
        #expect(tokens.first == Token(id: 1, bytes: 0..<0))
        #expect(tokens.last == Token(id: 2, bytes: text.utf8.count..<text.utf8.count))
        let bytes = Array(text.utf8)
        let covered = tokens.flatMap { bytes[$0.bytes] }
        #expect(covered == bytes)

        let composed = try Self.tokenizer(try Shared.json("\(Shared.fixtures)/nfkc.json"), "nfkc")
        let decomposed = "a\u{308}b"
        let ranges = composed.encodeWithOffsets(decomposed).map(\.bytes)
        // ä is two bytes after composition; whatever tokens they become stand for all three bytes before it.
        #expect(ranges.last == 3..<4)
        #expect(ranges.dropLast().allSatisfy { $0 == 0..<3 })
        #expect(!ranges.dropLast().isEmpty)
    }
}

/// Text that comes token by token.
@Suite("Incremental decoding")
struct IncrementalTests {
    @Test("of random ids gives what decoding them at once gives", arguments: FixtureTests.names, [false, true])
    func randomIDs(_ name: String, _ skips: Bool) throws {
        let tokenizer = try FixtureTests.tokenizer(try Shared.json("\(Shared.fixtures)/\(name).json"), name)
        var random = SplitMix64(3)
        for _ in 0..<60 {
            let ids = (0..<1 + random.below(40)).map { _ in Int32(random.below(tokenizer.vocabularySize)) }
            let whole = tokenizer.decode(ids, skipSpecialTokens: skips)
            #expect(sameBytes(streamed(tokenizer, ids, skipSpecialTokens: skips), whole), "\(name) \(ids)")
        }
    }

    @Test("never gives half a character")
    func wholeCharacters() throws {
        let tokenizer = try FixtureTests.tokenizer(try Shared.json("\(Shared.fixtures)/gpt2.json"), "gpt2")
        let ids = tokenizer.encode("a 你🙂b")
        var decoder = IncrementalDecoder(tokenizer, skipSpecialTokens: true)
        let parts = ids.map { decoder.append($0) }.filter { !$0.isEmpty }
        #expect(parts == ["a", " ", "你", "🙂", "b"])
        #expect(decoder.append(ids[2]).isEmpty)
        #expect(decoder.finish() == "\u{fffd}")
    }
}
