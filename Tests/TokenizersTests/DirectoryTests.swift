import Diagnostics
import Foundation
import OrderedJSON
import Randomness
import TestSupport
import Testing
import Tokenizers

/// What stands beside the vocabulary: configuration, special tokens, chat templates; and the kinds of directories.
@Suite("Directories")
struct DirectoryTests {
    private static let model = #""model":{"type":"BPE","vocab":{"a":0,"b":1,"<s>":2,"</s>":3,"<pad>":4},"merges":[]}"#

    /// Writes files into a fresh directory and calls `body` with its path.
    @discardableResult
    private func withDirectory<R>(_ files: [String: String], _ body: (String) throws -> R) throws -> R {
        let path = NSTemporaryDirectory() + "graft-tokenizer-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        for (name, text) in files {
            let file = path + "/" + name
            try FileManager.default.createDirectory(
                atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try text.write(toFile: file, atomically: false, encoding: .utf8)
        }
        return try body(path)
    }

    @Test("give special tokens, their ids and what surrounds a text")
    func specials() throws {
        let files = [
            "tokenizer.json": "{\(Self.model)}",
            "tokenizer_config.json": """
            {"bos_token":{"content":"<s>"},"eos_token":"</s>","add_bos_token":true,"model_max_length":77,
             "added_tokens_decoder":{"3":{"content":"</s>","special":true,"normalized":false},
             "5":{"content":"<new>","special":true,"normalized":false},
             "9":{"content":"<gap>","special":true,"normalized":false}}}
            """,
            "special_tokens_map.json": #"{"eos_token":"<pad>","pad_token":"<pad>"}"#,
        ]
        try withDirectory(files) { path in
            let tokenizer = try Tokenizer.load(directory: path)
            #expect(tokenizer.bosToken == "<s>" && tokenizer.bosID == 2)
            #expect(tokenizer.eosToken == "</s>" && tokenizer.eosID == 3)
            #expect(tokenizer.padToken == "<pad>" && tokenizer.padID == 4)
            #expect(tokenizer.unkToken == nil && tokenizer.unkID == nil)
            #expect(tokenizer.addsBOS && !tokenizer.addsEOS)
            #expect(tokenizer.encode("ab</s>", addSpecialTokens: true) == [2, 0, 1, 3])
            #expect(tokenizer.encode("<new>a") == [5, 0])
            // An id that the file does not reach is no token.
            #expect(tokenizer.id(of: "<gap>") == nil)
            #expect(tokenizer.specialIDs == [2, 3, 4, 5])
            #expect(tokenizer.encode("a<s>b<pad>") == [0, 2, 1, 4])
            #expect(tokenizer.vocabularySize == 6)
            #expect(tokenizer.token(5) == "<new>" && tokenizer.token(1) == "b" && tokenizer.token(6) == nil)
            #expect(tokenizer.decode([0, 3, 1], skipSpecialTokens: true) == "a b")
            #expect(tokenizer.configuration["model_max_length"]?.intValue == 77)
        }
    }

