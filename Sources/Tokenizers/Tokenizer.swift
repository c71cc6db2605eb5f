import Diagnostics
import OrderedJSON
import Synchronization

/// A token of a text: its id, and the UTF-8 bytes of the original text that it stands for.
public struct Token: Sendable, Equatable {
    /// The token's id.
    public let id: Int32
    /// Its bytes in the original text; empty for a token that stands for no text, as BOS.
    public let bytes: Range<Int>

    /// A token.
    public init(id: Int32, bytes: Range<Int>) {
        self.id = id
        self.bytes = bytes
    }
}

/// Text to token ids and back, as Hugging Face's `tokenizers` does it.
///
///     text ─► added tokens cut out ─► normalised ─► normalised added tokens cut out ─► pieces ─► model ─► ids
///
/// Safe to use from many threads at once.
public final class Tokenizer: Sendable {
    let normalizer: Normalizer?
    let steps: [PreTokenizer]
    let model: TokenModel
    let decoder: TokenDecoder?
    private let template: [TokenizerDescription.TemplateItem]
    let added: AddedVocabulary
    // Whether `ByteLevel` must write its letters, because the model cannot read bytes or a step follows.
    private let mapsBytes: Bool
    private let asksForOrigin: Bool
    private let scratches = Mutex<[Scratch]>([])

    /// The token that begins a text, if the tokenizer names one.
    public let bosToken: String?
    /// The token that ends a text, if the tokenizer names one.
    public let eosToken: String?
    /// The token that fills up a batch, if the tokenizer names one.
    public let padToken: String?
    /// The token for what the vocabulary does not have, if the tokenizer names one.
    public let unkToken: String?
    /// Whether encoding with special tokens puts BOS in front.
    public let addsBOS: Bool
    /// Whether encoding with special tokens puts EOS at the end.
    public let addsEOS: Bool
    /// Chat templates by name; `default` is the main one.
    public let chatTemplates: [String: String]
    /// tokenizer_config.json as read; an empty object where there is none.
    public let configuration: JSONValue

    /// The id of ``bosToken``.
    public var bosID: Int32? { bosToken.flatMap(id(of:)) }
    /// The id of ``eosToken``.
    public var eosID: Int32? { eosToken.flatMap(id(of:)) }
    /// The id of ``padToken``.
    public var padID: Int32? { padToken.flatMap(id(of:)) }
    /// The id of ``unkToken``.
    public var unkID: Int32? { unkToken.flatMap(id(of:)) }
    /// The ids that decoding leaves out when it skips special tokens.
    public var specialIDs: Set<Int32> { added.specialIDs }
    /// One more than the largest id.
    public var vocabularySize: Int { max(model.vocabulary.endID, added.endID) }

    /// Whether it has tokens at all; see ``none()``.
    public var knowsText: Bool { vocabularySize > 0 }

    /// A tokenizer of these parts. Throws when an added token's id cannot be.
    public init(_ description: TokenizerDescription) throws(Problem) {
        normalizer = description.normalizer
        let steps = description.preTokenizer?.steps ?? []
        var model = description.model
        var mapsBytes = true
        if case .bytePair(let pairs) = model {
            let mappings = steps.indices.filter { if case .byteLevel = steps[$0] { true } else { false } }
            if mappings == [steps.count - 1], let bytes = pairs.readingBytes() {
                model = .bytePair(bytes)
                mapsBytes = false
            } else {
                model = .bytePair(pairs.readingCharacters())
            }
        }
        self.steps = steps
        self.model = model
        self.mapsBytes = mapsBytes
        decoder = description.decoder
        added = try AddedVocabulary(description.addedTokens, model.vocabulary, normalizer)
        asksForOrigin = normalizer != nil && steps.contains(where: \.asksForOrigin)
        bosToken = description.bosToken
        eosToken = description.eosToken
        padToken = description.padToken
        unkToken = description.unkToken
        chatTemplates = description.chatTemplates
        configuration = description.configuration
        let added = added
        let vocabulary = model.vocabulary
        func known(_ token: String?) -> Int32? { token.flatMap { added.id($0) ?? vocabulary.id($0) } }
        let bos = known(description.bosToken)
        let eos = known(description.eosToken)
        var template = description.template
        if description.wantsBOS, let bos, !template.contains(.token(bos)) { template.insert(.token(bos), at: 0) }
        if description.wantsEOS, let eos, !template.contains(.token(eos)) { template.append(.token(eos)) }
        self.template = template
        let text = template.firstIndex(of: .text) ?? template.count
        addsBOS = bos.map { template[..<text].contains(.token($0)) } ?? false
        addsEOS = eos.map { template[text...].contains(.token($0)) } ?? false
    }

    /// The ids of a text (under 2 GiB).
    ///
    /// - Parameters:
    ///   - addSpecialTokens: with what surrounds a text, such as BOS.
    ///   - controlTokens: whether control tokens (`</s>`) are recognised in the text even where the tokenizer does not
    ///     do so by itself, which are SentencePiece models alone; for text that a chat template wrote.
    public func encode(_ text: String, addSpecialTokens: Bool = false, controlTokens: Bool = false) -> [Int32] {
        var ids: [Int32] = []
        surround(&ids, addSpecialTokens) { ids in
            run(text, controlTokens, tracking: false) { sink, _ in
                if ids.isEmpty { ids.reserveCapacity(sink.count + 2) }
                for i in 0..<sink.count { ids.append(sink.tokens[i].id) }
            }
        } token: { id, _ in
            id
        }
        return ids
    }

