/// What is done to a text before it is cut into pieces: the `normalizer` of tokenizer.json.
indirect enum Normalizer: Sendable {
    case sequence([Normalizer])
    case form(@Sendable () -> UnicodeForm)
    /// Puts a text in front, unless there is nothing to put it in front of.
    case prepend([UInt8])
    case replace(TextPattern, with: [UInt8])
    case strip(left: Bool, right: Bool)
    case stripAccents
    case lowercase
    case nmt
    case bert(BertNormalizer)
    /// Every byte by its character in GPT-2's alphabet.
    case byteLevel
    case precompiled(CharacterMap)
    case sentencePiece(SentencePieceNormalizer)

    /// The normalised passage. Origins are kept when `tracking`.
    func apply(_ passage: Passage, tracking: Bool, _ matcher: RegularExpression.Matcher) -> Passage {
        switch self {
        case .sequence(let steps):
            return steps.reduce(passage) { $1.apply($0, tracking: tracking, matcher) }
        case .form(let form):
            // ASCII never changes; the tables are not even made for it.
            if passage.bytes.allSatisfy({ $0 < 0x80 }) { return passage }
            return form().apply(passage, tracking: tracking)
        case .prepend(let text):
            guard !passage.bytes.isEmpty else { return passage }
            let out = Rewriter(passage, tracking: tracking)
            out.write(text, for: 0..<0)
            out.copy(0..<passage.bytes.count)
            return out.passage()
        case .replace(let pattern, let content):
            return Self.replacing(passage, pattern, content, tracking: tracking, matcher)
        case .strip(let left, let right):
            let start = left ? UnicodeClass.trimmedStart(passage.bytes, from: 0) : 0
            let end = right ? UnicodeClass.trimmedEnd(passage.bytes, before: passage.bytes.count) : passage.bytes.count
            return passage.slice(start..<max(start, end))
        case .stripAccents:
            return passage.mappingScalars(tracking: tracking) { UnicodeClass.isMark($0) ? .removed : .kept }
        case .lowercase:
            return passage.lowercased(tracking: tracking)
        case .nmt:
            return passage.mappingScalars(tracking: tracking, Self.nmt)
        case .bert(let bert): return bert.apply(passage, tracking: tracking)
        case .byteLevel:
            let out = Rewriter(passage, tracking: tracking)
            for (at, byte) in passage.bytes.enumerated() { out.write(ByteAlphabet.utf8[Int(byte)], for: at..<at + 1) }
            return out.passage()
        case .precompiled(let map): return map.apply(passage, tracking: tracking)
        case .sentencePiece(let rules): return rules.apply(passage, tracking: tracking)
        }
    }

    /// The passage with every match of the pattern replaced.
    static func replacing(
        _ passage: Passage, _ pattern: TextPattern, _ content: [UInt8], tracking: Bool,
        _ matcher: RegularExpression.Matcher
    ) -> Passage {
        var rewriter: Rewriter?
        var copied = 0
        pattern.forEachMatch(in: passage.bytes, matcher) { match in
            let out = rewriter ?? Rewriter(passage, tracking: tracking)
            rewriter = out
            out.copy(copied..<match.lowerBound)
            out.write(content, for: match)
            copied = match.upperBound
        }
        guard let rewriter else { return passage }
        rewriter.copy(copied..<passage.bytes.count)
        return rewriter.passage()
    }

    // Control characters vanish, other kinds of space become a space: as SentencePiece's nmt rules.
    private static func nmt(_ c: UInt32) -> ScalarChange {
        switch c {
        case 0x01...0x08, 0x0b, 0x0e...0x1f, 0x7f, 0x8f, 0x9f: .removed
        case 0x09, 0x0a, 0x0c, 0x0d, 0x1680, 0x200b...0x200f, 0x2028, 0x2029, 0x2581, 0xfeff, 0xfffd:
            .replaced([0x20])
        default: .kept
        }
    }
}

/// What becomes of one scalar.
enum ScalarChange {
    case kept
    case removed
    case replaced([UInt8])
}

extension Passage {
    /// The passage with each scalar kept, removed or replaced.
    func mappingScalars(tracking: Bool, _ change: (UInt32) -> ScalarChange) -> Passage {
        var rewriter: Rewriter?
        var copied = 0
        var at = 0
        while at < bytes.count {
            let scalar = UTF8Text.scalar(bytes, at: at)
            let range = at..<at + scalar.width
            at = range.upperBound
            let text: [UInt8]
            switch change(scalar.value) {
            case .kept: continue
            case .removed: text = []
            case .replaced(let other): text = other
            }
            let out = rewriter ?? Rewriter(self, tracking: tracking)
            rewriter = out
            out.copy(copied..<range.lowerBound)
            if !text.isEmpty { out.write(text, for: range) }
            copied = range.upperBound
        }
        guard let rewriter else { return self }
        rewriter.copy(copied..<bytes.count)
        return rewriter.passage()
    }

    /// Every scalar by its full lower-case mapping, without regard to its neighbours.
    func lowercased(tracking: Bool) -> Passage {
        mappingScalars(tracking: tracking) { c in
            if c < 0x80 { return c >= 0x41 && c <= 0x5a ? .replaced([UInt8(c + 0x20)]) : .kept }
            let scalar = UTF8Text.unicode(c)
            let mapped = scalar.properties.lowercaseMapping
            return mapped.unicodeScalars.elementsEqual(CollectionOfOne(scalar)) ? .kept : .replaced(Array(mapped.utf8))
        }
    }
}
