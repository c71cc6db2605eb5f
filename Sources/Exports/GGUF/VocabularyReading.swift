import Diagnostics
import Foundation
import Models
import OrderedJSON
import SafeFiles
import Tokenizers
import WeightFiles

extension GGUFVocabulary {
    /// The vocabulary of a Hugging Face directory as llama.cpp's converter would store it.
    ///
    /// The name of the pre-tokenizer is found by behaviour: the first candidate whose ids are the tokenizer's own on
    /// every sample and on texts made of the vocabulary itself. A vocabulary that no candidate reproduces is refused.
    ///
    /// - Parameter size: rows of the embedding; ids without a token are filled up, one beyond them is a ``Problem``.
    package init(directory path: String, tokenizer: Tokenizer, size: Int, preferring: [String]) throws {
        guard tokenizer.vocabularySize <= size else {
            throw Problem(
                "the tokenizer has \(tokenizer.vocabularySize) tokens, the embedding only \(size) rows", file: path,
                advice: "llama.cpp needs a row for every token")
        }
        let file = path + "/tokenizer.json"
        let pieces = path + "/tokenizer.model"
        if FileManager.default.fileExists(atPath: file) {
            try self.init(json: file, size: size, like: tokenizer)
        } else if FileManager.default.fileExists(atPath: pieces) {
            try self.init(sentencePiece: pieces)
            let listed = path + "/tokenizer_config.json"
            let added =
                FileManager.default.fileExists(atPath: listed)
                ? try JSONValue(contentsOfFile: listed)["added_tokens_decoder"]?.objectValue?.members ?? [] : []
            extend(to: size, added, like: tokenizer)
        } else {
            throw Problem(
                "has neither tokenizer.json nor tokenizer.model, from which the GGUF vocabulary is made", file: path,
                advice: "save the tokenizer once with transformers; --to gguf-lora needs none")
        }
        if let id = tokens.firstIndex(where: { $0.utf8.contains(0) }) {
            throw Problem("token \(id) holds a zero byte, at which llama.cpp's texts end", file: path)
        }
        bosID = tokenizer.bosID.map(Int.init)
        eosID = tokenizer.eosID.map(Int.init)
        padID = tokenizer.padID.map(Int.init)
        unkID = tokenizer.unkID.map(Int.init)
        addsBOS = tokenizer.addsBOS
        addsEOS = tokenizer.addsEOS
        chatTemplates = tokenizer.chatTemplates
        try settle(model == "gpt2" ? preferring : [], like: tokenizer, file: path)
    }

    /// The tokens of a tokenizer.json.
    private init(json file: String, size: Int, like tokenizer: Tokenizer) throws {
        let bytes = try MappedFile(path: file)
        do {
            self = try withExtendedLifetime(bytes) {
                try JSONParser().withDocument(bytes.bytes) {
                    try GGUFVocabulary(json: $0, file: file, size: size, like: tokenizer)
                }
            }
        } catch let error as JSONError { throw Problem(error.description, file: file) }
    }

    private init(json: JSONNode, file: String, size: Int, like tokenizer: Tokenizer) throws(Problem) {
        let type = json["model"]?["type"]?.value.stringValue ?? "BPE"
        guard type == "BPE", let vocab = json["model"]?["vocab"], vocab.isObject else {
            throw Problem("the tokenizer is no BPE one, which is all that is written to GGUF yet", file: file)
        }
        let merges = Self.merges(json["model"]?["merges"]?.value)
        let isByteLevel = Self.mentions("ByteLevel", in: json["pre_tokenizer"]?.value ?? .null)
        self.init(model: isByteLevel ? "gpt2" : "llama", tokens: [])
        fill(vocab, added: json["added_tokens"]?.value.arrayValue ?? [], size: size, like: tokenizer)
        if isByteLevel {
            self.merges = merges.map { "\(Self.spelled($0.0)) \(Self.spelled($0.1))" }
        } else {
            rank(merges)
        }
    }

    /// Tokens that tokenizer_config.json adds to a SentencePiece model, and ids without a token up to the embedding's
    /// size.
    private mutating func extend(
        to size: Int, _ added: [(key: String, value: JSONValue)], like tokenizer: Tokenizer
    ) {
        let own = tokens.count
        let listed = added.compactMap { key, value in
            Int(key).flatMap { id in
                value["content"]?.stringValue.map { (id, $0, value["special"]?.boolValue ?? false) }
            }
        }.filter { (0..<size).contains($0.0) && tokenizer.id(of: $0.1) == Int32($0.0) }
        let known = Set(tokens + listed.map(\.1))
        for id in own..<max(own, size) {
            tokens.append(Self.filler(id, besides: known))
            scores.append(-1000)
            kinds.append(5)
        }
        for (id, text, special) in listed where id >= own || !tokens[id].utf8.elementsEqual(text.utf8) {
            tokens[id] = text
            kinds[id] = special ? 3 : 4
        }
        stripsBehindTokens = Self.stripBehind(added.map(\.value))
    }

