import Diagnostics

extension TokenizerDescription {
    /// Reads a SentencePiece model alone (`tokenizer.model`): BPE or unigram, encoded as SentencePiece does. Control
    /// tokens such as `<s>` are not looked for in text unless asked.
    public init(sentencePiece path: String) throws {
        let file = try SentencePieceFile(path: path)
        do throws(Problem) {
            self = try Self.make(file)
        } catch {
            throw Problem(error.message, file: path, advice: error.advice)
        }
    }

    private static func make(_ file: SentencePieceFile) throws(Problem) -> TokenizerDescription {
        guard !file.spacesAreSuffixes else {
            throw Problem("treats white space as a suffix, which Graft does not have")
        }
        var description = try TokenizerDescription(
            pieces: file.pieces, isUnigram: file.modelType == 1, byteFallback: file.byteFallback)
        let userDefined = file.pieces.filter { $0.kind == .userDefined }.map(\.text)
        description.normalizer = .sentencePiece(
            SentencePieceNormalizer(
                map: file.characterMap.isEmpty ? nil : try CharacterMap(file.characterMap), verbatim: userDefined,
                addsDummyPrefix: file.addsDummyPrefix, removesExtraSpaces: file.removesExtraSpaces,
                escapesSpaces: file.escapesSpaces))
        let unknown = file.pieces.first { $0.kind == .unknown }?.text
        description.decoder = .sentencePiece(
            unknown: unknown.map { Array($0.utf8) }, surface: Array(file.unknownSurface.utf8),
            dropsFirstSpace: file.addsDummyPrefix || file.removesExtraSpaces, dropsAllSpaces: file.removesExtraSpaces)
        func piece(_ id: Int) -> String? { file.pieces.indices.contains(id) ? file.pieces[id].text : nil }
        description.bosToken = piece(file.bosID)
        description.eosToken = piece(file.eosID)
        description.padToken = piece(file.padID)
        description.unkToken = unknown
        description.wantsBOS = description.bosToken != nil
        return description
    }

    /// Pieces with scores become a model: SentencePiece's own files and GGUF's "llama" vocabularies.
    init(
        pieces: [(text: String, score: Float, kind: SentencePieceFile.Kind)], isUnigram: Bool, byteFallback: Bool
    ) throws(Problem) {
        var vocabulary = Vocabulary(capacity: pieces.count)
        for (id, piece) in pieces.enumerated() where vocabulary.id(piece.text) == nil || piece.kind == .normal {
            try vocabulary.add(piece.text, id: id)
        }
        let isText = pieces.map { $0.kind == .normal || $0.kind == .userDefined }
        let unknown = pieces.firstIndex { $0.kind == .unknown }.map(Int32.init)
        var scores = pieces.map { Double($0.score) }
        if isUnigram {
            // A user's own piece gains by its length, so that it is nearly always chosen; which of several ways to
            // place it is up to the sums (SentencePiece 0.2.3, `GetUserDefinedScore`).
            for (id, piece) in pieces.enumerated() where piece.kind == .userDefined {
                scores[id] = Double(Float(0.1 * Double(piece.text.utf8.count - 1)))
            }
            self.init(
                model: .unigram(
                    UnigramModel(
                        vocabulary: vocabulary, scores: scores, unknown: unknown, byteFallback: byteFallback,
                        singlePrecision: true, isText: { isText[Int($0)] },
                        hasScore: { pieces[Int($0)].kind == .normal })))
        } else {
            var options = BytePairModel.Options()
            options.unknown = unknown
            options.fusesUnknown = true
            options.byteFallback = byteFallback
            options.unused = Set(pieces.indices.filter { pieces[$0].kind == .unused }.map { Int32($0) })
            let merges = vocabulary.merges(scores: scores) { isText[Int($0)] || pieces[Int($0)].kind == .unused }
            self.init(model: .bytePair(BytePairModel(vocabulary: vocabulary, merges: merges, options: options)))
        }
        addedTokens = pieces.enumerated().compactMap { id, piece in
            switch piece.kind {
            case .userDefined where isUnigram: nil
            case .userDefined: AddedToken(piece.text, id: Int32(id), matching: .verbatimInNormalized, special: false)
            case .control, .unknown: AddedToken(piece.text, id: Int32(id), matching: .onRequest, special: true)
            default: nil
            }
        }
    }
}
