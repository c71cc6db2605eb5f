/// What a `Split` or a `Replace` looks for: a fixed text or a regular expression.
enum TextPattern: Sendable {
    case literal([UInt8])
    case expression(RegularExpression)

    /// Calls `body` with each match in `text`, left to right.
    @inline(__always)
    func forEachMatch(
        in text: UnsafeBufferPointer<UInt8>, _ matcher: RegularExpression.Matcher, _ body: (Range<Int>) -> Void
    ) {
        switch self {
        case .expression(let expression): expression.forEachMatch(in: text, matcher, body)
        case .literal(let wanted):
            guard let first = wanted.first else { return }
            var at = 0
            wanted.withUnsafeBufferPointer { wanted in
                while at + wanted.count <= text.count {
                    if text[at] == first, matches(text, at, wanted) {
                        body(at..<at + wanted.count)
                        at += wanted.count
                    } else {
                        at += 1
                    }
                }
            }
        }
    }

    @inline(__always)
    private func matches(
        _ text: UnsafeBufferPointer<UInt8>, _ at: Int, _ wanted: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        for i in 1..<max(wanted.count, 1) where text[at + i] != wanted[i] { return false }
        return true
    }
}