    /// Whether all tokens that are added to a model's own take the white space behind them along, but for those of
    /// which llama.cpp never or always thinks so.
    private static func stripBehind(_ added: [JSONValue]) -> Bool {
        let telling = added.filter { token in
            token["content"]?.stringValue.map { $0 != "</s>" && !keepingSpaceBehind.contains($0) } ?? false
        }
        return !telling.isEmpty && telling.allSatisfy { $0["rstrip"]?.boolValue ?? false }
    }

    /// The text of an id without a token, which no token may have: llama.cpp takes no text twice.
    private static func filler(_ id: Int, besides known: Set<String>) -> String {
        var free = "[PAD\(id)]"
        while known.contains(free) { free += "_" }
        return free
    }

    private static func merges(_ value: JSONValue?) -> [(String, String)] {
        (value?.arrayValue ?? []).compactMap { merge in
            if let pair = merge.arrayValue, pair.count == 2, let a = pair[0].stringValue, let b = pair[1].stringValue {
                return (a, b)
            }
            let parts = merge.stringValue?.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            guard let parts, parts.count == 2 else { return nil }
            return (String(parts[0]), String(parts[1]))
        }
    }

    // A space inside a token would end it in the list of merges; the alphabet has a letter for it.
    private static func spelled(_ token: String) -> String { token.replacing(" ", with: "Ġ") }

    private static func mentions(_ type: String, in value: JSONValue) -> Bool {
        if value["type"]?.stringValue == type { return true }
        return (value["pretokenizers"]?.arrayValue ?? []).contains { mentions(type, in: $0) }
    }

    // A node of the document: an object of all tokens would cost more than the vocabulary itself.
    private mutating func fill(_ vocab: JSONNode, added: [JSONValue], size: Int, like tokenizer: Tokenizer) {
        var texts: [Int: (text: String, kind: Int)] = [:]
        vocab.forEachMember { key, id in
            guard let id = id.integer, (0..<size).contains(id) else { return }
            let token = String(decoding: key, as: UTF8.self)
            let isByte = model == "llama" && token.count == 6 && token.hasPrefix("<0x") && token.hasSuffix(">")
            texts[id] = (token, isByte ? 6 : 1)
        }
        for token in added {
            // One that the model has already keeps the id that it has there: llama.cpp takes no text twice.
            guard let content = token["content"]?.stringValue, let id = tokenizer.id(of: content).map(Int.init),
                (0..<size).contains(id)
            else { continue }
            let looksSpecial = content.hasPrefix("<|") && content.hasSuffix("|>")
            let control = token["special"]?.boolValue ?? false || looksSpecial
            texts[id] = (content, content == "<unk>" ? 2 : control ? 3 : 4)
        }
        let known = Set(texts.values.map(\.text))
        tokens = (0..<size).map { texts[$0]?.text ?? Self.filler($0, besides: known) }
        kinds = (0..<size).map { texts[$0]?.kind ?? 5 }
        stripsBehindTokens = Self.stripBehind(added)
        if model == "llama" { scores = Array(repeating: 0, count: size) }
    }

    // SentencePiece merges the pair whose token scores highest: falling scores in the order of the merges.
    private mutating func rank(_ merges: [(String, String)]) {
        // By their bytes: as strings é in one scalar and in two are the same.
        let ids = Dictionary(tokens.enumerated().map { (Array($1.utf8), $0) }) { first, _ in first }
        var ranked: Set<Int> = []
        for (rank, pair) in merges.enumerated() {
            guard let id = ids[Array(pair.0.utf8) + pair.1.utf8], ranked.insert(id).inserted else { continue }
            scores[id] = -Float(rank)
        }
        // What no merge makes is a letter or a control token; letters only ever begin.
        for id in tokens.indices where kinds[id] == 1 && !ranked.contains(id) { scores[id] = -Float(merges.count) }
    }

    private mutating func settle(_ names: [String], like tokenizer: Tokenizer, file: String) throws {
        let stages = [Self.samples, texts(of: tokenizer)].map { texts in
            (texts: texts, ids: texts.map { tokenizer.encode($0, controlTokens: true) })
        }
        var nearest: Difference?
        for name in model == "gpt2" ? names : ["default"] {
            for prefix in model == "gpt2" ? [true] : [true, false] {
                preTokenizer = name
                addsSpacePrefix = prefix
                guard let candidate = try? Tokenizer(TokenizerDescription(gguf: self, file: file)) else { continue }
                var found: Difference?
                for (number, stage) in stages.enumerated() where found == nil {
                    let others = zip(stage.texts, stage.ids).filter {
                        candidate.encode($0, controlTokens: true) != $1
                    }.map(\.0)
                    found = others.first.map {
                        Difference(stage: number, count: others.count, of: stage.texts.count, text: $0)
                    }
                }
                guard let found else { return }
                if nearest.map({ found.isNearer(than: $0) }) ?? true { nearest = found }
            }
        }
        let example = nearest.map {
            "; the nearest differs in \($0.count) of \($0.of) samples, such as \($0.text.debugDescription)"
        }
        throw Problem(
            "no vocabulary that llama.cpp knows cuts text as this tokenizer does\(example ?? "")", file: file,
            advice: "export the adapter alone (--to gguf-lora) and use it with a GGUF file of the base")
    }

