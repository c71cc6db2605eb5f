import Diagnostics
import Foundation
import OrderedJSON
import Randomness
import TestSupport
import Testing
import Tokenizers

/// Damaged files: a clear problem or a working tokenizer, never a trap.
@Suite("Damage")
struct DamageTests {
    private static func load(_ text: String) throws -> Tokenizer {
        try Tokenizer(TokenizerDescription(tokenizerJSON: text, file: "tokenizer.json"))
    }

    private func complaint(_ text: String) -> String {
        do {
            _ = try Self.load(text)
            return "no complaint"
        } catch { return "\(error)" }
    }

    @Test("is named with its place")
    func named() {
        let bpe = #""model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}"#
        #expect(complaint("{\(bpe)}") == "no complaint")
        #expect(complaint("{").contains("tokenizer.json: not valid JSON"))
        #expect(complaint("{}").contains("no \"model\""))
        #expect(complaint(#"{\#(bpe),"pre_tokenizer":{"type":"Metaspac"}}"#).contains("did you mean \"Metaspace\"?"))
        let nested = #"{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Strip","strip_left":1}]}"#
        #expect(complaint(#"{\#(bpe),"normalizer":\#(nested)}"#).contains("normalizer.normalizers[1] has a number"))
        let pattern = #"{"type":"Split","pattern":{"Regex":"a(b"},"behavior":"Isolated","invert":false}"#
        #expect(complaint(#"{\#(bpe),"pre_tokenizer":\#(pattern)}"#).contains("\"a(b\" cannot be compiled"))
        let merge = #"{"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[["a","b"]]}}"#
        #expect(complaint(merge).contains("merge 1: needs the token \"ab\""))
        let huge = #"{"model":{"type":"BPE","vocab":{"a":4000000000},"merges":[]}}"#
        #expect(complaint(huge).contains("4000000000"))
        let both = #"{\#(bpe),"decoder":{"type":"X"},"normalizer":{"type":"Y"}}"#
        #expect(complaint(both).contains("\"X\"") && complaint(both).contains("\"Y\""))
        let doubling = Array(repeating: #"{"type":"Replace","pattern":{"String":"a"},"content":"aa"}"#, count: 40)
        for (key, list) in [("normalizer", "normalizers"), ("decoder", "decoders")] {
            let steps = #"{"type":"Sequence","\#(list)":[\#(doubling.joined(separator: ","))]}"#
            #expect(
                complaint(#"{\#(bpe),"\#(key)":\#(steps)}"#).contains("\(key) can make a text 1099511627776.0 times"))
        }
        let dropout = #"{"model":{"type":"BPE","dropout":0.1,"vocab":{"a":0},"merges":[]}}"#
        #expect(complaint(dropout).contains("dropout"))
    }

    @Test("of a pattern that backtracks without end stops at a bound")
    func backtracking() throws {
        let pattern = #"{"type":"Split","pattern":{"Regex":"(a|aa|a*)*b"},"behavior":"Isolated","invert":false}"#
        let tokenizer = try Self.load(
            #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":\#(pattern)}"#)
        #expect(tokenizer.encode(String(repeating: "a", count: 200)).count == 200)
    }

    @Test("spaces that are tokens and take spaces along need linear time", arguments: [true, false])
    func spaces(_ left: Bool) throws {
        let sides = #""lstrip":\#(left),"rstrip":\#(!left)"#
        let tokenizer = try Self.load(
            #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"#
                + #""added_tokens":[{"id":1,"content":" ",\#(sides),"normalized":false,"special":false}]}"#)
        // In the square of their number this would take half a minute.
        #expect(tokenizer.encode(String(repeating: " ", count: 300_000)).count == 300_000)
    }

    @Test("of random bytes gives a problem or a tokenizer", arguments: ["llama2", "nfkc", "unigram", "classes"])
    func randomBytes(_ name: String) throws {
        let fixture = try Shared.json("\(Shared.fixtures)/\(name).json")
        let original = Array(try #require(fixture["tokenizer"]).serialized().utf8)
        var random = Fuzzing.generator(UInt64(name.utf8.reduce(7) { $0 * 31 + Int($1) }))
        var problems = 0
        for _ in 0..<Fuzzing.rounds(150, full: 600) {
            var bytes = original
            for _ in 0..<1 + random.below(4) {
                let at = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[at] = UInt8(random.below(256))
                case 1: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.below(40)))
                case 2: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + random.below(30))], at: at)
                default: bytes[at] = UInt8(ascii: #"{}[]",:0-\"#.unicodeScalars.randomElement(using: &random) ?? "0")
                }
            }
            do {
                Self.use(try Self.load(String(decoding: bytes, as: UTF8.self)))
            } catch {
                problems += 1
                #expect(error is Problem || error is Problems, "\(error)")
            }
        }
        #expect(problems > 0)
    }

