import Kernels
import Tensors

/// Memory that plays a mapped file.
final class FileBytes: Sendable {
    nonisolated(unsafe) let start: UnsafeMutableRawPointer

    init(_ bytes: [UInt8]) {
        start = .allocate(byteCount: max(1, bytes.count), alignment: 64)
        bytes.withUnsafeBytes { source in
            if let from = source.baseAddress { start.copyMemory(from: from, byteCount: source.count) }
        }
    }

    deinit { start.deallocate() }
}

/// A matrix as a file stores it, and the numbers it holds. They are exact in every format and in bfloat16.
struct StoredMatrix: Sendable {
    let frozen: FrozenMatrix
    let numbers: Grid

    /// Random stored rows; `columns` fills the format's blocks.
    init(_ rows: Int, _ columns: Int, _ format: ElementFormat, inputsFirst: Bool = false, seed: String = "") {
        var random = Numbers("stored \(rows)×\(columns) \(format) \(seed)")
        // q4_0 holds −8…7 times a scale, q8_0 −127…127; the scales are powers of two.
        let (low, high, unit) = format == .q4_0 ? (-8, 7, 0.125) : (-127, 127, 0.0078125)
        let integers = (0..<rows * columns).map { _ in Int.random(in: low...high, using: &random) }
        let floats = integers.map { Float(Double($0) * unit) }
        let bytes: [UInt8] =
            switch format {
            case .f32: floats.flatMap { Self.bytes($0.bitPattern) }
            case .bf16: floats.flatMap { Self.bytes(UInt16($0.bitPattern >> 16)) }
            case .f16: floats.flatMap { Self.bytes(Self.half($0)) }
            case .q8_0:
                Self.blocks(integers) { Self.bytes(Self.half(Float(unit))) + $0.map { UInt8(bitPattern: Int8($0)) } }
            case .q4_0:
                Self.blocks(integers) { block in
                    Self.bytes(Self.half(Float(unit)))
                        + (0..<16).map { UInt8(block[$0] + 8) | UInt8(block[$0 + 16] + 8) << 4 }
                }
            default: preconditionFailure("no encoder for \(format)")
            }
        let file = FileBytes(bytes)
        frozen = FrozenMatrix(
            rows: rows, columns: columns, format: format, bytes: file.start, owner: file, inputsFirst: inputsFirst)
        numbers = Grid(rows, columns, floats.map(Double.init))
    }

    var weight: MatrixWeight { .frozen(frozen) }
    /// The numbers as [outputs, inputs].
    var outputsFirst: Grid { frozen.inputsFirst ? numbers.transposed : numbers }

    private static func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian, Array.init)
    }

    private static func blocks(_ integers: [Int], _ encode: ([Int]) -> [UInt8]) -> [UInt8] {
        stride(from: 0, to: integers.count, by: 32).flatMap { encode(Array(integers[$0..<$0 + 32])) }
    }

    /// IEEE half of a number that is exact in it and not denormal.
    private static func half(_ x: Float) -> UInt16 {
        let bits = x.bitPattern
        if x == 0 { return 0 }
        return UInt16((bits >> 16) & 0x8000) | UInt16(((bits >> 23) & 0xff) - 112) << 10 | UInt16((bits >> 13) & 0x3ff)
    }
}

/// Random numbers that never change while a case runs, exact in bfloat16.
func constant(_ rows: Int, _ columns: Int, _ seed: String, spread: Double = 1, offset: Double = 0) -> Grid {
    var numbers = Numbers("constant \(rows)×\(columns) \(seed)")
    return Grid(rows, columns) { _, _ in Double(roundedToBF16(Float(offset + spread * numbers.normal()))) }
}