    /// Where a candidate differs: in the first stage in which it does.
    private struct Difference {
        let stage: Int
        let count: Int
        let of: Int
        let text: String

        func isNearer(than other: Difference) -> Bool { (stage, -count) > (other.stage, -other.count) }
    }

    /// Texts made of the vocabulary's own tokens, each alone and some one after another: where merges are ranked or
    /// taken otherwise, it shows in the tokens that they make. Tokens that are added to the model's stand inside a word
    /// too.
    private func texts(of tokenizer: Tokenizer) -> [String] {
        let ids = tokens.indices.filter { kinds[$0] == 1 }.map { Int32($0) }
        var draws = NormalDraws(seed: 1, name: "vocabulary")
        let joined = (0..<(ids.isEmpty ? 0 : 4096)).map { _ in
            (0..<6).map { _ in ids[Int(draws.uniform() * Double(ids.count))] }
        }
        let added = tokens.indices.filter { kinds[$0] == 3 || kinds[$0] == 4 }.flatMap {
            [tokens[$0], "a\(tokens[$0])b"]
        }
        // Some tokens are parts of a letter's bytes, which are no text.
        return added
            + (ids.map { [$0] } + joined).map { tokenizer.decode($0) }.filter {
                !$0.isEmpty && !$0.contains("\u{fffd}")
            }
    }

    private static let samples = [
        "Hello, world!", "  two  spaces\n\n\tand tabs \r\n", "It's we'll DON'T I'M you'RE",
        "1 12 123 1234 12345 3.14159",
        "naïve café Straße 東京は日本 Привет мир مرحبا 안녕하세요 हिन्दी ไทย", "a_b-c/d\\e (x+y)=z; {\"k\": [1, 2]}",
        "🚀🙂👩‍👩‍👧 ½ ² ①", "CamelCaseAndUPPER lower'case", "!!!???...   ---\u{3000}x\u{a0}y", "\n\n\nline\n  indented\n",
        "e\u{301} ﬁ Ǆ", "def f(x):\n    return x**2  # square\n",
    ]
}

extension GGUFVocabulary {
    /// The metadata under which GGUF files hold this vocabulary.
    ///
    /// - Parameter metadata: what the file says already; its name is changed where llama.cpp goes by it.
    package func write(to metadata: inout GGUFMetadata) {
        let name = metadata["general.name"]?.stringValue ?? ""
        if stripsBehindTokens, !Self.isNamedPhi3(name) {
            metadata["general.name"] = .string("Phi-3 " + name)
        }
        metadata["tokenizer.ggml.model"] = .string(model)
        metadata["tokenizer.ggml.pre"] = .string(preTokenizer ?? "default")
        metadata["tokenizer.ggml.tokens"] = .array(.string(tokens))
        if !scores.isEmpty { metadata["tokenizer.ggml.scores"] = .array(.float32(scores)) }
        metadata["tokenizer.ggml.token_type"] = .array(.int32(kinds.map { Int32($0) }))
        if !merges.isEmpty { metadata["tokenizer.ggml.merges"] = .array(.string(merges)) }
        let ids = [("bos", bosID), ("eos", eosID), ("unknown", unkID), ("padding", padID)]
        for (name, id) in ids { if let id { metadata["tokenizer.ggml.\(name)_token_id"] = .uint32(UInt32(id)) } }
        if let addsBOS { metadata["tokenizer.ggml.add_bos_token"] = .bool(addsBOS) }
        if let addsEOS { metadata["tokenizer.ggml.add_eos_token"] = .bool(addsEOS) }
        if model == "llama" { metadata["tokenizer.ggml.add_space_prefix"] = .bool(addsSpacePrefix) }
        let named = chatTemplates.keys.filter { $0 != "default" }.sorted()
        if let main = chatTemplates["default"] { metadata["tokenizer.chat_template"] = .string(main) }
        if !named.isEmpty { metadata["tokenizer.chat_templates"] = .array(.string(named)) }
        for name in named { metadata["tokenizer.chat_template.\(name)"] = chatTemplates[name].map { .string($0) } }
    }
}
