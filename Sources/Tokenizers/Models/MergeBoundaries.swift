/// Where a long text can be cut without changing what byte-pair encoding makes of it.
///
/// A merge joins the last character of its left token to the first of its right one. Where no merge joins the two
/// characters at a place, no token ever crosses that place, so the parts may be encoded (and remembered) alone. Models
/// that take a whole text as one word (Llama 2, Gemma) become models of short words by this.
struct MergeBoundaries: Sendable {
    // Classes of characters: ASCII, "▁", all others.
    private static let metaspace = 128
    private static let other = 129
    private static let classes = 130

    /// `joins[left * classes + right]`: whether a merge may cross between these.
    private let joins: [Bool]

    /// Nil when cutting would not be safe: options that depend on a word's ends or on the whole text, or merges of byte
    /// tokens, whose names are not their text.
    init?(
        vocabulary: Vocabulary, merges: MergeTable, options: BytePairModel.Options, byteTokens: [Int32]
    ) {
        guard !options.ignoresMerges, options.continuingPrefix.isEmpty, options.endSuffix.isEmpty,
            options.unused.isEmpty
        else { return nil }
        var named = Set<Int32>()
        if options.byteFallback { named.formUnion(byteTokens.filter { $0 >= 0 }) }
        if let unknown = options.unknown { named.insert(unknown) }
        var first = [UInt8](repeating: 0, count: vocabulary.endID)
        var last = first
        vocabulary.forEach { token, id in
            guard !token.isEmpty else { return }
            first[Int(id)] = UInt8(Self.class(of: token, at: 0).class)
            last[Int(id)] = UInt8(Self.class(of: token, at: UTF8Text.start(before: token.count, in: token)).class)
        }
        var joins = [Bool](repeating: false, count: Self.classes * Self.classes)
        var mergesNamed = false
        merges.forEachPair { left, right in
            if named.contains(left) || named.contains(right) { mergesNamed = true }
            joins[Int(last[Int(left)]) * Self.classes + Int(first[Int(right)])] = true
        }
        guard !mergesNamed else { return nil }
        // "Other" characters are many: any two of them may join. Two unknown ones may become one token.
        joins[Self.other * Self.classes + Self.other] = true
        let known =
            (0..<Self.other).map { c in
                vocabulary.id(c == Self.metaspace ? "▁" : String(UTF8Text.unicode(UInt32(c)))) != nil
            } + [false]
        for a in 0..<Self.classes {
            for b in 0..<Self.classes where !known[a] && !known[b] { joins[a * Self.classes + b] = true }
        }
        self.joins = joins
    }

    @inline(__always)
    private static func `class`(of text: UnsafeBufferPointer<UInt8>, at: Int) -> (class: Int, width: Int) {
        let lead = text[at]
        if lead < 0x80 { return (Int(lead), 1) }
        if lead == 0xe2, at &+ 2 < text.count, text[at &+ 1] == 0x96, text[at &+ 2] == 0x81 { return (metaspace, 3) }
        return (other, UTF8Text.width(lead))
    }

    /// Calls `body` with the parts of a piece, in order.
    @inline(__always)
    func forEachPart(of text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
        joins.withUnsafeBufferPointer { joins in
            var start = range.lowerBound
            var (left, width) = Self.class(of: text, at: start)
            var at = start &+ width
            while at < range.upperBound {
                let (right, width) = Self.class(of: text, at: at)
                if !joins[left &* Self.classes &+ right] {
                    body(start..<at)
                    start = at
                }
                left = right
                at &+= width
            }
            body(start..<range.upperBound)
        }
    }
}
