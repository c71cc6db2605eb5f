import Foundation
import Randomness

/// A text as a set of hashed n-grams: what is compared when nearly equal texts are looked for.
///
/// Letters and digits only, in lower case and compatibility form (NFKC), everything between them one space; then every
/// run of `size` characters. Characters, not words, so that languages without spaces and single changed words count
/// alike.
struct NGrams {
    /// Characters of one n-gram.
    static let size = 8

    /// The text that counts: `What's “new”?` becomes `what s new`.
    static func normalised(_ text: String) -> [UInt32] {
        var scalars: [UInt32] = []
        var isGap = false
        for scalar in text.precomposedStringWithCompatibilityMapping.lowercased().unicodeScalars {
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
                .spacingMark, .decimalNumber, .letterNumber, .otherNumber:
                if isGap && !scalars.isEmpty { scalars.append(0x20) }
                isGap = false
                scalars.append(scalar.value)
            default: isGap = true
            }
        }
        return scalars
    }

    /// The hashes of a text's n-grams, as often as they occur; of a shorter text, the hash of the whole. None of no
    /// text.
    static func hashes(_ text: String, _ body: (UInt64) -> Void) {
        let scalars = normalised(text)
        if scalars.isEmpty { return }
        let count = min(size, scalars.count)
        // A polynomial that rolls on by one character, then mixed so that its smallest values are a fair sample.
        var leading: UInt64 = 1
        for _ in 1..<count { leading = leading &* base }
        if count == 1 { leading = 1 }
        var rolling: UInt64 = 0
        for at in scalars.indices {
            if at >= count { rolling = rolling &- leading &* UInt64(scalars[at - count] + 1) }
            rolling = rolling &* base &+ UInt64(scalars[at] + 1)
            if at >= count - 1 { body(SplitMix64.mixed(rolling)) }
        }
    }

    private static let base = SplitMix64.step
}
