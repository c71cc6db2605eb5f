/// How a text is cut into the pieces that the model sees one by one: the `pre_tokenizer` of tokenizer.json.
indirect enum PreTokenizer: Sendable {
    /// What becomes of the matches a text is split at.
    enum Behavior: String, Sendable, CaseIterable {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    /// Where `Metaspace` puts its mark in front.
    enum PrependScheme: String, Sendable, CaseIterable {
        case always, first, never
    }

    case sequence([PreTokenizer])
    case split(TextPattern, Behavior, inverted: Bool)
    /// Splits at single characters of a kind.
    case splitScalars(@Sendable (UInt32) -> Bool, Behavior)
    /// Runs of word characters and runs of others; white space is dropped.
    case wordRuns
    /// A space in front if asked for, GPT-2's pattern if asked for, then every byte by its letter.
    case byteLevel(prefixSpace: Bool, pattern: RegularExpression?)
    /// Spaces become `mark`, and a piece begins at each of them.
    case metaspace(mark: [UInt8], PrependScheme, splits: Bool)
    /// Pieces of so many characters.
    case fixedLength(Int)

    /// The steps in order, sequences resolved.
    var steps: [PreTokenizer] {
        if case .sequence(let parts) = self { return parts.flatMap(\.steps) }
        return [self]
    }

    /// Whether a step looks at where in the original text a piece begins.
    var asksForOrigin: Bool {
        steps.contains { if case .metaspace(_, .first, _) = $0 { true } else { false } }
    }
}

/// A passage and the pieces it has been cut into; bytes between pieces are dropped.
struct Pieces {
    var passage: Passage
    var ranges: [Range<Int>]

    /// One more step of pre-tokenisation. `mapsBytes`: whether `ByteLevel` writes its letters; otherwise the model
    /// reads the bytes themselves.
    mutating func apply(
        _ step: PreTokenizer, mapsBytes: Bool, tracking: Bool, _ matcher: RegularExpression.Matcher
    ) {
        switch step {
        case .sequence(let steps):
            for step in steps { apply(step, mapsBytes: mapsBytes, tracking: tracking, matcher) }
        case .split(let pattern, let behavior, let inverted):
            split(behavior, inverted: inverted) { text, body in pattern.forEachMatch(in: text, matcher, body) }
        case .splitScalars(let isMatch, let behavior):
            split(behavior, inverted: false) { text, body in
                var at = 0
                while at < text.count {
                    let scalar = UTF8Text.scalar(text, at: at)
                    if isMatch(scalar.value) { body(at..<at + scalar.width) }
                    at += scalar.width
                }
            }
        case .wordRuns:
            split(.removed, inverted: true) { text, body in
                var start = 0
                var at = 0
                var last = 0
                while at < text.count {
                    let scalar = UTF8Text.scalar(text, at: at)
                    let kind = UnicodeClass.isWhitespace(scalar.value) ? 0 : UnicodeClass.isWord(scalar.value) ? 1 : 2
                    if kind != last {
                        if last != 0 { body(start..<at) }
                        start = at
                        last = kind
                    }
                    at += scalar.width
                }
                if last != 0 { body(start..<at) }
            }
        case .byteLevel(let prefixSpace, let pattern):
            if prefixSpace {
                rewrite(tracking: tracking) { text, range, out in
                    if text[range.lowerBound] != 0x20 { out.write([0x20], for: range.lowerBound..<range.lowerBound) }
                    out.copy(range)
                }
            }
            if let pattern {
                split(.isolated, inverted: false) { text, body in pattern.forEachMatch(in: text, matcher, body) }
            }
            if mapsBytes {
                rewrite(tracking: tracking) { text, range, out in
                    for at in range { out.write(ByteAlphabet.utf8[Int(text[at])], for: at..<at + 1) }
                }
            }
        case .metaspace(let mark, let scheme, let splits):
            metaspace(mark, scheme, splits: splits, tracking: tracking)
        case .fixedLength(let length):
            var cut: [Range<Int>] = []
            for range in ranges {
                var start = range.lowerBound
                while start < range.upperBound {
                    var end = start
                    for _ in 0..<length where end < range.upperBound { end += UTF8Text.width(passage.bytes[end]) }
                    cut.append(start..<end)
                    start = end
                }
            }
            ranges = cut
        }
    }

    // Calls `write` for each piece, which writes the piece's new text.
    private mutating func rewrite(
        tracking: Bool, _ write: (UnsafeBufferPointer<UInt8>, Range<Int>, Rewriter) -> Void
    ) {
        let out = Rewriter(passage, tracking: tracking)
        for i in ranges.indices {
            let start = out.count
            write(passage.bytes, ranges[i], out)
            ranges[i] = start..<out.count
        }
        passage = out.passage()
    }

    private mutating func metaspace(
        _ mark: [UInt8], _ scheme: PreTokenizer.PrependScheme, splits: Bool, tracking: Bool
    ) {
        let source = passage
        rewrite(tracking: tracking) { text, range, out in
            let marked = text[range].starts(with: mark) || text[range.lowerBound] == 0x20
            let prepends =
                switch scheme {
                case .always: true
                case .first: source.origin(range).lowerBound == 0
                case .never: false
                }
            if prepends, !marked { out.write(mark, for: range.lowerBound..<range.lowerBound) }
            var copied = range.lowerBound
            for at in range where text[at] == 0x20 {
                out.copy(copied..<at)
                out.write(mark, for: at..<at + 1)
                copied = at + 1
            }
            out.copy(copied..<range.upperBound)
        }
        guard splits else { return }
        split(.mergedWithNext, inverted: false) { text, body in
            var at = 0
            while at < text.count {
                if text[at] == mark[0], text[at...].starts(with: mark) {
                    body(at..<at + mark.count)
                    at += mark.count
                } else {
                    at += 1
                }
            }
        }
    }

    // Splits every piece at the matches that `find` reports, which are ranges of the piece's own text.
    private mutating func split(
        _ behavior: PreTokenizer.Behavior, inverted: Bool,
        _ find: (UnsafeBufferPointer<UInt8>, (Range<Int>) -> Void) -> Void
    ) {
        var splitter = Splitter(behavior, capacity: max(ranges.count, passage.bytes.count / 4))
        for range in ranges {
            splitter.begin()
            var covered = 0
            find(UnsafeBufferPointer(rebasing: passage.bytes[range])) { match in
                if covered < match.lowerBound {
                    splitter.add(range.lowerBound + covered..<range.lowerBound + match.lowerBound, inverted)
                }
                splitter.add(
                    range.lowerBound + match.lowerBound..<range.lowerBound + match.upperBound, !inverted)
                covered = match.upperBound
            }
            if covered < range.count { splitter.add(range.lowerBound + covered..<range.upperBound, inverted) }
            splitter.end()
        }
        ranges = splitter.ranges
    }
}
