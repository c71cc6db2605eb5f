import Foundation

/// What normalisation needs to know about single scalars: their full decompositions (Foundation's) and which pairs
/// compose. The algorithms over several scalars are in `UnicodeForm`: Foundation's own composition (swift 6.3, Linux)
/// takes U+20049 U+0306 for `I` with a breve, and U+1113 U+1167 for Hangul.
final class UnicodeDecompositions: Sendable {
    static let canonical = UnicodeDecompositions { $0.decomposedStringWithCanonicalMapping }
    static let compatibility = UnicodeDecompositions { $0.decomposedStringWithCompatibilityMapping }

    // Where scalars that decompose or combine can be; Hangul syllables follow a rule instead.
    private static let ranges: [Range<UInt32>] = [
        0x80..<0x3400, 0xa000..<0xac00, 0xd7b0..<0xd800, 0xf900..<0x12000, 0x16000..<0x17000, 0x1b000..<0x1f300,
        0x1fb00..<0x1fc00, 0x2f800..<0x2fa20,
    ]

    /// Full decompositions of the scalars that have one, in canonical order.
    private let table: [UInt32: [UInt32]]
    /// Combining classes that are not 0.
    private let classes: [UInt32: UInt8]

    private init(_ map: (String) -> String) {
        var text = String.UnicodeScalarView()
        var values: [UInt32] = []
        var classes: [UInt32: UInt8] = [:]
        for value in Self.ranges.joined() {
            guard let scalar = Unicode.Scalar(value), Self.isKnown(scalar) else { continue }
            text.append(scalar)
            text.append("\n")
            values.append(value)
            let combining = scalar.properties.canonicalCombiningClass
            if combining != .notReordered { classes[value] = combining.rawValue }
        }
        // All at once: a line feed separates what could interact.
        var mapped = map(String(text))
        var table: [UInt32: [UInt32]] = [:]
        mapped.withUTF8 { bytes in
            var at = 0
            for value in values {
                var scalars: [UInt32] = []
                while at < bytes.count, bytes[at] != 10 {
                    let scalar = UTF8Text.scalar(bytes, at: at)
                    scalars.append(scalar.value)
                    at += scalar.width
                }
                at += 1
                if scalars != [value], !scalars.isEmpty { table[value] = scalars }
            }
        }
        self.table = table
        self.classes = classes
    }

    // Hugging Face's library normalises by the tables of Unicode 9; what came later it leaves alone.
    private static func isKnown(_ scalar: Unicode.Scalar) -> Bool {
        guard let age = scalar.properties.age else { return false }
        return age.major <= 9
    }

    /// The canonical combining class.
    @inline(__always)
    func combiningClass(_ scalar: UInt32) -> UInt8 { scalar < 0x300 ? 0 : classes[scalar] ?? 0 }

    /// Adds a scalar's full decomposition.
    func append(_ scalar: UInt32, to list: inout [UInt32]) {
        if let parts = table[scalar] {
            list += parts
        } else if let parts = Hangul.decomposed(scalar) {
            list += parts
        } else {
            list.append(scalar)
        }
    }

    /// Calls `body` with every scalar that decomposes, but for Hangul, and its parts.
    func forEach(_ body: (UInt32, [UInt32]) -> Void) { for (scalar, parts) in table { body(scalar, parts) } }

    /// Calls `body` with every scalar that combines with what stands before it.
    func forEachCombining(_ body: (UInt32) -> Void) { classes.keys.forEach(body) }
}

/// Hangul syllables and the jamo that they are made of, by arithmetic (The Unicode Standard, 3.12).
enum Hangul {
    private static let leads: Range<UInt32> = 0x1100..<0x1113
    private static let vowels: Range<UInt32> = 0x1161..<0x1176
    private static let trails: Range<UInt32> = 0x11a8..<0x11c3
    static let syllables: Range<UInt32> = 0xac00..<0xd7a4

    /// Jamo that join what stands before them.
    static let joining: [UInt32] = Array(vowels) + Array(trails)

    /// The jamo of a syllable, or nil.
    static func decomposed(_ scalar: UInt32) -> [UInt32]? {
        guard syllables.contains(scalar) else { return nil }
        let index = scalar - 0xac00
        let parts = [0x1100 + index / 588, 0x1161 + index % 588 / 28]
        return index % 28 == 0 ? parts : parts + [0x11a7 + index % 28]
    }

    /// The syllable of two neighbours, or nil.
    static func composed(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if leads.contains(first), vowels.contains(second) {
            return 0xac00 + (first - 0x1100) * 588 + (second - 0x1161) * 28
        }
        if syllables.contains(first), (first - 0xac00) % 28 == 0, trails.contains(second) {
            return first + (second - 0x11a7)
        }
        return nil
    }
}

/// Pairs of scalars that compose into one.
final class UnicodeCompositions: Sendable {
    static let shared = UnicodeCompositions()

    // Scalars with a canonical decomposition that never come out of composition (CompositionExclusions.txt).
    private static let excluded: [ClosedRange<UInt32>] = [
        0x958...0x95f, 0x9dc...0x9dd, 0x9df...0x9df, 0xa33...0xa33, 0xa36...0xa36, 0xa59...0xa5b, 0xa5e...0xa5e,
        0xb5c...0xb5d, 0xf43...0xf43, 0xf4d...0xf4d, 0xf52...0xf52, 0xf57...0xf57, 0xf5c...0xf5c, 0xf69...0xf69,
        0xf76...0xf76, 0xf78...0xf78, 0xf93...0xf93, 0xf9d...0xf9d, 0xfa2...0xfa2, 0xfa7...0xfa7, 0xfac...0xfac,
        0xfb9...0xfb9, 0x2adc...0x2adc, 0xfb1d...0xfb4e, 0x1d15e...0x1d164, 0x1d1bb...0x1d1c0,
    ]

    private let pairs: [UInt64: UInt32]
    /// Scalars that can be the second of a pair.
    let seconds: Set<UInt32>

    private init() {
        let canonical = UnicodeDecompositions.canonical
        var composites: [(scalar: UInt32, parts: [UInt32])] = []
        canonical.forEach { scalar, parts in
            guard parts.count > 1, canonical.combiningClass(scalar) == 0, canonical.combiningClass(parts[0]) == 0,
                !Self.excluded.contains(where: { $0.contains(scalar) })
            else { return }
            composites.append((scalar, parts))
        }
        // Of two with the same parts (Å as a letter and as the sign for ångström) the first is what composes.
        composites.sort { $0.scalar < $1.scalar }
        var byParts: [[UInt32]: UInt32] = [:]
        for composite in composites where byParts[composite.parts] == nil {
            byParts[composite.parts] = composite.scalar
        }
        // A composite of three parts is a composite of two and the last.
        var pairs: [UInt64: UInt32] = [:]
        var seconds = Set(Hangul.joining)
        for (parts, scalar) in byParts {
            let head = Array(parts.dropLast())
            guard let first = head.count == 1 ? head[0] : byParts[head], let second = parts.last else { continue }
            pairs[UInt64(first) << 32 | UInt64(second)] = scalar
            seconds.insert(second)
        }
        self.pairs = pairs
        self.seconds = seconds
    }

    /// What two neighbours compose into, or nil.
    func composed(_ first: UInt32, _ second: UInt32) -> UInt32? {
        pairs[UInt64(first) << 32 | UInt64(second)] ?? Hangul.composed(first, second)
    }
}
