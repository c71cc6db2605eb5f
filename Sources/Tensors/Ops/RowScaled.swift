import CKernels
import Kernels

extension Tensor {
    /// `y[r] = factor[r] · x[r]`, f32. `dx[r] = factor[r] · g[r]`, `dfactor[r] = g[r] · x[r]`.
    ///
    /// - Parameter factors: [rows, 1].
    public func scaledRows(by factors: Tensor) -> Tensor {
        precondition(factors.rows == rows && factors.columns == 1, "scaledRows: \(shape) by \(factors.shape)")
        let factor = factors.converted(to: .f32)
        let y = Tensor(uninitialized: rows, columns)
        Self.scaleRows(self, factor, into: y)
        return Tensor.record(
            .rowScaled, [y], from: [self, factors], saving: [factor] + (factors.edge == nil ? [] : [self])
        ) { pullback in
            guard let g = pullback.gradient() else { return }
            if pullback.wants(0) {
                let dx = Tensor(uninitialized: g.rows, g.columns, pullback.wantedType(0))
                Self.scaleRows(g, pullback.saved(0), into: dx)
                pullback.send(dx, to: 0)
            }
            guard pullback.wants(1) else { return }
            let x = pullback.saved(1)
            let dfactors = Tensor(uninitialized: g.rows, 1)
            Pool.rows(g.rows) { range in
                let first = range.lowerBound
                graft_row_dots(
                    x.row(first), x.stride, g.row(first), g.stride, x.type.isBF16, g.type.isBF16,
                    dfactors.floats + first, 1, range.count, g.columns)
            }
            pullback.send(dfactors, to: 1)
        }[0]
    }

    private static func scaleRows(_ x: Tensor, _ factor: Tensor, into y: Tensor) {
        Pool.rows(x.rows) { range in
            for r in range {
                graft_convert(
                    x.row(r), x.stride, x.type.isBF16, y.row(r), y.stride, y.type.isBF16, factor.floats[r], 1, x.columns
                )
            }
        }
    }
}
