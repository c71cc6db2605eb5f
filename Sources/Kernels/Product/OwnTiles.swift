import CKernels

/// A product of low rank that is added to another one's result: a [rows × rank] · b [rank × columns].
///
/// An adapter's part of a layer. Where our own kernel runs, it is added before the result leaves the registers, instead of
/// in a pass of its own over a result that is larger than any cache.
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

    /// Whether the kernel can add it.
    fileprivate var fits: Bool {
        rank > 0 && rank % 2 == 0 && rank <= GRAFT_SECOND_INNER && a.type == .bf16 && !a.transposed
    }
}

extension Operand {
    fileprivate func factors(_ b: Operand, inner: Int) -> graft_factors {
        graft_factors(
            a: data, b: b.data, a_stride: stride, b_stride: b.stride, inner: inner, b_transposed: b.transposed ? 1 : 0)
    }
}

extension Product {
    // Smaller ones are faster elsewhere: packing costs about six rows' worth of a product, and results of shallow ones are
    // written more than computed.
    private static let (leastRows, leastColumns, leastInner) = (48, 64, 256)

    /// Computes a large product in bf16, and the terms, with our own kernel; false where that is not for it.
    static func ownTiles(
        _ a: Operand, _ b: Operand, _ c: Destination, _ rows: Int, _ columns: Int, _ inner: Int, _ accumulate: Bool,
        _ terms: [LowRankTerm], engine: ProductEngine
    ) -> Bool {
        guard engine == .graft, a.type == .bf16, b.type == .bf16, c.type == .f32, !a.transposed, terms.count <= 1,
            rows >= leastRows, columns >= leastColumns, inner >= leastInner, terms.allSatisfy(\.fits),
            graft_has_product() != 0
        else { return false }
        var first = a.factors(b, inner: inner)
        let result = c.data.assumingMemoryBound(to: Float.self)
        if let term = terms.first {
            var second = term.a.factors(term.b, inner: term.rank)
            graft_product(&first, &second, result, c.stride, rows, columns, accumulate ? 1 : 0)
        } else {
            graft_product(&first, nil, result, c.stride, rows, columns, accumulate ? 1 : 0)
        }
        withExtendedLifetime((a, b, terms)) {}
        return true
    }
}
