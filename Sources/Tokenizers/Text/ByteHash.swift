/// A quick hash of a few bytes, for the vocabulary and the word cache. Not for hostile keys: both tables are bounded.
enum ByteHash {
    @inline(__always)
    static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (high, low) = a.multipliedFullWidth(by: b)
        return high ^ low
    }

    /// The hash of `count` bytes from `start`.
    @inline(__always)
    static func of(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        var hash = 0x9e37_79b9_7f4a_7c15 ^ UInt64(truncatingIfNeeded: count)
        var at = 0
        let raw = UnsafeRawPointer(start)
        while at + 8 <= count {
            let word = raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            hash = mix(hash ^ word, 0xa076_1d64_78bd_642f)
            at += 8
        }
        var rest: UInt64 = 0
        while at < count {
            rest = rest << 8 | UInt64(start[at])
            at += 1
        }
        return mix(hash ^ rest, 0xe703_7ed1_a0b4_28db)
    }
}
