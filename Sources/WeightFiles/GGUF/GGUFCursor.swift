import Diagnostics

/// Reads a GGUF header from front to back. No read passes the file's end or the longest header there is, and nothing is
/// allocated for a claim that what is left could not hold.
struct GGUFCursor {
    /// Longest header that is read, in bytes. Vocabularies of 262,144 tokens take about 20 MB; what is longer is a lie,
    /// which would otherwise cost as much memory as a model's whole file.
    static let lengthLimit = 1 << 28

    /// The file's bytes, as far as its header may reach.
    let bytes: UnsafeRawBufferPointer
    /// Where reading ends, for messages.
    private let end: String
    let file: String
    /// Where the next read begins.
    private(set) var offset = 0
    /// What is being read, for messages.
    var subject = "the header"

    init(_ bytes: UnsafeRawBufferPointer, file: String) {
        let isWhole = bytes.count <= Self.lengthLimit
        self.bytes = UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.lengthLimit))
        end = isWhole ? "the file ends at \(bytes.count)" : "no header reaches beyond \(Self.lengthLimit)"
        self.file = file
    }

    func problem(_ message: String, advice: String? = nil) -> Problem {
        Problem("\(subject): \(message)", file: file, advice: advice)
    }

    /// Bytes not yet read.
    var remaining: Int { bytes.count - offset }

    private func need(_ count: Int) throws(Problem) {
        guard count <= remaining else {
            throw problem(
                "needs \(count) bytes at \(offset), but \(end)",
                advice: "the file is cut off or corrupt; copy it again")
        }
    }

    /// A fixed-width integer, little-endian.
    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type = T.self) throws(Problem) -> T {
        try need(MemoryLayout<T>.size)
        defer { offset += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// A number of things that take at least `smallest` bytes each; refused if the header cannot hold so many.
    mutating func count(of what: String, smallest: Int) throws(Problem) -> Int {
        let claimed: UInt64 = try integer()
        guard let count = Int(exactly: claimed), count <= remaining / smallest else {
            throw problem(
                "claims \(claimed) \(what), each of at least \(smallest) bytes, but \(end)",
                advice: "the file is cut off or corrupt; copy it again")
        }
        return count
    }

    private mutating func text() throws(Problem) -> UnsafeRawBufferPointer {
        let length = try count(of: "bytes of text", smallest: 1)
        defer { offset += length }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    }

    /// A string; what is no UTF-8 in it is replaced by U+FFFD.
    mutating func string() throws(Problem) -> String { String(decoding: try text(), as: UTF8.self) }

    /// A key or a tensor's name: not empty, and UTF-8.
    mutating func name() throws(Problem) -> String {
        guard let name = String(validating: try text(), as: UTF8.self), !name.isEmpty else {
            throw problem("its name is empty or not UTF-8", advice: "the file is corrupt; copy it again")
        }
        return name
    }

    private mutating func type() throws(Problem) -> GGUFValueType {
        let number: UInt32 = try integer()
        guard let type = GGUFValueType(rawValue: number) else { throw problem("unknown value type \(number)") }
        return type
    }

    /// A value with its type before it.
    mutating func value() throws(Problem) -> GGUFValue {
        switch try type() {
        case .uint8: .uint8(try integer())
        case .int8: .int8(try integer())
        case .uint16: .uint16(try integer())
        case .int16: .int16(try integer())
        case .uint32: .uint32(try integer())
        case .int32: .int32(try integer())
        case .float32: .float32(Float(bitPattern: try integer()))
        case .bool: .bool(try integer(UInt8.self) != 0)
        case .string: .string(try string())
        case .array: .array(try array(depth: 1))
        case .uint64: .uint64(try integer())
        case .int64: .int64(try integer())
        case .float64: .float64(Double(bitPattern: try integer()))
        }
    }

    private mutating func array(depth: Int) throws(Problem) -> GGUFArray {
        guard depth <= 4 else { throw problem("arrays are nested more than four deep") }
        let type = try type()
        let count = try count(of: "elements", smallest: type.smallest)
        switch type {
        case .uint8: return .uint8(try integers(count))
        case .int8: return .int8(try integers(count))
        case .uint16: return .uint16(try integers(count))
        case .int16: return .int16(try integers(count))
        case .uint32: return .uint32(try integers(count))
        case .int32: return .int32(try integers(count))
        case .float32: return .float32(try integers(count).map(Float.init(bitPattern:)))
        case .bool: return .bool(try integers(count, of: UInt8.self).map { $0 != 0 })
        case .uint64: return .uint64(try integers(count))
        case .int64: return .int64(try integers(count))
        case .float64: return .float64(try integers(count).map(Double.init(bitPattern:)))
        case .string:
            var strings: [String] = []
            strings.reserveCapacity(count)
            for _ in 0..<count { strings.append(try string()) }
            return .string(strings)
        case .array:
            var arrays: [GGUFArray] = []
            arrays.reserveCapacity(count)
            for _ in 0..<count { arrays.append(try array(depth: depth + 1)) }
            return .array(arrays)
        }
    }

    private mutating func integers<T: FixedWidthInteger & BitwiseCopyable>(
        _ count: Int, of: T.Type = T.self
    ) throws(Problem) -> [T] {
        let size = count * MemoryLayout<T>.size
        try need(size)
        defer { offset += size }
        let (bytes, start) = (bytes, offset)
        return [T](unsafeUninitializedCapacity: count) { buffer, initialized in
            for i in 0..<count {
                buffer.initializeElement(
                    at: i,
                    to: T(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: start + i * MemoryLayout<T>.size, as: T.self))
                )
            }
            initialized = count
        }
    }
}