    @Test("of single values gives a problem or a tokenizer", arguments: FixtureTests.names)
    func changedValues(_ name: String) throws {
        let fixture = try Shared.json("\(Shared.fixtures)/\(name).json")
        let original = try #require(fixture["tokenizer"])
        var random = Fuzzing.generator(11)
        for _ in 0..<Fuzzing.rounds(40, full: 160) {
            var changed = original
            Self.change(&changed, &random)
            do {
                Self.use(try Self.load(changed.serialized()))
            } catch { #expect(error is Problem || error is Problems, "\(error)") }
        }
    }

    @Test("of a SentencePiece model gives a problem or a tokenizer")
    func sentencePiece() throws {
        guard let folder = Shared.folder("assets/models/stories260K") else { return }
        let original = try Data(contentsOf: URL(fileURLWithPath: folder + "/tokenizer.model"))
        let path = NSTemporaryDirectory() + "graft-damaged-\(ProcessInfo.processInfo.processIdentifier).model"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var random = Fuzzing.generator(5)
        for round in 0..<Fuzzing.rounds(150, full: 1_000) {
            var data = original
            if round % 3 == 0 { data = data.prefix(random.below(data.count)) }
            for _ in 0..<3 where !data.isEmpty {
                data[data.startIndex + random.below(data.count)] = UInt8(random.below(256))
            }
            try data.write(to: URL(fileURLWithPath: path))
            do {
                Self.use(try Tokenizer(TokenizerDescription(sentencePiece: path)))
            } catch { #expect(error is Problem, "\(error)") }
        }
    }

    private static func use(_ tokenizer: Tokenizer) {
        let text = "The tenant's  été 12 <s>\n你好 🙂" + String(repeating: "ab ", count: 30)
        let ids = tokenizer.encode(text, addSpecialTokens: true)
        _ = tokenizer.encodeWithOffsets(text)
        _ = tokenizer.decode(ids, skipSpecialTokens: true)
        _ = streamed(tokenizer, ids)
    }

    // Replaces one value somewhere in the tree by one of another kind or size.
    private static func change(_ value: inout JSONValue, _ random: inout SplitMix64) {
        switch value {
        case .object(var object) where !object.isEmpty && random.below(8) > 0:
            let key = object.keys[random.below(object.keys.count)]
            if random.below(12) == 0 {
                object[key] = nil
            } else if var member = object[key] {
                change(&member, &random)
                object[key] = member
            }
            value = .object(object)
        case .array(var list) where !list.isEmpty && random.below(8) > 0:
            let at = random.below(list.count)
            change(&list[at], &random)
            value = .array(list)
        default:
            let others: [JSONValue] = [
                .null, true, -1, 0, 99_999_999_999, 1.5, "", "Sequence", " ", "a\u{0}b", "(((((", [], [[]],
                .object(JSONObject()),
            ]
            value = others[random.below(others.count)]
        }
    }
}
