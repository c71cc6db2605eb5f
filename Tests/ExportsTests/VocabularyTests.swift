import Diagnostics
import Exports
import Foundation
import Models
import OrderedJSON
import Testing
import Tokenizers
import WeightFiles

extension ExportsTests {
    /// Vocabularies that differ from llama.cpp's only where few texts show it.
    @Suite("Vocabularies in GGUF files")
    struct VocabularyTests {
        private static let llama3 =
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        private static let qwen2 = llama3.replacing("{1,3}", with: "")

        /// A tokenizer.json of single bytes, or of letters and their bytes, and a few merges of them.
        private static func json(
            merges: [(String, String)], whole: [String] = [], pattern: String?, ignoresMerges: Bool = false,
            added: [(id: Int, text: String, isWord: Bool)] = []
        ) -> JSONValue {
            // GPT-2's alphabet, of which the merged tokens need no more than small letters.
            let printable = Array(0x21...0x7e) + Array(0xa1...0xac) + Array(0xae...0xff)
            let others = (0..<256).filter { !printable.contains($0) }.indices.map { 256 + $0 }
            let letters = (printable + others).compactMap { UnicodeScalar($0).map { String(Character($0)) } }
            let bytes = (0..<256).map { String(format: "<0x%02X>", $0) }
            let tokens =
                (pattern == nil ? bytes + ["▁", "a", "b", "c", "d"] : letters) + merges.map { $0.0 + $0.1 } + whole
            let model: JSONValue = [
                "type": "BPE", "vocab": .object(JSONObject(tokens.enumerated().map { ($1, .integer($0)) })),
                "merges": .array(merges.map { .array([.string($0.0), .string($0.1)]) }),
                "ignore_merges": .bool(ignoresMerges), "byte_fallback": .bool(pattern == nil),
            ]
            let replace: JSONValue = ["type": "Replace", "pattern": ["String": " "], "content": "▁"]
            let space: JSONValue = ["type": "Replace", "pattern": ["String": "▁"], "content": " "]
            let split: JSONValue = [
                "type": "Split", "pattern": ["Regex": .string(pattern ?? "")], "behavior": "Isolated", "invert": false,
            ]
            let byteLevel: JSONValue = [
                "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
            ]
            return [
                "version": "1.0",
                "added_tokens": .array(
                    added.map {
                        [
                            "id": .integer($0.id), "content": .string($0.text), "single_word": .bool($0.isWord),
                            "lstrip": false, "rstrip": false, "normalized": false, "special": false,
                        ]
                    }), "model": model, "post_processor": nil,
                "normalizer": pattern == nil ? replace : nil,
                "pre_tokenizer": pattern == nil
                    ? nil : ["type": "Sequence", "pretokenizers": [split, byteLevel]],
                "decoder": pattern == nil
                    ? ["type": "Sequence", "decoders": [space, ["type": "ByteFallback"], ["type": "Fuse"]]] : byteLevel,
            ]
        }

        private func written(_ json: JSONValue, size: Int = 300) throws -> GGUFVocabulary {
            let scratch = try Scratch()
            try json.serialized().write(toFile: scratch("tokenizer.json"), atomically: true, encoding: .utf8)
            let tokenizer = try Tokenizer.load(directory: scratch.path)
            return try GGUFVocabulary(
                directory: scratch.path, tokenizer: tokenizer, size: size,
                preferring: ["llama-bpe", "qwen2", "dbrx", "stablelm2"])
        }

        @Test("are named by whether tokens that no merge makes are taken whole")
        func unreachable() throws {
            // Whether digits are split shows where there are numbers of several only.
            let merges = [("a", "b"), ("c", "d"), ("1", "2")]
            for (ignoresMerges, name) in [(true, "llama-bpe"), (false, "dbrx")] {
                let json = Self.json(
                    merges: merges, whole: ["abcd"], pattern: Self.llama3, ignoresMerges: ignoresMerges)
                #expect(try written(json).preTokenizer == name)
            }
            // Nobody in llama.cpp splits so and takes whole tokens.
            let neither = Self.json(merges: merges, whole: ["abcd"], pattern: Self.qwen2, ignoresMerges: true)
            let problem = #expect(throws: Problem.self) { try written(neither) }
            #expect(problem?.message.contains("\"abcd\"") == true)
            #expect(try written(Self.json(merges: merges, pattern: Self.qwen2)).preTokenizer == "stablelm2")
        }

