/// SentencePiece's own normalisation: rules by longest match, spaces collapsed, a space in front, spaces as `▁`.
struct SentencePieceNormalizer: Sendable {
    private static let mark: [UInt8] = [0xe2, 0x96, 0x81]
    private let map: CharacterMap?
    private let verbatim: TokenTrie?
    private let addsDummyPrefix: Bool
    private let removesExtraSpaces: Bool
    private let escapesSpaces: Bool

    /// `verbatim`: user-defined pieces, which no rule touches.
    init(
        map: CharacterMap?, verbatim: [String], addsDummyPrefix: Bool, removesExtraSpaces: Bool, escapesSpaces: Bool
    ) {
        self.map = map
        var trie = TokenTrie()
        for (at, text) in verbatim.enumerated() { trie.add(text.utf8, id: Int32(at)) }
        self.verbatim = verbatim.isEmpty ? nil : trie
        self.addsDummyPrefix = addsDummyPrefix
        self.removesExtraSpaces = removesExtraSpaces
        self.escapesSpaces = escapesSpaces
    }

    /// The normalised passage; empty when nothing but space is left of it.
    func apply(_ passage: Passage, tracking: Bool) -> Passage {
        let text = passage.bytes
        let out = Rewriter(passage, tracking: tracking)
        var at = 0
        if removesExtraSpaces {
            while at < text.count {
                let step = next(text, at)
                guard step.text.elementsEqual([0x20]) else { break }
                at += step.length
            }
        }
        guard at < text.count else { return out.passage() }
        let space = escapesSpaces ? Self.mark : [0x20]
        if addsDummyPrefix { out.write(space, for: at..<at) }
        var afterSpace = removesExtraSpaces
        while at < text.count {
            let step = next(text, at)
            let range = at..<at + step.length
            at = range.upperBound
            var rest = step.text[...]
            while afterSpace, rest.first == 0x20 { rest = rest.dropFirst() }
            guard !rest.isEmpty else { continue }
            for byte in rest {
                if byte == 0x20 { out.write(space, for: range) } else { out.write(CollectionOfOne(byte), for: range) }
            }
            afterSpace = removesExtraSpaces && rest.last == 0x20
        }
        let written = out.passage()
        guard removesExtraSpaces else { return written }
        // Spaces at the end go, and marks that were in the text with them.
        var end = written.bytes.count
        while end >= space.count, written.bytes[(end - space.count)..<end].elementsEqual(space) { end -= space.count }
        return written.slice(0..<end)
    }

    // What the text at `at` becomes, and how many bytes that uses up.
    private func next(_ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> (text: [UInt8], length: Int) {
        if let verbatim {
            var length = 0
            verbatim.forEachPrefix(text, at..<text.count) { found, _ in length = found }
            if length > 0 { return (Array(text[at..<at + length]), length) }
        }
        if let map, let rule = map.prefix(of: UnsafeBufferPointer(rebasing: text[at...]), longest: true) {
            return (Array(rule.replacement), rule.length)
        }
        let width = min(UTF8Text.width(text[at]), text.count - at)
        return (Array(text[at..<at + width]), width)
    }
}
