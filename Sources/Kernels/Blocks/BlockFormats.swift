import CKernels

/// Rows of stored numbers, expanded to floats or bfloat16 and back. Serial: the caller divides rows among threads.
public enum BlockFormats {
    /// What rows are expanded to.
    public enum Target: Sendable {
        /// 32-bit floats, exact.
        case f32
        /// bfloat16, to nearest, ties to even; a NaN stays a NaN.
        case bf16

        /// Bytes of a number.
        public var byteCount: Int { self == .f32 ? 4 : 2 }
    }

    /// Expands rows of a row-major matrix: `destination[i][c]` is number `c` of row `rows.lowerBound + i`, rows being
    /// `columns` numbers long and lying one after the other on both sides.
    ///
    /// `source` is the first byte of row 0 and may have any alignment; `columns` fills whole blocks. As floats the
    /// result is ggml's own to the bit, on every processor.
    public static func expandRows(
        _ format: ElementFormat, _ source: UnsafeRawPointer, columns: Int, rows: Range<Int>,
        into destination: UnsafeMutableRawPointer, as target: Target
    ) {
        let rowBytes = format.rowBytes(columns)
        let known = graft_expand(
            format.rawValue, source + rows.lowerBound * rowBytes, rows.count * columns, destination,
            target == .bf16 ? 1 : 0)
        precondition(known != 0, "expandRows: no kernel for \(format)")
    }

    /// Expands rows to floats; see ``expandRows(_:_:columns:rows:into:as:)``.
    public static func expandRows(
        _ format: ElementFormat, _ source: UnsafeRawPointer, columns: Int, rows: Range<Int>,
        into destination: UnsafeMutablePointer<Float>
    ) {
        expandRows(format, source, columns: columns, rows: rows, into: UnsafeMutableRawPointer(destination), as: .f32)
    }

    /// Expands rows to the bit patterns of bfloat16; see ``expandRows(_:_:columns:rows:into:as:)``.
    public static func expandRows(
        _ format: ElementFormat, _ source: UnsafeRawPointer, columns: Int, rows: Range<Int>,
        into destination: UnsafeMutablePointer<UInt16>
    ) {
        expandRows(format, source, columns: columns, rows: rows, into: UnsafeMutableRawPointer(destination), as: .bf16)
    }
}