        /// llama.cpp joins any two neighbours that make a token, whether or not a merge joins those two.
        @Test("that merge by pairs are refused where llama.cpp would join other pairs")
        func pairs() throws {
            #expect(try written(Self.json(merges: [("a", "b"), ("ab", "c")], pattern: nil)).model == "llama")
            let other = Self.json(merges: [("b", "c"), ("a", "b"), ("ab", "c")], pattern: nil)
            let problem = #expect(throws: Problem.self) { try written(other) }
            #expect(problem?.message.contains("\"abc\"") == true)
        }

        /// llama.cpp ends where two tokens have one text.
        @Test("have every text once, and added tokens that stand for themselves everywhere")
        func added() throws {
            let merges = [("a", "b"), ("1", "2")]
            let twice = try written(
                Self.json(
                    merges: merges, whole: ["[PAD260]"], pattern: Self.llama3,
                    added: [(259, "ab", false), (261, "<tool>", false)]))
            // New tokens follow the model's own, whatever number the file gives them.
            #expect(Set(twice.tokens).count == 300 && twice.tokens[259] == "<tool>" && twice.kinds[259] == 4)
            #expect(twice.tokens[256] == "ab" && twice.kinds[256] == 4 && twice.kinds[261] == 5)
            let word = Self.json(merges: merges, pattern: Self.llama3, added: [(258, "qq", true)])
            let problem = #expect(throws: Problem.self) { try written(word) }
            #expect(problem?.message.contains("\"aqqb\"") == true)
            let zero = Self.json(merges: merges, pattern: Self.llama3, added: [(258, "q\0q", false)])
            let ended = #expect(throws: Problem.self) { try written(zero) }
            #expect(ended?.message.contains("token 258 holds a zero") == true)
        }

        @Test("are refused where the embedding has fewer rows")
        func rows() throws {
            let json = Self.json(merges: [("a", "b")], pattern: Self.qwen2)
            let problem = #expect(throws: Problem.self) { try written(json, size: 256) }
            #expect(problem?.message.contains("has 257 tokens, the embedding only 256 rows") == true)
        }

        @Test("name the token that ends an answer, where EOS is another")
        func endOfTurn() throws {
            guard let folder = sharedFolder("assets/models/stories260K") else { return }
            let scratch = try Scratch()
            let files = try ModelFiles.open(directory: folder)
            let probes = try Probes(tokenizer: nil, config: files.description.config)
            func end(_ closing: String, of base: ModelFiles, as name: String) throws -> GGUFValue? {
                let tokenizer = try Tokenizer.load(
                    directory: folder,
                    chatTemplate: "{% for m in messages %}<{{ m.role }}>{{ m.content }}\(closing)\n{% endfor %}")
                let job = ExportJob(base: base, adapter: nil, probes: probes)
                _ = try job.exportGGUF(to: scratch(name), quantize: .f32, tokenizer: tokenizer)
                return try GGUFFile.open(scratch(name)).metadata["tokenizer.ggml.eot_token_id"]
            }
            #expect(try end("</s>", of: files, as: "eos") == nil)
            #expect(try end("<s>", of: files, as: "bos") == .uint32(1))
            // A word that answers may have ends none.
            #expect(try end("e", of: files, as: "word") == nil)
            let again = try ModelFiles.open(gguf: scratch("eos"))
            #expect(try end("<s>", of: again, as: "again") == .uint32(1))
            let stops = try ModelFiles.open(gguf: scratch("again")).configuration["eos_token_id"]
            #expect(stops == [2, 1])
        }
    }
}
