import Diagnostics

/// Byte-pair encoding: a word begins as its characters (or bytes), and neighbours merge in the order of the merge list.
struct BytePairModel: Sendable {
    /// What tokenizer.json says besides vocabulary and merges.
    struct Options: Sendable {
        /// Stands for characters that the vocabulary does not have; without one they vanish.
        var unknown: Int32?
        /// Whether neighbouring unknown characters become one token.
        var fusesUnknown = false
        /// Whether an unknown character becomes the tokens `<0x..>` of its bytes.
        var byteFallback = false
        /// Whether a word that is a token is taken whole, whatever the merges say.
        var ignoresMerges = false
        /// Put before every character of a word but the first.
        var continuingPrefix = ""
        /// Put behind the last character of a word.
        var endSuffix = ""
        /// Tokens that merges pass through and no text ends as: what is left of one is taken apart again, as
        /// SentencePiece does with the pieces that a file marks as unused.
        var unused: Set<Int32> = []
    }

    let options: Options
    let vocabulary: Vocabulary
    let merges: MergeTable
    /// Whether pieces hold the text's own bytes and the vocabulary is written in GPT-2's alphabet.
    private(set) var readsBytes = false
    /// The token of each byte, −1 where there is none: `<0x..>`, or the alphabet's when bytes are read.
    private var byteTokens: [Int32]
    /// The token of each ASCII character, −1 where there is none.
    private let asciiTokens: [Int32]
    /// Where a long piece may be cut without changing the result; nil where that cannot be known.
    private var boundaries: MergeBoundaries?

    /// A model from its parts; the merges are `(left, right, rank, merged)`.
    init(
        vocabulary: Vocabulary, merges: [(left: Int32, right: Int32, rank: UInt32, id: Int32)], options: Options
    ) {
        self.vocabulary = vocabulary
        self.options = options
        self.merges = MergeTable(merges)
        byteTokens = (0..<256).map { vocabulary.id(Self.byteToken($0)) ?? -1 }
        asciiTokens = (0..<128).map { vocabulary.id(String(UTF8Text.unicode(UInt32($0)))) ?? -1 }
        boundaries = nil
    }

