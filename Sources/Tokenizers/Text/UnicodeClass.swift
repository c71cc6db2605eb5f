/// Sets of characters that the stages ask for, as Rust's standard library and its `regex` define them.
enum UnicodeClass {
    /// White space: the property White_Space.
    @inline(__always)
    static func isWhitespace(_ c: UInt32) -> Bool {
        if c < 0x80 { return c == 0x20 || (c >= 9 && c <= 13) }
        switch c {
        case 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000: return true
        default: return false
        }
    }

    /// `\w` of Rust's `regex`, which has the tables of Unicode 16: letters, marks, decimal digits, connector
    /// punctuation, joiners.
    static func isWord(_ c: UInt32) -> Bool {
        if c < 0x80 {
            return (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || (c >= 0x30 && c <= 0x39) || c == 0x5f
        }
        if c == 0x200c || c == 0x200d { return true }
        let properties = UTF8Text.unicode(c).properties
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: break
        default: if !properties.isAlphabetic { return false }
        }
        return properties.age.map { $0.major <= 16 } ?? false
    }

    /// Numbers of any kind: the general categories Nd, Nl, No.
    static func isNumeric(_ c: UInt32) -> Bool {
        if c < 0x80 { return c >= 0x30 && c <= 0x39 }
        switch UTF8Text.unicode(c).properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: return true
        default: return false
        }
    }

    /// The general category as of an older version of Unicode, by whose tables Hugging Face's library still decides:
    /// unassigned for what came later.
    static func category(_ c: UInt32, ofVersion version: Int) -> Unicode.GeneralCategory {
        let properties = UTF8Text.unicode(c).properties
        guard let age = properties.age, age.major <= version else { return .unassigned }
        return properties.generalCategory
    }

    /// ASCII's punctuation and symbols, and beyond it the general categories P… of Unicode 8, of which U+166D and
    /// U+111C9 became a symbol and a mark later.
    static func isPunctuation(_ c: UInt32) -> Bool {
        if c < 0x80 {
            return (c >= 0x21 && c <= 0x2f) || (c >= 0x3a && c <= 0x40) || (c >= 0x5b && c <= 0x60)
                || (c >= 0x7b && c <= 0x7e)
        }
        if c == 0x166d || c == 0x111c9 { return true }
        switch category(c, ofVersion: 8) {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            return true
        default: return false
        }
    }

    /// Combining marks: the general categories Mn, Mc, Me of Unicode 9.
    static func isMark(_ c: UInt32) -> Bool {
        if c < 0x300 { return false }
        switch category(c, ofVersion: 9) {
        case .nonspacingMark, .spacingMark, .enclosingMark: return true
        default: return false
        }
    }

    /// Where the white space ends that begins at `at`.
    static func trimmedStart(_ text: UnsafeBufferPointer<UInt8>, from at: Int) -> Int {
        var at = at
        while at < text.count {
            let scalar = UTF8Text.scalar(text, at: at)
            guard isWhitespace(scalar.value) else { break }
            at += scalar.width
        }
        return at
    }

    /// Where the white space begins that ends at `end`; looked for down to `floor`.
    static func trimmedEnd(_ text: UnsafeBufferPointer<UInt8>, before end: Int, notBefore floor: Int = 0) -> Int {
        var end = end
        while end > floor {
            let start = UTF8Text.start(before: end, in: text)
            guard isWhitespace(UTF8Text.scalar(text, at: start).value) else { break }
            end = start
        }
        return end
    }
}
