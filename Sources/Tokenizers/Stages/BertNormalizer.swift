/// BERT's cleaning of text: control characters out, Chinese characters spaced, accents and capitals away.
struct BertNormalizer: Sendable {
    var cleansText = true
    var spacesChinese = true
    var stripsAccents = true
    var lowercases = true

    /// The normalised passage.
    func apply(_ passage: Passage, tracking: Bool) -> Passage {
        var passage = passage
        if cleansText { passage = passage.mappingScalars(tracking: tracking, Self.cleaned) }
        if spacesChinese {
            passage = passage.mappingScalars(tracking: tracking) { c in
                Self.isChinese(c) ? .replaced([0x20] + Array(String(UTF8Text.unicode(c)).utf8) + [0x20]) : .kept
            }
        }
        if stripsAccents {
            if !passage.bytes.allSatisfy({ $0 < 0x80 }) {
                passage = UnicodeForm.nfd.apply(passage, tracking: tracking)
            }
            passage = passage.mappingScalars(tracking: tracking) { c in
                c >= 0x300 && UnicodeClass.category(c, ofVersion: 8) == .nonspacingMark ? .removed : .kept
            }
        }
        return lowercases ? passage.lowercased(tracking: tracking) : passage
    }

    private static func cleaned(_ c: UInt32) -> ScalarChange {
        if c == 0x20 || (c > 0x20 && c < 0x7f) { return .kept }
        if c == 9 || c == 10 || c == 13 { return .replaced([0x20]) }
        if c == 0 || c == 0xfffd { return .removed }
        switch UnicodeClass.category(c, ofVersion: 8) {
        case .control, .format, .privateUse, .surrogate: return .removed
        default: return UnicodeClass.isWhitespace(c) ? .replaced([0x20]) : .kept
        }
    }

    private static func isChinese(_ c: UInt32) -> Bool {
        switch c {
        case 0x4e00...0x9fff, 0x3400...0x4dbf, 0x20000...0x2a6df, 0x2a700...0x2b73f, 0x2b740...0x2b81f,
            0x2b920...0x2ceaf, 0xf900...0xfaff, 0x2f800...0x2fa1f:
            return true
        default: return false
        }
    }
}
