import Diagnostics

/// The added tokens of a tokenizer: their ids, how they are found, which are special.
struct AddedVocabulary: Sendable {
    /// Finds tokens in the text as it is.
    private(set) var plain = AddedTokenMatcher()
    /// Finds, besides these, the tokens that are looked for on request only.
    private(set) var control = AddedTokenMatcher()
    /// Finds tokens in the normalised text, in their normalised form.
    private(set) var normalized = AddedTokenMatcher()
    /// Ids that decoding can leave out.
    private(set) var specialIDs: Set<Int32> = []
    private var vocabulary = Vocabulary()
    private var normalForms: [Int32: [UInt8]] = [:]

    /// One more than the largest id.
    var endID: Int { vocabulary.endID }

    /// Gives each token its id: the model's where it has the token, else the next free one, as Hugging Face's library
    /// does (the id in the file is not asked).
    init(_ tokens: [AddedToken], _ model: Vocabulary, _ normalizer: Normalizer?) throws(Problem) {
        var next = model.count
        var rules: [Int32: (AddedToken, AddedTokenMatcher.Rule)] = [:]
        var order: [Int32] = []
        let matcher = RegularExpression.matcher()
        for token in tokens where !token.content.isEmpty {
            var id = vocabulary.id(token.content) ?? model.id(token.content)
            if id == nil {
                id = Int32(next)
                next += 1
            }
            guard let id else { continue }
            try vocabulary.add(token.content, id: Int(id))
            let rule = AddedTokenMatcher.Rule(
                id: id, singleWord: token.singleWord, stripsLeft: token.stripsLeft, stripsRight: token.stripsRight)
            if rules.updateValue((token, rule), forKey: id) == nil { order.append(id) }
            if token.special { specialIDs.insert(id) }
            if token.matching == .normalized, let normalizer {
                var text = token.content
                normalForms[id] = text.withUTF8 { bytes in
                    let passage = Passage(bytes: bytes, spans: nil, base: 0, owner: nil)
                    return normalizer.apply(passage, tracking: false, matcher).copiedBytes()
                }
            }
        }
        for id in order {
            guard let (token, rule) = rules[id] else { continue }
            switch token.matching {
            case .plain:
                plain.add(token.content.utf8, rule)
                control.add(token.content.utf8, rule)
            case .onRequest: control.add(token.content.utf8, rule)
            case .normalized: normalized.add(normalForms[id] ?? Array(token.content.utf8), rule)
            case .verbatimInNormalized: normalized.add(token.content.utf8, rule)
            }
        }
    }

    /// Whether decoding leaves the id out when it skips special tokens. As in Hugging Face's library, a special token
    /// that normalisation changes is not recognised as one.
    func isSkipped(_ id: Int32) -> Bool {
        specialIDs.contains(id) && normalForms[id].map { $0.elementsEqual(content(id)?.utf8 ?? "".utf8) } ?? true
    }

    /// The id of an added token, or nil.
    func id(_ token: String) -> Int32? { vocabulary.id(token) }

    /// The text of an added token, or nil.
    func content(_ id: Int32) -> String? { vocabulary.token(id).map(UTF8Text.string) }

    /// What decoding takes for an added token: its normalised form where it has one.
    func decodedForm(_ id: Int32) -> [UInt8]? { normalForms[id] ?? vocabulary.token(id).map(Array.init) }
}