    /// The tokens of a text (under 2 GiB), each with the bytes of the original text that it stands for.
    /// The parameters are those of ``encode(_:addSpecialTokens:controlTokens:)``.
    public func encodeWithOffsets(
        _ text: String, addSpecialTokens: Bool = false, controlTokens: Bool = false
    ) -> [Token] {
        var tokens: [Token] = []
        let end = text.utf8.count
        surround(&tokens, addSpecialTokens) { tokens in
            run(text, controlTokens, tracking: true) { sink, passage in
                if tokens.isEmpty { tokens.reserveCapacity(sink.count + 2) }
                for i in 0..<sink.count {
                    let token = sink.tokens[i]
                    tokens.append(Token(id: token.id, bytes: passage.origin(Int(token.start)..<Int(token.end))))
                }
            }
        } token: { id, after in
            Token(id: id, bytes: after ? end..<end : 0..<0)
        }
        return tokens
    }

    // Special tokens of the template around what `text` appends; `token` is told whether the text has come.
    private func surround<Element>(
        _ list: inout [Element], _ special: Bool, text: (inout [Element]) -> Void, token: (Int32, Bool) -> Element
    ) {
        guard special else { return text(&list) }
        var after = false
        for item in template {
            switch item {
            case .text:
                text(&list)
                after = true
            case .token(let id): list.append(token(id, after))
            }
        }
    }

    // Calls `emit` with the tokens of each stretch of the text and the passage their places count in.
    private func run(
        _ text: String, _ controlTokens: Bool, tracking: Bool, _ emit: (TokenSink, Passage) -> Void
    ) {
        var text = text
        let scratch = scratches.withLock { $0.popLast() } ?? Scratch()
        let tracking = tracking || asksForOrigin
        text.withUTF8 { bytes in
            precondition(bytes.count < 1 << 31, "encode: a text of \(bytes.count) bytes; the most is 2 GiB")
            let whole = Passage(bytes: bytes, spans: nil, base: 0, owner: nil)
            for stretch in (controlTokens ? added.control : added.plain).split(bytes) {
                let part = whole.slice(stretch.range)
                if let id = stretch.id {
                    scratch.sink.removeAll()
                    scratch.sink.append(id, 0, part.bytes.count)
                    emit(scratch.sink, part)
                } else if !part.bytes.isEmpty {
                    encode(part, tracking: tracking, scratch, emit)
                }
            }
        }
        scratches.withLock { if $0.count < 16 { $0.append(scratch) } }
    }

    private func encode(
        _ part: Passage, tracking: Bool, _ scratch: Scratch, _ emit: (TokenSink, Passage) -> Void
    ) {
        let normal = normalizer?.apply(part, tracking: tracking, scratch.matcher) ?? part
        for stretch in added.normalized.split(normal.bytes) where !stretch.range.isEmpty {
            let passage = normal.slice(stretch.range)
            scratch.sink.removeAll()
            if let id = stretch.id {
                scratch.sink.append(id, 0, passage.bytes.count)
                emit(scratch.sink, passage)
                continue
            }
            var pieces = Pieces(passage: passage, ranges: [0..<passage.bytes.count])
            for step in steps {
                pieces.apply(step, mapsBytes: mapsBytes, tracking: tracking, scratch.matcher)
            }
            model.tokenize(pieces.passage.bytes, pieces.ranges, scratch)
            emit(scratch.sink, pieces.passage)
            withExtendedLifetime(pieces) {}
        }
        withExtendedLifetime(normal) {}
    }

    /// The id of a token as the vocabulary spells it (`Ġthe`, `<0x0A>`), or nil.
    public func id(of token: String) -> Int32? { added.id(token) ?? model.vocabulary.id(token) }

    /// The token of an id as the vocabulary spells it, or nil when the id has none.
    public func token(_ id: Int32) -> String? { added.content(id) ?? model.vocabulary.token(id).map(UTF8Text.string) }

    /// The text of some ids; ids without a token are passed over. `skipSpecialTokens` leaves out ``specialIDs``.
    public func decode(_ ids: [Int32], skipSpecialTokens: Bool = false) -> String {
        let tokens = ids.compactMap { id -> [UInt8]? in
            if skipSpecialTokens, added.isSkipped(id) { return nil }
            return bytes(ofToken: id)
        }
        guard let decoder else { return UTF8Text.string(Array(tokens.joined(separator: [0x20]))) }
        let scratch = scratches.withLock { $0.popLast() } ?? Scratch()
        defer { scratches.withLock { if $0.count < 16 { $0.append(scratch) } } }
        return decoder.text(tokens, scratch.matcher)
    }

    /// The bytes that decoding starts from: an added token in its normalised form.
    func bytes(ofToken id: Int32) -> [UInt8]? { added.decodedForm(id) ?? model.vocabulary.token(id).map(Array.init) }
}
