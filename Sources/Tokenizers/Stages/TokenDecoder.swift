/// How tokens become text again: the `decoder` of tokenizer.json. Each step maps a list of byte strings to another;
/// the text is what the last step leaves, joined.
indirect enum TokenDecoder: Sendable {
    case sequence([TokenDecoder])
    /// Letters of GPT-2's alphabet become bytes; all becomes one text.
    case byteLevel
    /// `<0x41>` becomes a byte; bytes that are no UTF-8 become U+FFFD each.
    case byteFallback
    case fuse
    case replace(TextPattern, with: [UInt8])
    /// Takes up to so many of a character from either end of each token.
    case strip(UInt32, start: Int, stop: Int)
    /// The mark becomes a space; `dropsFirst`: but vanishes in the first token.
    case metaspace(mark: UInt32, dropsFirst: Bool)
    case wordPiece(prefix: [UInt8], cleansUp: Bool)
    /// A suffix that ends words becomes a space.
    case endSuffix([UInt8])
    case ctc(pad: [UInt8], delimiter: [UInt8], cleansUp: Bool)
    /// SentencePiece's own decoding; `surface` is what an unknown token is written as.
    case sentencePiece(unknown: [UInt8]?, surface: [UInt8], dropsFirstSpace: Bool, dropsAllSpaces: Bool)

    /// The text of the tokens.
    func text(_ tokens: [[UInt8]], _ matcher: RegularExpression.Matcher) -> String {
        UTF8Text.string(decode(tokens, matcher).joined())
    }

    // SentencePiece's way: bytes by themselves, the mark as a space, none at the text's start.
    private static func sentencePiece(
        _ tokens: [[UInt8]], unknown: [UInt8]?, surface: [UInt8], dropsFirstSpace: Bool, dropsAllSpaces: Bool
    ) -> [UInt8] {
        let mark: [UInt8] = [0xe2, 0x96, 0x81]
        var text: [UInt8] = []
        var bytes: [UInt8] = []
        var atStart = true
        var dropped = false
        func flush() {
            var rest = bytes[...]
            while let lead = rest.first {
                let part = rest.prefix(UTF8Text.width(lead))
                let valid = String(validating: part, as: UTF8.self) != nil
                text += valid ? Array(part) : [0xef, 0xbf, 0xbd]
                rest = rest.dropFirst(valid ? part.count : 1)
            }
            bytes = []
        }
        for token in tokens {
            if let byte = fallbackByte(token) {
                bytes.append(byte)
                continue
            }
            flush()
            if token == unknown {
                text += surface
                continue
            }
            if dropped || !text.isEmpty { atStart = false }
            var rest = token[...]
            if atStart, dropsFirstSpace, rest.starts(with: mark) {
                rest = rest.dropFirst(mark.count)
                dropped = !dropsAllSpaces
            }
            while !rest.isEmpty {
                let isMark = rest.starts(with: mark)
                text.append(isMark ? 0x20 : rest[rest.startIndex])
                rest = rest.dropFirst(isMark ? mark.count : 1)
            }
        }
        flush()
        return text
    }

    /// Whether a token may still change how the bytes of the tokens before it are read, so that a stream must wait.
    func awaitsMore(after token: ArraySlice<UInt8>) -> Bool {
        switch self {
        case .sequence(let steps): steps.contains { $0.awaitsMore(after: token) }
        case .byteFallback, .sentencePiece: Self.fallbackByte(token) != nil
        default: false
        }
    }

    private func decode(_ tokens: [[UInt8]], _ matcher: RegularExpression.Matcher) -> [[UInt8]] {
        switch self {
        case .sequence(let steps): return steps.reduce(tokens) { $1.decode($0, matcher) }
        case .byteLevel:
            var bytes: [UInt8] = []
            for token in tokens {
                bytes += token.withUnsafeBufferPointer { ByteAlphabet.decoded($0) } ?? token
            }
            return [Array(UTF8Text.string(bytes).utf8)]
        case .byteFallback: return Self.fallback(tokens)
        case .fuse: return [Array(tokens.joined())]
        case .replace(let pattern, let content):
            return tokens.map { Self.replacing($0, pattern, content, matcher) }
        case .strip(let character, let start, let stop):
            return tokens.map { Self.stripped($0, character, start, stop) }
        case .metaspace(let mark, let dropsFirst):
            let mark = Array(String(UTF8Text.unicode(mark)).utf8)
            return tokens.enumerated().map { at, token in
                Self.replacing(token, .literal(mark), at == 0 && dropsFirst ? [] : [0x20], matcher)
            }
        case .wordPiece(let prefix, let cleansUp):
            return tokens.enumerated().map { at, token in
                var text = token
                if at > 0 {
                    text = token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [0x20] + token
                }
                return cleansUp ? Self.cleaned(text, matcher) : text
            }
        case .endSuffix(let suffix):
            return tokens.enumerated().map { at, token in
                Self.replacing(token, .literal(suffix), at + 1 == tokens.count ? [] : [0x20], matcher)
            }
        case .sentencePiece(let unknown, let surface, let dropsFirst, let dropsAll):
            return [
                Self.sentencePiece(
                    tokens, unknown: unknown, surface: surface, dropsFirstSpace: dropsFirst, dropsAllSpaces: dropsAll)
            ]
        case .ctc(let pad, let delimiter, let cleansUp):
            var last: [UInt8]?
            var texts: [[UInt8]] = []
            for token in tokens where token != last {
                last = token
                var text = Self.replacing(token, .literal(pad), [], matcher)
                if cleansUp { text = Self.replacing(Self.cleaned(text, matcher), .literal(delimiter), [0x20], matcher) }
                if !text.isEmpty { texts.append(text) }
            }
            return texts
        }
    }

    private static func replacing(
        _ token: [UInt8], _ pattern: TextPattern, _ content: [UInt8], _ matcher: RegularExpression.Matcher
    ) -> [UInt8] {
        token.withUnsafeBufferPointer { bytes in
            let passage = Passage(bytes: bytes, spans: nil, base: 0, owner: nil)
            return Normalizer.replacing(passage, pattern, content, tracking: false, matcher).copiedBytes()
        }
    }

    /// 65 for `<0x41>`.
    static func fallbackByte(_ token: some RandomAccessCollection<UInt8>) -> UInt8? {
        guard token.count == 6, token.starts(with: [0x3c, 0x30, 0x78]), token.last == 0x3e else { return nil }
        return UInt8(UTF8Text.string(token.dropFirst(3).prefix(2)), radix: 16)
    }

    private static func fallback(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var texts: [[UInt8]] = []
        var bytes: [UInt8] = []
        func flush() {
            guard !bytes.isEmpty else { return }
            let valid = String(validating: bytes, as: UTF8.self) != nil
            texts.append(valid ? bytes : Array(repeatElement([0xef, 0xbf, 0xbd], count: bytes.count).joined()))
            bytes = []
        }
        for token in tokens {
            if let byte = fallbackByte(token) {
                bytes.append(byte)
            } else {
                flush()
                texts.append(token)
            }
        }
        flush()
        return texts
    }

    private static func stripped(_ token: [UInt8], _ character: UInt32, _ start: Int, _ stop: Int) -> [UInt8] {
        let mark = Array(String(UTF8Text.unicode(character)).utf8)
        var rest = token[...]
        for _ in 0..<start where rest.starts(with: mark) { rest = rest.dropFirst(mark.count) }
        for _ in 0..<stop where rest.suffix(mark.count).elementsEqual(mark) { rest = rest.dropLast(mark.count) }
        return Array(rest)
    }

    // English typography: no space before punctuation and contractions.
    private static func cleaned(_ text: [UInt8], _ matcher: RegularExpression.Matcher) -> [UInt8] {
        let changes = [
            (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
            (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
        ]
        return changes.reduce(text) { replacing($0, .literal(Array($1.0.utf8)), Array($1.1.utf8), matcher) }
    }
}
