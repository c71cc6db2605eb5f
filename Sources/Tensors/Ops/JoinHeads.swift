import CKernels
import Kernels

/// Heads of two parts: head `h` is head `h` of `plain`, then head `h` of `turned`, or `turned` itself when it has but
/// one head for all (DeepSeek's keys). Gradients go back to their parts; a shared part's is the sum over heads, in
/// order.
///
/// - Parameters:
///   - plain: [rows, heads · p].
///   - turned: [rows, heads · t], or [rows, t] for all heads.
///   - width: t.
///   - type: of the result.
/// - Returns: [rows, heads · (p + t)].
public func joinedHeads(_ plain: Tensor, _ turned: Tensor, heads: Int, width: Int, to type: ElementType) -> Tensor {
    let (rows, p, t) = (plain.rows, plain.columns / heads, width)
    let shared = turned.columns == t && heads > 1
    precondition(
        plain.columns == heads * p && turned.rows == rows && (shared || turned.columns == heads * t),
        "joinedHeads: \(heads) heads of \(plain.shape) and \(turned.shape)")
    let y = Tensor(uninitialized: rows, heads * (p + t), type)
    Pool.rows(rows) { range in
        for r in range {
            graft_convert(plain.row(r), p, plain.type.isBF16, y.row(r), p + t, type.isBF16, 1, heads, p)
            graft_convert(
                turned.row(r), shared ? 0 : t, turned.type.isBF16, y.row(r) + p * type.size, p + t, type.isBF16, 1,
                heads,
                t)
        }
    }
    return Tensor.record(.joinHeads, [y], from: [plain, turned]) { pullback in
        guard let g = pullback.gradient() else { return }
        if pullback.wants(0) {
            let dplain = Tensor(uninitialized: rows, heads * p, pullback.wantedType(0))
            Pool.rows(rows) { range in
                for r in range {
                    graft_convert(
                        g.row(r), p + t, g.type.isBF16, dplain.row(r), p, dplain.type.isBF16, 1, heads, p)
                }
            }
            pullback.send(dplain, to: 0)
        }
        guard pullback.wants(1) else { return }
        let dturned = Tensor(zeros: rows, shared ? t : heads * t)
        Pool.rows(rows) { range in
            for r in range {
                let from = g.row(r) + p * g.type.size
                let to = dturned.floats + r * dturned.columns
                if shared {
                    graft_sum_rows(from, p + t, g.type.isBF16, to, heads, t)
                } else {
                    graft_convert(from, p + t, g.type.isBF16, to, t, 0, 1, heads, t)
                }
            }
        }
        pullback.send(dturned, to: 1)
    }[0]
}
