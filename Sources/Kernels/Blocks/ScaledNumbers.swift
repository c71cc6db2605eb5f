import CKernels

/// Stored numbers whose scales are another tensor: DeepSeek's 8-bit floats with a factor for each block of a matrix,
/// and gpt-oss's 4-bit floats (MXFP4) with a power of two for 32 numbers of a row.
public struct ScaledNumbers: Sendable {
    /// The two kinds.
    enum Kind: Sendable {
        case e4m3(factors: [Float], height: Int, width: Int)
        case e2m1(powers: Address)
    }

    /// An address that `owner` keeps valid and nobody writes to.
    struct Address: @unchecked Sendable {
        let bytes: UnsafeRawPointer
        let owner: any AnyObject & Sendable
    }

    let kind: Kind
    /// Rows of one matrix: of several that lie one below the other, each begins blocks of its own.
    let matrixRows: Int
    /// Numbers in a row.
    let columns: Int

    /// 8-bit floats (E4M3).
    ///
    /// - Parameters:
    ///   - factors: one a block, row by row of blocks, matrix after matrix.
    ///   - height: rows of a block; the last of a matrix may have less.
    ///   - width: columns of a block; the last may have less.
    public init(e4m3 factors: [Float], height: Int, width: Int, matrixRows: Int, columns: Int) {
        kind = .e4m3(factors: factors, height: height, width: width)
        self.matrixRows = matrixRows
        self.columns = columns
    }

    /// 4-bit floats (E2M1), two a byte, with one byte 2^(power − 127) for 32 of them.
    public init(e2m1 powers: UnsafeRawPointer, owner: any AnyObject & Sendable, matrixRows: Int, columns: Int) {
        precondition(columns % 32 == 0, "MXFP4: \(columns) columns do not fill blocks of 32")
        kind = .e2m1(powers: Address(bytes: powers, owner: owner))
        self.matrixRows = matrixRows
        self.columns = columns
    }

    /// Bytes of a row without its scales.
    public var rowBytes: Int {
        switch kind {
        case .e4m3: columns
        case .e2m1: columns / 2
        }
    }

    /// Expands row `row` of all matrices together, which begins at `from`; see `BlockFormats.expandRows`.
    public func expand(
        row: Int, _ from: UnsafeRawPointer, into to: UnsafeMutableRawPointer, as target: BlockFormats.Target
    ) {
        let bytes = from.assumingMemoryBound(to: UInt8.self)
        let toBF16: Int32 = target == .bf16 ? 1 : 0
        switch kind {
        case .e4m3(let factors, let height, let width):
            let (down, across) = ((matrixRows + height - 1) / height, (columns + width - 1) / width)
            let blockRow = row / matrixRows * down + row % matrixRows / height
            for block in 0..<across {
                let start = block * width
                graft_expand_e4m3(
                    bytes + start, min(width, columns - start), factors[blockRow * across + block],
                    to + start * target.byteCount, toBF16)
            }
        case .e2m1(let powers):
            let blocks = columns / 32
            graft_expand_e2m1(
                bytes, powers.bytes.assumingMemoryBound(to: UInt8.self) + row * blocks, blocks, to, toBF16)
        }
    }
}
