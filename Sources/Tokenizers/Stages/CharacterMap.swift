import Diagnostics

/// SentencePiece's precompiled normalisation rules: a double-array trie (Darts) from source texts to offsets into a
/// block of replacements, each ended by a zero byte.
///
/// Layout: 4 bytes little endian, the trie's size; the trie, units of 4 bytes; the replacements.
final class CharacterMap: Sendable {
    private let units: [UInt32]
    private let replacements: [UInt8]
    /// Bytes of the longest replacement.
    let longestReplacement: Int

    /// Reads the rules; throws when the block is no such thing.
    init(_ block: some Collection<UInt8>) throws(Problem) {
        let block = Array(block)
        guard block.count >= 4 else { throw Problem("the precompiled character map is too short") }
        let size = block.prefix(4).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        guard size % 4 == 0, size > 0, 4 + size <= block.count else {
            throw Problem("the precompiled character map's trie does not fit into it")
        }
        units = (0..<size / 4).map { i in
            (0..<4).reduce(UInt32(0)) { $0 | UInt32(block[4 + 4 * i + $1]) << UInt32(8 * $1) }
        }
        replacements = Array(block[(4 + size)...])
        longestReplacement = replacements.split(separator: 0).map(\.count).max() ?? 0
    }

    /// The first or the longest rule that is a prefix of the bytes: its length and what replaces it.
    func prefix(
        of bytes: UnsafeBufferPointer<UInt8>, longest: Bool
    ) -> (length: Int, replacement: ArraySlice<UInt8>)? {
        // A unit: bits 0…7 label, 8 leaf flag, 9 whether the offset is shifted by 8, 10…31 offset; a leaf's value is
        // its lower 31 bits.
        func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & (1 << 9)) >> 6)) }
        var found: (Int, Int)?
        var position = offset(units[0])
        for (at, byte) in bytes.enumerated() {
            position ^= Int(byte)
            guard position < units.count else { break }
            let unit = units[position]
            guard unit & (1 << 31 | 0xff) == UInt32(byte) else { break }
            position ^= offset(unit)
            guard position < units.count else { break }
            if unit & (1 << 8) != 0 {
                found = (at + 1, Int(units[position] & 0x7fff_ffff))
                if !longest { break }
            }
        }
        guard let (length, start) = found, start < replacements.count else { return nil }
        let end = replacements[start...].firstIndex(of: 0) ?? replacements.count
        return (length, replacements[start..<end])
    }

    /// Hugging Face's way: each grapheme under six bytes as a whole, else scalar by scalar, by the first (shortest)
    /// rule that is a prefix of it.
    func apply(_ passage: Passage, tracking: Bool) -> Passage {
        let out = Rewriter(passage, tracking: tracking)
        let text = UTF8Text.string(passage.bytes)
        var at = 0
        for character in text {
            let count = character.utf8.count
            let range = at..<at + count
            at += count
            if count < 6, let rule = rule(passage, range) {
                out.write(rule, for: range)
                continue
            }
            var start = range.lowerBound
            for scalar in character.unicodeScalars {
                let part = start..<start + UTF8.width(scalar)
                start = part.upperBound
                if let rule = rule(passage, part) { out.write(rule, for: part) } else { out.copy(part) }
            }
        }
        return out.passage()
    }

    private func rule(_ passage: Passage, _ range: Range<Int>) -> ArraySlice<UInt8>? {
        prefix(of: UnsafeBufferPointer(rebasing: passage.bytes[range]), longest: false)?.replacement
    }
}
