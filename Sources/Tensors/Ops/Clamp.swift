import CKernels
import Kernels

extension Tensor {
    /// `max(−bound, min(x, bound))`, f32. The gradient passes where `|x| ≤ bound`.
    public func clamped(to bound: Float) -> Tensor {
        let x = converted(to: .f32)
        let y = Tensor(uninitialized: rows, columns)
        Pool.rows(rows) { range in
            for i in range.lowerBound * columns..<range.upperBound * columns {
                y.floats[i] = max(-bound, min(x.floats[i], bound))
            }
        }
        return Tensor.record(.clamp, [y], from: [self], saving: [x]) { [rows, columns] pullback in
            guard let g = pullback.gradient()?.converted(to: .f32) else { return }
            let x = pullback.saved(0)
            let dx = Tensor(uninitialized: rows, columns)
            Pool.rows(rows) { range in
                for i in range.lowerBound * columns..<range.upperBound * columns {
                    dx.floats[i] = abs(x.floats[i]) <= bound ? g.floats[i] : 0
                }
            }
            pullback.send(dx, to: 0)
        }[0]
    }
}
