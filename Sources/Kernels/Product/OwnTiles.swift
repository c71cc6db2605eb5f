import CKernels

/// A product of low rank that is added to another one's result: a [rows × rank] · b [rank × columns].
///
/// An adapter's part of a layer. Where our own kernel runs, it is added before the result leaves the registers, instead
/// of in a pass of its own over a result that is larger than any cache.
public struct LowRankTerm {
    let a: Operand
    let b: Operand
    let rank: Int

    /// A term; both operands have the type of the product it is added to.
    public init(_ a: Operand, _ b: Operand, rank: Int) {
        self.a = a
        self.b = b
        self.rank = rank
    }

    /// Whether the kernel can add it: it counts along the rank in units of four bytes.
    fileprivate var fits: Bool {
        rank > 0 && rank * a.type.size % 4 == 0 && rank <= GRAFT_SECOND_INNER && !a.transposed
    }

    fileprivate var factors: graft_factors { a.factors(b.stored, inner: rank) }
}

/// The right side of a product as its file stores it: element (r, c) is number `r·stride + c`, or `c·stride + r` when
/// `transposed`.
public struct StoredOperand {
    let data: UnsafeRawPointer
    let stride: Int
    let transposed: Bool
    let format: ElementFormat

    /// A matrix in memory that the caller keeps alive while the product runs; `stride` numbers fill whole blocks.
    public init(_ data: UnsafeRawPointer, stride: Int, format: ElementFormat, transposed: Bool) {
        self.data = data
        self.stride = stride
        self.format = format
        self.transposed = transposed
    }

    fileprivate var layout: graft_stored {
        graft_stored(type: format.rawValue, numbers: format.blockSize, bytes: format.blockBytes)
    }
}

extension Operand {
    var stored: StoredOperand {
        StoredOperand(data, stride: stride, format: type == .bf16 ? .bf16 : .f32, transposed: transposed)
    }

    fileprivate func factors(_ b: StoredOperand, inner: Int) -> graft_factors {
        graft_factors(
            a: data, b: b.data, a_stride: stride, b_stride: b.stride, inner: inner, b_transposed: b.transposed ? 1 : 0,
            b_stored: b.layout)
    }
}

extension Product {
    // Smaller ones are faster elsewhere: packing costs about six rows' worth of a product, and results of shallow ones
    // are written more than computed. A library that reads bf16 as it is needs no packing, but in f32 its own takes
    // longer.
    private static let (leastColumns, leastInner) = (64, 256)
    private static func leastRows(_ type: ElementType, _ format: ElementFormat) -> Int {
        type == .bf16 && format == .bf16 ? 48 : FewRows.limit + 1
    }

    /// Whether large products of these operands are our own kernel's on this processor.
    public static func hasOwnTiles(_ type: ElementType) -> Bool { graft_has_product(type.isBF16) != 0 }

    /// Computes a large product, and the terms, with our own kernel; false where that is not for it.
    ///
    /// `c (+)= a·b` for a [rows × inner] in the operand type and b [inner × columns] in any format, whose numbers are
    /// rounded to the operand type on their way into the kernel.
    public static func ownTiles(
        _ a: Operand, _ b: StoredOperand, into c: Destination, rows: Int, columns: Int, inner: Int, accumulate: Bool,
        plus terms: [LowRankTerm], engine: ProductEngine = .chosen
    ) -> Bool {
        guard engine == .graft, c.type == .f32, !a.transposed, terms.count <= 1, rows >= leastRows(a.type, b.format),
            columns >= leastColumns, inner >= leastInner, terms.allSatisfy({ $0.fits && $0.a.type == a.type }),
            hasOwnTiles(a.type)
        else { return false }
        var first = a.factors(b, inner: inner)
        let result = c.data.assumingMemoryBound(to: Float.self)
        let adds: Int32 = accumulate ? 1 : 0
        if let term = terms.first {
            var second = term.factors
            graft_product(a.type.isBF16, &first, &second, result, c.stride, rows, columns, adds)
        } else {
            graft_product(a.type.isBF16, &first, nil, result, c.stride, rows, columns, adds)
        }
        withExtendedLifetime((a, terms)) {}
        return true
    }
}
