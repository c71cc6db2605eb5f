import OrderedJSON
import Randomness
import TestSupport
import Testing
import Tokenizers

/// Byte-pair encoding against the definition written out: look at all pairs, merge the first of the smallest rank.
@Suite("Merges")
struct MergeTests {
    private static let letters = ["a", "b", "c", "d", " "]

    /// A random vocabulary over five letters whose merges are in random order.
    private static func model(_ random: inout SplitMix64) -> (merges: [(String, String)], vocabulary: [String]) {
        var vocabulary = letters
        var merges: [(String, String)] = []
        while merges.count < 40 {
            let left = vocabulary[random.below(vocabulary.count)]
            let right = vocabulary[random.below(vocabulary.count)]
            guard left.count + right.count < 9, !merges.contains(where: { $0 == (left, right) }) else { continue }
            merges.append((left, right))
            if !vocabulary.contains(left + right) { vocabulary.append(left + right) }
        }
        return (merges, vocabulary)
    }

    private static func reference(_ text: String, _ merges: [(String, String)]) -> [String] {
        var parts = text.map { String($0) }
        while true {
            var best: (rank: Int, at: Int)?
            for at in parts.indices.dropLast() {
                guard let rank = merges.firstIndex(where: { $0 == (parts[at], parts[at + 1]) }) else { continue }
                if rank < best?.rank ?? Int.max { best = (rank, at) }
            }
            guard let best else { return parts }
            parts[best.at] += parts.remove(at: best.at + 1)
        }
    }

    // Words below and above the length where the heap takes over, and texts that are cut where no merge can cross.
    @Test("are applied in the order of the definition", arguments: 0..<20)
    func order(_ seed: UInt64) throws {
        var random = SplitMix64(seed)
        let (merges, vocabulary) = Self.model(&random)
        let file: JSONValue = [
            "model": [
                "type": "BPE",
                "vocab": .object(JSONObject(vocabulary.enumerated().map { ($0.element, .integer($0.offset)) })),
                "merges": .array(merges.map { [.string($0.0), .string($0.1)] }),
            ]
        ]
        let tokenizer = try Tokenizer(TokenizerDescription(tokenizerJSON: file.serialized(), file: "random"))
        for length in [1, 2, 3, 7, 20, 39, 40, 41, 60, 150] {
            let text = (0..<length).map { _ in Self.letters[random.below(5)] }.joined()
            let tokens = tokenizer.encodeWithOffsets(text)
            #expect(tokens.map { tokenizer.token($0.id) } == Self.reference(text, merges), "\(text)")
            let bytes = Array(text.utf8)
            #expect(tokens.flatMap { bytes[$0.bytes] } == bytes)
            // From the cache it comes out the same.
            #expect(tokenizer.encode(text) == tokens.map(\.id))
        }
    }

    @Test("go from threads at once as from one")
    func threads() async throws {
        let fixture = try Shared.json("\(Shared.fixtures)/llama3.json")
        let tokenizer = try FixtureTests.tokenizer(fixture, "llama3")
        let texts = try #require(fixture["cases"]?.arrayValue).compactMap { $0["text"]?.stringValue }
        let expected = texts.map { tokenizer.encode($0) }
        await withTaskGroup(of: [[Int32]].self) { group in
            for _ in 0..<8 { group.addTask { texts.map { tokenizer.encode($0) } } }
            for await result in group { #expect(result == expected) }
        }
    }
}
