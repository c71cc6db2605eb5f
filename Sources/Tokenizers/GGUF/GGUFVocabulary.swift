import Diagnostics
import OrderedJSON

/// The vocabulary of a GGUF file, key by key as `tokenizer.ggml.*` holds it.
public struct GGUFVocabulary: Sendable {
    /// `model`: `gpt2` (bytes, merges) or `llama` (SentencePiece, scores).
    public var model: String
    /// `tokens`, in the order of their ids.
    public var tokens: [String]
    /// `scores`, one a token; only `llama` needs them.
    public var scores: [Float]
    /// `token_type`, one a token: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte; empty: all normal.
    public var kinds: [Int]
    /// `merges`, each `a b`; only `gpt2` has them.
    public var merges: [String]
    /// `pre`: the name of the pre-tokenizer; only `gpt2` has one.
    public var preTokenizer: String?
    /// `bos_token_id`; nil: 1 with `llama`, none with `gpt2`.
    public var bosID: Int?
    /// `eos_token_id`; nil: 2 with `llama`, none with `gpt2`.
    public var eosID: Int?
    /// `padding_token_id`.
    public var padID: Int?
    /// `unknown_token_id`; nil: 0 with `llama`, none with `gpt2`.
    public var unkID: Int?
    /// `add_bos_token`; nil: `llama` adds it, of `gpt2` some pre-tokenizers do.
    public var addsBOS: Bool?
    /// `add_eos_token`.
    public var addsEOS: Bool?
    /// `add_space_prefix`.
    public var addsSpacePrefix: Bool
    /// Whether control tokens take the white space behind them along. No key says so: llama.cpp does it for models that
    /// ``isNamedPhi3(_:)`` (`llama-vocab.cpp`).
    public var stripsBehindTokens = false
    /// `tokenizer.chat_template`, and `tokenizer.chat_template.NAME` by name.
    public var chatTemplates: [String: String]

    /// A vocabulary of this model and these tokens; the rest is set by name.
    public init(model: String, tokens: [String]) {
        self.model = model
        self.tokens = tokens
        scores = []
        kinds = []
        merges = []
        addsSpacePrefix = true
        chatTemplates = [:]
    }

    /// Tokens behind which white space stays in any case.
    public static let keepingSpaceBehind = ["<unk>", "<s>", "<|endoftext|>"]

    /// Whether llama.cpp takes a model of this `general.name` for Phi-3.
    public static func isNamedPhi3(_ name: String) -> Bool {
        ["phi-3", "phi3"].contains { name.lowercased().contains($0) }
    }
}

extension TokenizerDescription {
    /// The tokenizer of a GGUF file; `file` is its name in messages. Throws a ``Problem`` when the vocabulary is
    /// damaged or its model or pre-tokenizer is unknown.
    public init(gguf vocabulary: GGUFVocabulary, file: String) throws {
        do throws(Problem) {
            try self.init(vocabulary)
        } catch { throw Problem(error.message, file: file, advice: error.advice) }
    }

