/// GPT-2's alphabet: each byte as a printable character, so that a vocabulary can be written as text.
///
/// `!`…`~`, `¡`…`¬`, `®`…`ÿ` stand for themselves; the other 68 bytes, in order, are U+0100 and up.
enum ByteAlphabet {
    /// The character of each byte.
    static let scalars: [UInt32] = {
        var next: UInt32 = 0x100
        return (0..<256).map { byte in
            if (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || (0xae...0xff).contains(byte) {
                return UInt32(byte)
            }
            defer { next += 1 }
            return next
        }
    }()

    /// The character of each byte in UTF-8: one or two bytes.
    static let utf8: [[UInt8]] = scalars.map { Array(String(UTF8Text.unicode($0)).utf8) }

    /// The byte of each character below U+0144, −1 where it stands for none.
    static let bytes: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { table[Int(scalar)] = Int16(byte) }
        return table
    }()

    /// The bytes that a token of the alphabet stands for; nil when some character is not in it.
    static func decoded(_ token: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(token.count)
        var at = 0
        while at < token.count {
            let scalar = UTF8Text.scalar(token, at: at)
            guard scalar.value < 0x144, bytes[Int(scalar.value)] >= 0 else { return nil }
            out.append(UInt8(bytes[Int(scalar.value)]))
            at += scalar.width
        }
        return out
    }
}
