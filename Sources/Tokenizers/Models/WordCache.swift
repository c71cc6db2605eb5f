/// The tokens of words seen lately, in a fixed memory: a slot of 64 bytes a word, a new word taking its slot from the
/// old one. Words of up to 24 bytes and 7 tokens that cover the word without a gap.
///
/// Slot: bytes 0…23 the word, zero padded; 24 its length; 25 the number of tokens; 26…32 their lengths; 36…63 their
/// ids.
final class WordCache {
    static let longestWord = 24
    private static let mostTokens = 7
    private let slots: UnsafeMutableRawPointer
    private let bits: Int

    /// A cache of `1 << bits` words.
    init(bits: Int = 15) {
        self.bits = bits
        slots = .allocate(byteCount: 64 << bits, alignment: 64)
        slots.initializeMemory(as: UInt8.self, repeating: 0, count: 64 << bits)
    }

    deinit { slots.deallocate() }

    /// A word of at most ``longestWord`` bytes, ready to be compared: padded to three machine words.
    struct Key {
        var a: UInt64 = 0
        var b: UInt64 = 0
        var c: UInt64 = 0
        var count: Int

        @inline(__always)
        init(_ word: UnsafePointer<UInt8>, _ count: Int, readable: Int) {
            self.count = count
            let raw = UnsafeRawPointer(word)
            if readable >= 24 {
                a = Self.load(raw, 0, count)
                if count > 8 { b = Self.load(raw, 8, count &- 8) }
                if count > 16 { c = Self.load(raw, 16, count &- 16) }
            } else {
                for i in 0..<count {
                    let byte = UInt64(word[i]) << UInt64(8 * (i & 7))
                    if i < 8 { a |= byte } else if i < 16 { b |= byte } else { c |= byte }
                }
            }
        }

        @inline(__always)
        private static func load(_ raw: UnsafeRawPointer, _ at: Int, _ count: Int) -> UInt64 {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            return count >= 8 ? word : word & ((1 << UInt64(8 &* count)) &- 1)
        }

        @inline(__always)
        var hash: UInt64 {
            let mixed = ByteHash.mix(a ^ 0x9e37_79b9_7f4a_7c15, b ^ 0xa076_1d64_78bd_642f ^ UInt64(count))
            return ByteHash.mix(mixed ^ c, 0xe703_7ed1_a0b4_28db)
        }
    }

    @inline(__always)
    private func slot(_ key: Key) -> UnsafeMutableRawPointer {
        slots + Int(truncatingIfNeeded: key.hash >> UInt64(64 &- bits)) &* 64
    }

    /// Adds the word's tokens to `sink`, the word beginning at byte `start`; false when the word is not known.
    @inline(__always)
    func emit(_ key: Key, at start: Int, to sink: TokenSink) -> Bool {
        let slot = slot(key)
        guard slot.load(as: UInt64.self) == key.a,
            slot.load(fromByteOffset: 8, as: UInt64.self) == key.b,
            slot.load(fromByteOffset: 16, as: UInt64.self) == key.c,
            slot.load(fromByteOffset: 24, as: UInt8.self) == UInt8(truncatingIfNeeded: key.count)
        else { return false }
        let count = Int(slot.load(fromByteOffset: 25, as: UInt8.self))
        var at = start
        for i in 0..<count {
            let end = at &+ Int(slot.load(fromByteOffset: 26 &+ i, as: UInt8.self))
            sink.append(slot.load(fromByteOffset: 36 &+ 4 &* i, as: Int32.self), at, end)
            at = end
        }
        return true
    }

    /// Remembers a word by the tokens of `sink` from `first` on, if they fit.
    func store(_ key: Key, at start: Int, from sink: TokenSink, first: Int) {
        let count = sink.count - first
        guard count > 0, count <= Self.mostTokens else { return }
        var at = start
        for i in 0..<count {
            guard Int(sink.tokens[first + i].start) == at else { return }
            at = Int(sink.tokens[first + i].end)
        }
        guard at == start + key.count else { return }
        let slot = slot(key)
        slot.storeBytes(of: key.a, as: UInt64.self)
        slot.storeBytes(of: key.b, toByteOffset: 8, as: UInt64.self)
        slot.storeBytes(of: key.c, toByteOffset: 16, as: UInt64.self)
        slot.storeBytes(of: UInt8(key.count), toByteOffset: 24, as: UInt8.self)
        slot.storeBytes(of: UInt8(count), toByteOffset: 25, as: UInt8.self)
        for i in 0..<count {
            let token = sink.tokens[first + i]
            slot.storeBytes(of: UInt8(token.end - token.start), toByteOffset: 26 + i, as: UInt8.self)
            slot.storeBytes(of: token.id, toByteOffset: 36 + 4 * i, as: Int32.self)
        }
    }
}