    private init(_ gguf: GGUFVocabulary) throws(Problem) {
        let count = gguf.tokens.count
        guard count > 0, gguf.kinds.isEmpty || gguf.kinds.count == count else {
            throw Problem("the vocabulary has \(count) tokens but \(gguf.kinds.count) token types")
        }
        let kinds = try gguf.kinds.isEmpty ? [] : Self.kinds(gguf.kinds)
        func kind(_ id: Int) -> SentencePieceFile.Kind { kinds.isEmpty ? .normal : kinds[id] }
        let isSentencePiece = gguf.model == "llama"
        var addsBOS = isSentencePiece
        switch gguf.model {
        case "gpt2":
            let pre = try GGUFPreTokenizer(gguf.preTokenizer ?? "default")
            addsBOS = pre.addsBOS
            try self.init(letters: gguf, pre)
        case "llama":
            guard gguf.scores.count == count, gguf.scores.allSatisfy(\.isFinite) else {
                throw Problem(
                    "the vocabulary has \(count) tokens but \(gguf.scores.count) scores, or one is not finite")
            }
            let pieces = gguf.tokens.indices.map { id in
                // llama.cpp finds unused tokens like any other.
                (text: gguf.tokens[id], score: gguf.scores[id], kind: kind(id) == .unused ? .normal : kind(id))
            }
            try self.init(pieces: pieces, isUnigram: false, byteFallback: kinds.contains(.byte))
            let mark = Array("▁".utf8)
            let spaces = Normalizer.replace(.literal([0x20]), with: mark)
            normalizer = gguf.addsSpacePrefix ? .sequence([.prepend(mark), spaces]) : spaces
            let steps: [TokenDecoder] = [.replace(.literal(mark), with: [0x20]), .byteFallback, .fuse]
            decoder = .sequence(gguf.addsSpacePrefix ? steps + [.strip(0x20, start: 1, stop: 0)] : steps)
        default:
            throw Problem(
                "the vocabulary is of the model \"\(gguf.model)\", which Graft does not have",
                advice: "known are gpt2 and llama")
        }
        addedTokens = gguf.tokens.indices.filter { [.control, .unknown, .userDefined].contains(kind($0)) }.map { id in
            let text = gguf.tokens[id]
            return AddedToken(
                text, id: Int32(id),
                stripsRight: gguf.stripsBehindTokens && !GGUFVocabulary.keepingSpaceBehind.contains(text),
                special: kind(id) != .userDefined)
        }
        func token(_ id: Int?) -> String? { id.flatMap { gguf.tokens.indices.contains($0) ? gguf.tokens[$0] : nil } }
        bosToken = token(gguf.bosID ?? (isSentencePiece ? 1 : nil))
        eosToken = token(gguf.eosID ?? (isSentencePiece ? 2 : nil))
        padToken = token(gguf.padID)
        unkToken = token(gguf.unkID ?? (isSentencePiece ? 0 : nil))
        wantsBOS = gguf.addsBOS ?? addsBOS
        wantsEOS = gguf.addsEOS ?? false
        chatTemplates = gguf.chatTemplates
    }

    // The model "gpt2": tokens in GPT-2's alphabet.
    private init(letters gguf: GGUFVocabulary, _ pre: GGUFPreTokenizer) throws(Problem) {
        var vocabulary = Vocabulary(capacity: gguf.tokens.count)
        for (id, token) in gguf.tokens.enumerated() { try vocabulary.add(token, id: id) }
        var merges: [(left: Int32, right: Int32, rank: UInt32, id: Int32)] = []
        merges.reserveCapacity(gguf.merges.count)
        for (rank, line) in gguf.merges.enumerated() {
            // The space between is the first that is not the line's start: a token can begin with one in no alphabet.
            let parts = line.utf8.split(separator: 0x20, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
            guard parts.count == 2, let left = Self.id(parts[0], vocabulary), let right = Self.id(parts[1], vocabulary),
                let id = Self.id(parts[0] + parts[1], vocabulary)
            else { throw Problem("merge \(rank + 1), \"\(line)\", is not of tokens that the vocabulary has") }
            merges.append((left, right, UInt32(rank), id))
        }
        var options = BytePairModel.Options()
        options.ignoresMerges = pre.ignoresMerges
        self.init(model: .bytePair(BytePairModel(vocabulary: vocabulary, merges: merges, options: options)))
        var steps: [PreTokenizer] = []
        for pattern in pre.patterns {
            steps.append(.split(.expression(try RegularExpression(pattern)), .isolated, inverted: false))
        }
        preTokenizer = .sequence(steps + [.byteLevel(prefixSpace: false, pattern: nil)])
        normalizer = pre.composes ? .form { UnicodeForm.nfc } : nil
        decoder = .byteLevel
    }

    private static func id(_ token: [UInt8], _ vocabulary: Vocabulary) -> Int32? {
        token.withUnsafeBufferPointer { vocabulary.id($0) }
    }

    private static func kinds(_ numbers: [Int]) throws(Problem) -> [SentencePieceFile.Kind] {
        var kinds: [SentencePieceFile.Kind] = []
        kinds.reserveCapacity(numbers.count)
        for number in numbers {
            guard let kind = UInt64(exactly: number).flatMap(SentencePieceFile.Kind.init(rawValue:)) else {
                throw Problem("token \(kinds.count) is of the unknown type \(number)")
            }
            kinds.append(kind)
        }
        return kinds
    }
}