    // What transformers 5.23 makes of the same files.
    @Test("say how tokens are found, whatever tokenizer.json says")
    func contradictions() throws {
        let added =
            #""added_tokens":[{"id":3,"content":"</s>","normalized":false,"special":false},{"id":4,"content":"<pad>","normalized":false,"special":false}]"#
        let json = ["tokenizer.json": "{\(Self.model),\(added)}"]
        let decoder = #"{"3":{"content":"</s>","lstrip":true,"normalized":false,"special":false}}"#
        let newer = ["tokenizer_config.json": #"{"eos_token":"</s>","added_tokens_decoder":\#(decoder)}"#]
        try withDirectory(json.merging(newer) { $1 }) { path in
            let tokenizer = try Tokenizer.load(directory: path)
            #expect(tokenizer.encodeWithOffsets("a </s>").last == Token(id: 3, bytes: 1..<6))
            #expect(tokenizer.specialIDs == [3])
        }
        // Before tokenizer_config.json listed tokens, others files had the last word.
        let older = [
            "tokenizer_config.json": #"{"eos_token":"</s>","additional_special_tokens":["<new>"]}"#,
            "special_tokens_map.json": #"{"eos_token":{"content":"<pad>","lstrip":false}}"#,
            "added_tokens.json": #"{"<other>":6,"<new>":5,"<gap>":9}"#,
        ]
        try withDirectory(json.merging(older) { $1 }) { path in
            let tokenizer = try Tokenizer.load(directory: path)
            #expect(tokenizer.eosToken == "<pad>" && tokenizer.specialIDs == [4, 5])
            #expect(tokenizer.encode("<new>a<other><gap>") == [5, 0, 6, 0])
        }
    }

    @Test("give chat templates from everywhere")
    func templates() throws {
        let json = ["tokenizer.json": "{\(Self.model)}"]
        let one = json.merging(["tokenizer_config.json": #"{"chat_template":"main"}"#]) { $1 }
        let found = try withDirectory(one) { try Tokenizer.load(directory: $0).chatTemplates }
        #expect(found == ["default": "main"])
        let list = #"{"chat_template":[{"name":"default","template":"d"},{"name":"tool_use","template":"t"}]}"#
        let many = json.merging([
            "tokenizer_config.json": list, "chat_template.jinja": "file", "additional_chat_templates/rag.jinja": "r",
        ]) { $1 }
        try withDirectory(many) { path in
            let templates = try Tokenizer.load(directory: path).chatTemplates
            #expect(templates == ["default": "file", "tool_use": "t", "rag": "r"])
        }
        let none = try withDirectory(json) { try Tokenizer.load(directory: $0).chatTemplates }
        #expect(none.isEmpty)
    }

    @Test("without a tokenizer, or with a damaged one, say so")
    func problems() throws {
        try withDirectory(["config.json": "{}"]) { path in
            #expect(throws: Problem.self) { try Tokenizer.load(directory: path) }
        }
        try withDirectory(["tokenizer.json": "{\(Self.model)}", "tokenizer_config.json": "["]) { path in
            let error = #expect(throws: Problem.self) { try Tokenizer.load(directory: path) }
            #expect(error?.file?.hasSuffix("tokenizer_config.json") == true)
        }
        try withDirectory(["tokenizer.model": "not a model"]) { path in
            let error = #expect(throws: Problem.self) { try Tokenizer.load(directory: path) }
            #expect(error?.file?.hasSuffix("tokenizer.model") == true)
        }
    }

    // The definition of tiktoken's encoding: merge the neighbours whose union has the smallest rank.
    private static func reference(_ word: String, _ ranks: [[UInt8]: Int]) -> [Int32] {
        let bytes = Array(word.utf8)
        if let rank = ranks[bytes] { return [Int32(rank)] }
        var parts = bytes.map { [$0] }
        while true {
            var best: (rank: Int, at: Int)?
            for at in parts.indices.dropLast() {
                if let rank = ranks[parts[at] + parts[at + 1]], rank < best?.rank ?? Int.max { best = (rank, at) }
            }
            guard let best else { return parts.map { Int32(ranks[$0] ?? -1) } }
            parts[best.at] += parts.remove(at: best.at + 1)
        }
    }

    @Test("with tekken.json encode by ranks of bytes")
    func tekken() throws {
        var ranks: [[UInt8]: Int] = [:]
        for byte in 0..<256 { ranks[[UInt8(byte)]] = byte }
        var random = SplitMix64(9)
        let letters = Array("abcé ".utf8)
        while ranks.count < 330 {
            let keys = ranks.keys.filter { $0.count > 1 || letters.contains($0[0]) }
                .sorted { ranks[$0] ?? 0 < ranks[$1] ?? 0 }
            let token = keys[random.below(keys.count)] + keys[random.below(keys.count)]
            if token.count < 8, ranks[token] == nil { ranks[token] = ranks.count }
        }
        // A token that no merge makes: taken whole all the same.
        ranks[Array("zzz".utf8)] = ranks.count
        let vocabulary = ranks.sorted { $0.value < $1.value }.map { token, rank -> JSONValue in
            ["rank": .integer(rank), "token_bytes": .string(Data(token).base64EncodedString()), "token_str": nil]
        }
        let file: JSONValue = [
            "config": [
                "pattern": #"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+"#, "num_vocab_tokens": 331,
                "default_vocab_size": 341, "default_num_special_tokens": 10,
            ],
            "vocab": .array(vocabulary),
        ]
        try withDirectory(["tekken.json": file.serialized()]) { path in
            let tokenizer = try Tokenizer.load(directory: path)
            for _ in 0..<50 {
                let words = (0..<5).map { _ in
                    " " + String((0..<1 + random.below(60)).map { _ in "abcé".randomElement(using: &random) ?? "a" })
                }
                let expected = words.flatMap { Self.reference($0, ranks) }.map { $0 + 10 }
                #expect(tokenizer.encode(words.joined()) == expected)
                #expect(tokenizer.decode(expected) == words.joined())
            }
            #expect(tokenizer.encode("zzz") == [340])
            #expect(tokenizer.encode("[INST]a</s>", addSpecialTokens: true) == [1, 3, 107, 2])
            #expect(tokenizer.vocabularySize == 341)
        }
    }

    @Test("with a SentencePiece model take pieces apart that are marked as unused")
    func unusedPieces() throws {
        let fixture = try Shared.json("\(Shared.fixtures)/unused-pieces.json")
        let model = try #require(fixture["model"]?.stringValue.flatMap { Data(base64Encoded: $0) })
        let cases = try #require(fixture["cases"]?.arrayValue)
        try withDirectory(["special_tokens_map.json": "{}"]) { path in
            try model.write(to: URL(filePath: path + "/tokenizer.model"))
            let tokenizer = try Tokenizer.load(directory: path)
            for row in cases {
                let text = try #require(row["text"]?.stringValue)
                let tokens = tokenizer.encodeWithOffsets(text)
                #expect(tokens.map(\.id) == row["ids"]?.ids, "\(text)")
                #expect(tokenizer.encode(text) == row["ids"]?.ids, "\(text)")
                let bytes = Array(text.utf8)
                #expect(tokens.flatMap { bytes[$0.bytes] } == bytes, "\(text)")
            }
        }
    }

    @Test("with a SentencePiece model find control tokens when asked")
    func controlTokens() throws {
        guard let folder = Shared.folder("assets/tokenizers/open-llama-3b") else { return }
        let tokenizer = try Tokenizer.load(directory: folder)
        #expect(!tokenizer.encode("hi</s>").contains(2))
        #expect(tokenizer.encode("hi</s>", controlTokens: true).last == 2)
        #expect(
            tokenizer.decode(tokenizer.encode("<s>hi there</s>", controlTokens: true), skipSpecialTokens: true)
                == "hi there")
    }
}
