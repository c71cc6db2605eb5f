import Diagnostics
import Foundation
import OrderedJSON
import Testing
import Tokenizers

/// A vocabulary as a GGUF file holds it gives the same ids as the tokenizer.json it was made from.
@Suite("GGUF vocabularies")
struct GGUFTests {
    private static let kinds: [String: Int] = ["<unk>": 2, "<s>": 3, "</s>": 3]

    private static func tokens(_ model: JSONValue) throws -> [String] {
        let members = try #require(model["vocab"]?.objectValue).members
        return members.sorted { ($0.value.intValue ?? 0) < ($1.value.intValue ?? 0) }.map(\.key)
    }

    @Test("with merges agree with the fixture")
    func merges() throws {
        let fixture = try Shared.json("\(Shared.fixtures)/llama3.json")
        let model = try #require(fixture["tokenizer"]?["model"])
        var vocabulary = GGUFVocabulary(model: "gpt2", tokens: try Self.tokens(model))
        vocabulary.merges = try #require(model["merges"]?.arrayValue).map {
            "\($0[0]?.stringValue ?? "") \($0[1]?.stringValue ?? "")"
        }
        vocabulary.kinds = vocabulary.tokens.map { Self.kinds[$0] ?? 1 }
        vocabulary.preTokenizer = "llama-bpe"
        vocabulary.bosID = 1
        vocabulary.eosID = 2
        vocabulary.addsBOS = true
        vocabulary.addsEOS = true
        let tokenizer = try Tokenizer(TokenizerDescription(gguf: vocabulary, file: "a.gguf"))
        for row in try #require(fixture["cases"]?.arrayValue) {
            let text = try #require(row["text"]?.stringValue)
            #expect(tokenizer.encode(text) == row["ids"]?.ids)
            #expect(tokenizer.encode(text, addSpecialTokens: true) == row["ids_special"]?.ids)
        }
        #expect(tokenizer.addsBOS && tokenizer.addsEOS)
        #expect(tokenizer.eosToken == "</s>")
    }

    @Test("with scores agree with SentencePiece's file")
    func scores() throws {
        guard let folder = Shared.folder("assets/models/stories260K") else { return }
        let json = try Tokenizer.load(directory: folder)
        let size = json.vocabularySize
        var vocabulary = GGUFVocabulary(
            model: "llama", tokens: (0..<Int32(size)).map { json.token($0) ?? "" })
        // That vocabulary is in the order of its merges after the bytes: scores fall with the id.
        vocabulary.scores = (0..<size).map { -Float($0) }
        vocabulary.kinds = vocabulary.tokens.map { $0.hasPrefix("<0x") ? 6 : Self.kinds[$0] ?? 1 }
        vocabulary.bosID = 1
        let tokenizer = try Tokenizer(TokenizerDescription(gguf: vocabulary, file: "a.gguf"))
        for text in ["Once upon a time", "  Lily's 2 dogs\nran – naïve", "<s>Tim"] {
            #expect(tokenizer.encode(text, addSpecialTokens: true) == json.encode(text, addSpecialTokens: true))
        }
    }

    @Test("with scores have llama.cpp's special tokens where the file names none")
    func unnamed() throws {
        var vocabulary = GGUFVocabulary(model: "llama", tokens: ["<unk>", "<s>", "</s>", "▁", "a", "<|end|>"])
        vocabulary.scores = [0, 0, 0, -1, -2, 0]
        vocabulary.kinds = [2, 3, 3, 1, 1, 3]
        func tokenizer() throws -> Tokenizer { try Tokenizer(TokenizerDescription(gguf: vocabulary, file: "a.gguf")) }
        #expect(try tokenizer().encode("a", addSpecialTokens: true) == [1, 3, 4])
        #expect(try tokenizer().eosToken == "</s>" && tokenizer().unkToken == "<unk>")
        vocabulary.bosID = 5
        #expect(try tokenizer().encode("a", addSpecialTokens: true) == [5, 3, 4])
        // Phi-3's control tokens take the white space behind them along, but for some.
        #expect(try tokenizer().encode("<|end|>  a<s> a") == [5, 3, 3, 3, 4, 1, 3, 3, 4])
        vocabulary.stripsBehindTokens = true
        #expect(try tokenizer().encode("<|end|>  a<s> a") == [5, 3, 4, 1, 3, 3, 4])
    }

    @Test("of every known pre-tokenizer compile, unknown ones are named")
    func preTokenizers() throws {
        let names = [
            "default", "llama-bpe", "qwen2", "gpt-4o", "tekken", "gpt-2", "starcoder", "falcon", "deepseek-llm",
            "deepseek-coder", "deepseek-v3", "bloom", "viking", "glm4", "qwen35", "seed-coder", "tiny_aya",
        ]
        for name in names {
            var vocabulary = GGUFVocabulary(model: "gpt2", tokens: ["a", "b", "Ġ"])
            vocabulary.preTokenizer = name
            vocabulary.bosID = 0
            let tokenizer = try Tokenizer(TokenizerDescription(gguf: vocabulary, file: "a.gguf"))
            #expect(tokenizer.encode("a b") == [0, 2, 1], "\(name)")
            // Where the file does not say whether BOS is added, the name does.
            #expect(tokenizer.addsBOS == ["llama-bpe", "tekken"].contains(name), "\(name)")
            vocabulary.addsBOS = !tokenizer.addsBOS
            let told = try Tokenizer(TokenizerDescription(gguf: vocabulary, file: "a.gguf"))
            #expect(told.addsBOS != tokenizer.addsBOS, "\(name)")
        }
        var vocabulary = GGUFVocabulary(model: "gpt2", tokens: ["a"])
        vocabulary.preTokenizer = "no-such"
        #expect(throws: Problem.self) { try TokenizerDescription(gguf: vocabulary, file: "a.gguf") }
        #expect(throws: Problem.self) {
            try TokenizerDescription(gguf: GGUFVocabulary(model: "bert", tokens: ["a"]), file: "a")
        }
    }
}
