/// Reading scalars from bytes that are known to be valid UTF-8 (they come from a Swift `String`).
enum UTF8Text {
    /// How many bytes the scalar beginning with `lead` takes.
    @inline(__always)
    static func width(_ lead: UInt8) -> Int {
        lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    }

    /// The scalar at `at`, and its width in bytes. Bytes cut off by the end of the buffer count as zero.
    @inline(__always)
    static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, at: Int) -> (value: UInt32, width: Int) {
        let lead = bytes[at]
        if lead < 0x80 { return (UInt32(lead), 1) }
        let width = min(width(lead), bytes.count - at)
        var value = UInt32(lead) & (0x7f >> UInt32(self.width(lead)))
        for i in 1..<max(width, 1) { value = value << 6 | UInt32(bytes[at + i] & 0x3f) }
        return (value, width)
    }

    /// Where the scalar before `end` begins.
    @inline(__always)
    static func start(before end: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var at = end - 1
        while at > 0, bytes[at] & 0xc0 == 0x80 { at -= 1 }
        return at
    }

    /// The scalar with this value; U+FFFD when there is none.
    @inline(__always)
    static func unicode(_ value: UInt32) -> Unicode.Scalar { Unicode.Scalar(value) ?? "\u{fffd}" }

    /// The text of some bytes; what is not UTF-8 becomes U+FFFD, one for each maximal part of a character.
    static func string(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
