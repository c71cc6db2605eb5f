/// The stage that turns pieces of text into ids.
enum TokenModel: Sendable {
    case bytePair(BytePairModel)
    case unigram(UnigramModel)
    case words(WordModel)

    /// The tokens the model itself knows, without those added.
    var vocabulary: Vocabulary {
        switch self {
        case .bytePair(let model): model.vocabulary
        case .unigram(let model): model.vocabulary
        case .words(let model): model.vocabulary
        }
    }

    /// Adds the tokens of the given pieces of `text` to the sink.
    func tokenize(_ text: UnsafeBufferPointer<UInt8>, _ pieces: [Range<Int>], _ scratch: Scratch) {
        switch self {
        case .bytePair(let model):
            for piece in pieces { model.tokenize(text, piece, scratch) }
        case .unigram(let model):
            for piece in pieces { Self.cached(text, piece, scratch) { model.tokenize(text, piece, scratch) } }
        case .words(let model):
            for piece in pieces { Self.cached(text, piece, scratch) { model.tokenize(text, piece, scratch) } }
        }
    }

    @inline(__always)
    private static func cached(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ scratch: Scratch, _ tokenize: () -> Void
    ) {
        guard range.count <= WordCache.longestWord, let start = text.baseAddress else { return tokenize() }
        let key = WordCache.Key(start + range.lowerBound, range.count, readable: text.count - range.lowerBound)
        if scratch.cache.emit(key, at: range.lowerBound, to: scratch.sink) { return }
        let first = scratch.sink.count
        tokenize()
        scratch.cache.store(key, at: range.lowerBound, from: scratch.sink, first: first)
    }
}
