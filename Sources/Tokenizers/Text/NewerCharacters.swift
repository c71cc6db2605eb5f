import Glibc

/// Characters of Unicode 15 and 16, which the reference's regular expressions know and PCRE2 may not (10.42 has the
/// tables of Unicode 14): without them their general categories would be those of unassigned code points.
///
/// Only those of four bytes are seen to: the scripts, ideographs and emoji. The few of three bytes belong to Telugu,
/// Lao, Balinese, Cyrillic and Latin of rare use.
enum NewerCharacters {
    /// A copy of the text for matching, in which each such character stands replaced by an older one of its general
    /// category with as many bytes; nil when there is none.
    static func replaced(in text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        // The first byte of U+10000 to U+3FFFF.
        let lead: UInt8 = 0xf0
        guard let base = text.baseAddress, memchr(base, Int32(lead), text.count) != nil else { return nil }
        var copy: [UInt8]?
        var at = 0
        while at < text.count {
            let scalar = UTF8Text.scalar(text, at: at)
            if text[at] == lead, let older = older(scalar.value) {
                if copy == nil { copy = Array(text) }
                copy?.replaceSubrange(at..<at + scalar.width, with: Array(String(UTF8Text.unicode(older)).utf8))
            }
            at += scalar.width
        }
        return copy
    }

    /// What stands for the character; nil when it is old enough, or newer than Unicode 16.
    private static func older(_ c: UInt32) -> UInt32? {
        let properties = UTF8Text.unicode(c).properties
        guard let age = properties.age, (15...16).contains(age.major) else { return nil }
        switch properties.generalCategory {
        case .uppercaseLetter, .titlecaseLetter: return 0x10400
        case .lowercaseLetter: return 0x10428
        case .modifierLetter: return 0x16b40
        // Ideographs are the only letters of planes 2 and 3.
        case .otherLetter: return c >= 0x20000 ? 0x20000 : 0x10000
        case .nonspacingMark, .enclosingMark: return 0x101fd
        case .spacingMark: return 0x11002
        case .decimalNumber: return 0x104a0
        case .letterNumber: return 0x10140
        case .otherNumber: return 0x10107
        case .dashPunctuation: return 0x10ead
        case .otherPunctuation: return 0x10100
        case .mathSymbol: return 0x1d6c1
        case .currencySymbol: return 0x11fdd
        case .modifierSymbol: return 0x1f3fb
        case .otherSymbol: return 0x1f300
        case .format: return 0x110bd
        default: return nil
        }
    }
}