    /// `<0x0A>` for 10.
    static func byteToken(_ byte: Int) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "<0x" + (digits.count == 1 ? "0" : "") + digits + ">"
    }

    /// The same model for pieces of plain bytes, each standing for its character in GPT-2's alphabet. Nil when the
    /// options only make sense on characters.
    func readingBytes() -> BytePairModel? {
        guard !options.byteFallback, options.continuingPrefix.isEmpty, options.endSuffix.isEmpty else { return nil }
        var model = self
        model.readsBytes = true
        model.byteTokens = ByteAlphabet.utf8.map { letter in letter.withUnsafeBufferPointer { vocabulary.id($0) } ?? -1
        }
        return model
    }

    /// The same model for pieces of characters, which may be long.
    func readingCharacters() -> BytePairModel {
        var model = self
        model.boundaries = MergeBoundaries(
            vocabulary: vocabulary, merges: merges, options: options, byteTokens: byteTokens)
        return model
    }

    /// Adds the tokens of one piece, `range` of `text`, to the sink.
    @inline(__always)
    func tokenize(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ scratch: Scratch) {
        let count = range.upperBound &- range.lowerBound
        if count <= WordCache.longestWord, let start = text.baseAddress {
            let key = WordCache.Key(
                start + range.lowerBound, count, readable: text.count &- range.lowerBound)
            if scratch.cache.emit(key, at: range.lowerBound, to: scratch.sink) { return }
            let first = scratch.sink.count
            tokenizeUncached(text, range, scratch)
            scratch.cache.store(key, at: range.lowerBound, from: scratch.sink, first: first)
        } else if let boundaries {
            boundaries.forEachPart(of: text, range) { part in
                if part == range { tokenizeUncached(text, part, scratch) } else { tokenize(text, part, scratch) }
            }
        } else {
            tokenizeUncached(text, range, scratch)
        }
    }

    private func tokenizeUncached(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ scratch: Scratch) {
        if options.ignoresMerges, let id = wholeToken(text, range, scratch) {
            scratch.sink.append(id, range.lowerBound, range.upperBound)
            return
        }
        let work = scratch.work
        work.begin(range.count)
        if readsBytes { appendBytes(text, range, work) } else { appendCharacters(text, range, work) }
        if options.unused.isEmpty {
            work.merge(by: merges, into: scratch.sink)
        } else {
            mergeAndTakeApart(text, work, scratch.sink)
        }
    }

    /// Merges, and adds what is left to the sink: characters that are unused are unknown ones in the end.
    private func mergeAndTakeApart(_ text: UnsafeBufferPointer<UInt8>, _ work: MergeWork, _ sink: TokenSink) {
        var unknown: Range<Int>?
        func flush() {
            if let id = options.unknown, let range = unknown { sink.append(id, range.lowerBound, range.upperBound) }
            unknown = nil
        }
        work.merge(by: merges, takingApart: options.unused, of: vocabulary) { id, place in
            let isUnused = options.unused.contains(id)
            if isUnused, options.byteFallback, text[place].allSatisfy({ byteTokens[Int($0)] >= 0 }) {
                flush()
                for i in place { sink.append(byteTokens[Int(text[i])], i, i + 1) }
            } else if isUnused || id == options.unknown {
                unknown = (unknown?.lowerBound ?? place.lowerBound)..<place.upperBound
            } else {
                flush()
                sink.append(id, place.lowerBound, place.upperBound)
            }
        }
        flush()
    }

    private func wholeToken(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ scratch: Scratch) -> Int32? {
        guard readsBytes else { return vocabulary.id(UnsafeBufferPointer(rebasing: text[range])) }
        scratch.letters.removeAll(keepingCapacity: true)
        for i in range { scratch.letters.append(contentsOf: ByteAlphabet.utf8[Int(text[i])]) }
        return scratch.letters.withUnsafeBufferPointer { vocabulary.id($0) }
    }

    @inline(__always)
    private func appendBytes(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ work: MergeWork) {
        var unknown = Unknown(options)
        byteTokens.withUnsafeBufferPointer { tokens in
            for i in range {
                let id = tokens[Int(text[i])]
                if id >= 0 {
                    unknown.flush(work)
                    work.append(id, i, i &+ 1)
                } else {
                    unknown.add(i, i &+ 1, work)
                }
            }
        }
        unknown.flush(work)
    }

    private func appendCharacters(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ work: MergeWork) {
        var unknown = Unknown(options)
        let plain = options.continuingPrefix.isEmpty && options.endSuffix.isEmpty
        var at = range.lowerBound
        while at < range.upperBound {
            let end = min(at + UTF8Text.width(text[at]), range.upperBound)
            defer { at = end }
            let letter = UnsafeBufferPointer(rebasing: text[at..<end])
            let id: Int32?
            if plain {
                id = text[at] < 0x80 ? asciiTokens[Int(text[at])] : vocabulary.id(letter) ?? -1
            } else {
                let prefix = at == range.lowerBound ? "" : options.continuingPrefix
                let suffix = end == range.upperBound ? options.endSuffix : ""
                id = vocabulary.id(prefix + UTF8Text.string(letter) + suffix)
            }
            if let id, id >= 0 {
                unknown.flush(work)
                work.append(id, at, end)
            } else if options.byteFallback, plain, letter.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
                for i in at..<end { work.append(byteTokens[Int(text[i])], i, i + 1) }
            } else {
                unknown.add(at, end, work)
            }
        }
        unknown.flush(work)
    }

    // Unknown characters waiting for those that follow, to be fused with them.
    private struct Unknown {
        private let id: Int32?
        private let fuses: Bool
        private var waiting: Range<Int>?

        init(_ options: Options) {
            id = options.unknown
            fuses = options.fusesUnknown
        }

        mutating func add(_ start: Int, _ end: Int, _ work: MergeWork) {
            guard id != nil else { return }
            if fuses, let from = waiting {
                waiting = from.lowerBound..<end
            } else {
                flush(work)
                waiting = start..<end
            }
        }

        @inline(__always)
        mutating func flush(_ work: MergeWork) {
            guard let range = waiting, let id else { return }
            work.append(id, range.lowerBound, range.upperBound)
            waiting = nil
        }
    }
}
