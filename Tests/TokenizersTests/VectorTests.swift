import Foundation
import OrderedJSON
import Testing
import Tokenizers

/// Real tokenizers against vectors that Hugging Face's `tokenizers` and SentencePiece made.
@Suite("Vectors")
struct VectorTests {
    static let families = [
        "gpt-2", "gpt-neox", "llama-2", "tinyllama-1.1b", "llama-3.1", "mistral-v3", "qwen3", "deepseek-llm", "phi-3",
        "open-llama-3b",
    ]

    @Test("of the ten families agree in ids, special ids and texts", arguments: families)
    func family(_ name: String) throws {
        guard let folder = Shared.folder("assets/tokenizers/\(name)") else { return }
        let tokenizer = try Tokenizer.load(directory: folder)
        let rows = try Shared.lines(folder + "/vectors.jsonl")
        if let size = rows[0]["meta"]?["vocab_size"]?.intValue { #expect(tokenizer.vocabularySize == size) }
        #expect(rows.count > 200)
        for row in rows.dropFirst() {
            let text = try #require(row["text"]?.stringValue)
            let ids = try #require(row["ids"]?.ids)
            let comment = Comment(rawValue: "\(name) \(text.debugDescription)")
            #expect(tokenizer.encode(text) == ids, comment)
            #expect(tokenizer.encode(text, addSpecialTokens: true) == row["ids_special"]?.ids, comment)
            #expect(tokenizer.encodeWithOffsets(text).map(\.id) == ids, comment)
            if let decoded = row["decoded"]?.stringValue {
                #expect(sameBytes(tokenizer.decode(ids), decoded), comment)
                #expect(sameBytes(streamed(tokenizer, ids), decoded), comment)
            }
            if let decoded = row["decoded_skip_special"]?.stringValue {
                #expect(sameBytes(tokenizer.decode(ids, skipSpecialTokens: true), decoded), comment)
            }
        }
    }

    @Test(
        "of the small models agree with their prompts",
        arguments: ["stories260K", "stories260K-pad256", "slm-4096-gpt2"])
    func smallModel(_ name: String) throws {
        guard let folder = Shared.folder("assets/models/\(name)") else { return }
        let tokenizer = try Tokenizer.load(directory: folder)
        let prompts = try #require(try Shared.json(folder + "/reference.json")["prompts"]?.arrayValue)
        #expect(!prompts.isEmpty)
        for prompt in prompts {
            let text = try #require(prompt["prompt"]?.stringValue)
            #expect(tokenizer.encode(text, addSpecialTokens: true) == prompt["prompt_ids"]?.ids)
        }
    }

    @Test(
        "give the same from tokenizer.model as from tokenizer.json", arguments: ["llama-2", "tinyllama-1.1b", "phi-3"])
    func sentencePieceAlone(_ name: String) throws {
        guard let folder = Shared.folder("assets/tokenizers/\(name)") else { return }
        let alone = try Tokenizer(TokenizerDescription(sentencePiece: folder + "/tokenizer.model"))
        for row in try Shared.lines(folder + "/vectors.jsonl").dropFirst() {
            let text = try #require(row["text"]?.stringValue)
            // The file of JSON finds more tokens in texts like these, and puts a mark before each stretch between them.
            if text.contains("<") { continue }
            #expect(alone.encode(text) == row["ids"]?.ids, "\(text.debugDescription)")
        }
    }

    @Test("of offsets cover the text", arguments: ["gpt-2", "llama-2", "llama-3.1", "qwen3", "deepseek-llm"])
    func offsets(_ name: String) throws {
        guard let folder = Shared.folder("assets/tokenizers/\(name)") else { return }
        let tokenizer = try Tokenizer.load(directory: folder)
        for row in try Shared.lines(folder + "/vectors.jsonl").dropFirst() {
            let text = try #require(row["text"]?.stringValue)
            let tokens = tokenizer.encodeWithOffsets(text)
            var end = 0
            for token in tokens {
                // One unit that normalisation changed can give several tokens: they share its bytes.
                #expect(token.bytes.lowerBound <= end && token.bytes.upperBound >= end, "\(text.debugDescription)")
                end = max(end, token.bytes.upperBound)
            }
            #expect(end == text.utf8.count, "\(text.debugDescription)")
        }
    }
}
