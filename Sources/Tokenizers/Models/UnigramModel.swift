import Diagnostics

/// SentencePiece's unigram model: of all ways to cut a piece into tokens the one with the largest sum of scores.
struct UnigramModel: Sendable {
    let vocabulary: Vocabulary
    /// Score of each token id, a log-probability.
    let scores: [Double]
    let unknown: Int32?
    /// Whether unknown text becomes the tokens `<0x..>` of its bytes.
    let byteFallback: Bool
    /// Whether sums are kept in single precision, as SentencePiece does and Hugging Face's library does not; it decides
    /// between ways that score nearly the same.
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
            let at = range.lowerBound + start
            let width = min(UTF8Text.width(text[at]), range.upperBound - at)
            var coversCharacter = false
            trie.forEachPrefix(text, at..<range.upperBound) { length, id in
                lattice.offer(from: start, to: start + length, id, scores[Int(id)])
                if length == width { coversCharacter = true }
            }
            if !coversCharacter { lattice.offerUnknown(from: start, to: start + width, unknownScore) }
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

/// The best way to each byte of a piece.
final class UnigramLattice {
    private var best: [(score: Double, start: Int32, id: Int32)] = []
    private var count = 0
    private var singlePrecision = false

    /// Forgets the last piece and makes room for one of so many bytes.
    func begin(_ count: Int, singlePrecision: Bool) {
        self.count = count
        self.singlePrecision = singlePrecision
        best.removeAll(keepingCapacity: best.capacity < 1 << 20)
        best.append(contentsOf: repeatElement((score: 0, start: -1, id: -1), count: count + 1))
    }

    /// Whether some path ends at `at`.
    func isReached(_ at: Int) -> Bool { at == 0 || best[at].start >= 0 }

    /// Proposes a token between two places; of equal scores the first proposed stays. SentencePiece compares a sum before
    /// it rounds it, so that of ways that are equal when rounded a later one may win.
    func offer(from start: Int, to end: Int, _ id: Int32, _ score: Double) {
        take(best[start].score + score, from: start, to: end, id)
    }

    /// Proposes that no token covers what is between two places; there SentencePiece rounds first.
    func offerUnknown(from start: Int, to end: Int, _ score: Double) {
        take(rounded(best[start].score + score), from: start, to: end, -1)
    }

    private func take(_ sum: Double, from start: Int, to end: Int, _ id: Int32) {
        if best[end].start < 0 || sum > best[end].score { best[end] = (rounded(sum), Int32(start), id) }
    }

    private func rounded(_ sum: Double) -> Double { singlePrecision ? Double(Float(sum)) : sum }

    /// The tokens of the best path, first to last.
    func bestPath() -> [(start: Int, end: Int, id: Int32)] {
        var path: [(start: Int, end: Int, id: Int32)] = []
        var end = count
        while end > 0, best[end].start >= 0 {
            path.append((Int(best[end].start), end, best[end].id))
            end = Int(best[end].start)
        }
        return path.reversed()
    }
}

/// A set of tokens by their bytes: a tree whose branches are kept in one hash table.
struct TokenTrie: Sendable {
    // Key: node << 8 | byte; value: the node it leads to.
    private var keys: [UInt64]
    private var values: [Int32]
    private var tokens: [Int32] = [-1]
    private var used = 0

    /// An empty set with room for about so many nodes.
    init(nodes: Int = 0) {
        var size = 64
        while size < 2 * nodes { size *= 2 }
        keys = Array(repeating: .max, count: size)
        values = Array(repeating: 0, count: size)
    }

    /// Adds a token; the empty one is nowhere.
    mutating func add(_ token: some Collection<UInt8>, id: Int32) {
        guard !token.isEmpty else { return }
        var node: Int32 = 0
        for byte in token {
            if 2 * (used + 1) > keys.count { grow() }
            let key = UInt64(node) << 8 | UInt64(byte)
            let slot = slot(key)
            if keys[slot] == .max {
                keys[slot] = key
                values[slot] = Int32(tokens.count)
                tokens.append(-1)
                used += 1
            }
            node = values[slot]
        }
        tokens[Int(node)] = id
    }

    /// Calls `body` with length and id of every token that the text begins with, shortest first.
    @inline(__always)
    func forEachPrefix(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ body: (Int, Int32) -> Void
    ) {
        var node: Int32 = 0
        for at in range {
            let key = UInt64(node) << 8 | UInt64(text[at])
            let slot = slot(key)
            guard keys[slot] == key else { return }
            node = values[slot]
            if tokens[Int(node)] >= 0 { body(at - range.lowerBound + 1, tokens[Int(node)]) }
        }
    }

    @inline(__always)
    private func slot(_ key: UInt64) -> Int {
        var at = Int(truncatingIfNeeded: ByteHash.mix(key, 0x9e37_79b9_7f4a_7c15)) & (keys.count - 1)
        while keys[at] != key, keys[at] != .max { at = (at + 1) & (keys.count - 1) }
        return at
    }

    private mutating func grow() {
        let old = (keys, values)
        keys = Array(repeating: .max, count: 2 * old.0.count)
        values = Array(repeating: 0, count: 2 * old.0.count)
        for (i, key) in old.0.enumerated() where key != .max {
            let slot = slot(key)
            keys[slot] = key
            values[slot] = old.1[i]
        }
    }
}
