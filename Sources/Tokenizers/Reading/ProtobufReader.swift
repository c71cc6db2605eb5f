import Diagnostics

/// Walks the fields of a protocol-buffer message. Every length is checked against what is there.
struct ProtobufReader {
    /// A field's content.
    enum Field {
        case varint(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        case bytes(UnsafeRawBufferPointer)
    }

    private let data: UnsafeRawBufferPointer
    private var at = 0

    init(_ data: UnsafeRawBufferPointer) { self.data = data }

    private static var damaged: Problem { Problem("is no SentencePiece model, or a damaged one") }

    /// The next field's number and content, or nil at the end.
    mutating func next() throws(Problem) -> (number: Int, field: Field)? {
        guard at < data.count else { return nil }
        let key = try varint()
        let number = Int(truncatingIfNeeded: key >> 3)
        switch key & 7 {
        case 0: return (number, .varint(try varint()))
        case 1: return (number, .fixed64(try fixed(8)))
        case 2:
            let length = try varint()
            guard length <= UInt64(data.count - at) else { throw Self.damaged }
            defer { at += Int(length) }
            return (number, .bytes(UnsafeRawBufferPointer(rebasing: data[at..<at + Int(length)])))
        case 5: return (number, .fixed32(UInt32(try fixed(4))))
        default: throw Self.damaged
        }
    }

    private mutating func varint() throws(Problem) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while at < data.count, shift < 64 {
            let byte = data[at]
            at += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        throw Self.damaged
    }

    private mutating func fixed(_ size: Int) throws(Problem) -> UInt64 {
        guard at + size <= data.count else { throw Self.damaged }
        var value: UInt64 = 0
        for i in 0..<size { value |= UInt64(data[at + i]) << UInt64(8 * i) }
        at += size
        return value
    }
}
