/// SentencePiece's unigram model: of all ways to cut a piece into tokens the one with the largest sum of scores.
struct UnigramModel: Sendable {
    let vocabulary: Vocabulary
    /// Score of each token id, a log-probability.
    let scores: [Double]
    let unknown: Int32?
    /// Whether unknown text becomes the tokens `<0x..>` of its bytes.
    let byteFallback: Bool
    /// Whether sums are kept in single precision, as SentencePiece does and Hugging Face's library does not; it decides
    /// between ways that score the same.
    let singlePrecision: Bool
    private let trie: TokenTrie
    private let unknownScore: Double
    private let byteTokens: [Int32]

    /// A model from its tokens; those whose id `isText` refuses are never found in text. What no token covers costs ten
    /// below the worst score of those that `hasScore` says have one.
    init(
        vocabulary: Vocabulary, scores: [Double], unknown: Int32?, byteFallback: Bool, singlePrecision: Bool = false,
        isText: (Int32) -> Bool = { _ in true }, hasScore: (Int32) -> Bool = { _ in true }
    ) {
        self.vocabulary = vocabulary
        self.scores = scores
        self.unknown = unknown
        self.byteFallback = byteFallback
        self.singlePrecision = singlePrecision
        var trie = TokenTrie(nodes: vocabulary.count * 4)
        var least = Double.infinity
        vocabulary.forEach { token, id in
            guard isText(id) else { return }
            trie.add(token, id: id)
            if hasScore(id) { least = min(least, scores[Int(id)]) }
        }
        self.trie = trie
        let worst = (least.isFinite ? least : 0) - 10
        unknownScore = singlePrecision ? Double(Float(worst)) : worst
        byteTokens = (0..<256).map { vocabulary.id(BytePairModel.byteToken($0)) ?? -1 }
    }

    /// Adds the tokens of one piece to the sink.
    func tokenize(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ scratch: Scratch) {
        let lattice = scratch.lattice
        lattice.begin(range.count, singlePrecision: singlePrecision)
        for start in 0..<range.count {
            // Only places that a path reaches, which are ends of characters.
            guard lattice.isReached(start) else { continue }
            lattice.rebase(at: start)
            let at = range.lowerBound + start
            let width = min(UTF8Text.width(text[at]), range.upperBound - at)
            var coversCharacter = false
            trie.forEachPrefix(text, at..<range.upperBound) { length, id in
                lattice.offer(from: start, to: start + length, id, scores[Int(id)])
                if length == width { coversCharacter = true }
            }
            if !coversCharacter { lattice.offer(from: start, to: start + width, -1, unknownScore) }
        }
        emit(lattice, text, range, scratch.sink)
    }

    private func emit(
        _ lattice: UnigramLattice, _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ sink: TokenSink
    ) {
        var unknownRange: Range<Int>?
        func flush() {
            guard let waiting = unknownRange else { return }
            unknownRange = nil
            if byteFallback, text[waiting].allSatisfy({ byteTokens[Int($0)] >= 0 }) {
                for i in waiting { sink.append(byteTokens[Int(text[i])], i, i + 1) }
            } else if let unknown {
                sink.append(unknown, waiting.lowerBound, waiting.upperBound)
            }
        }
        for step in lattice.bestPath() {
            let place = range.lowerBound + step.start..<range.lowerBound + step.end
            if step.id >= 0, step.id != unknown {
                flush()
                sink.append(step.id, place.lowerBound, place.upperBound)
            } else {
                unknownRange = (unknownRange?.lowerBound ?? place.lowerBound)..<place.upperBound
            }
        }
        flush()
    }
}
