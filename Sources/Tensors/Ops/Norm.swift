import CKernels
import Kernels

/// A norm over rows: `x̂ · weight + bias`, with `x̂ = x / √(mean(x²) + ε)` or, centred, `(x − mean) / √(variance + ε)`.
public struct Norm {
    /// One factor a column [1, columns], or nil for none. Heads with factors of their own have a row each: of `n` rows,
    /// row `r mod n` holds those of the normalized row `r`.
    public var weight: Tensor?
    /// One addend a column [1, columns], or nil.
    public var bias: Tensor?
    /// Added to the mean square.
    public var epsilon: Float
    /// Whether the mean is subtracted first (LayerNorm).
    public var centred: Bool

    /// A norm.
    public init(weight: Tensor?, bias: Tensor? = nil, epsilon: Float, centred: Bool = false) {
        self.weight = weight
        self.bias = bias
        self.epsilon = epsilon
        self.centred = centred
    }

    var learned: [Tensor] { [weight, bias].compactMap { $0 } }

    /// Heads with factors of their own; 1 where all rows share them.
    private var heads: Int { weight?.rows ?? 1 }

    /// - Returns: mean and 1/deviation of each row, head after head.
    func forward(_ x: Tensor, into y: Tensor) -> Tensor {
        let heads = self.heads
        precondition(
            x.rows % heads == 0 && (heads == 1 || bias == nil), "norm of \(x.shape) with weights for \(heads) heads")
        let statistics = Tensor(uninitialized: x.rows, 2)
        let rows = x.rows / heads
        for head in 0..<heads {
            let factors = weight.map { $0.floats + head * $0.columns }
            Pool.rows(rows) { range in
                let first = range.lowerBound * heads + head
                graft_norm(
                    x.row(first), x.stride * heads, x.type.isBF16, factors, bias?.floats, epsilon, centred ? 1 : 0,
                    y.row(first), y.stride * heads, y.type.isBF16,
                    statistics.floats + 2 * (head * rows + range.lowerBound),
                    range.count, x.columns)
            }
        }
        return statistics
    }

    /// dx (+)= gradient; `copy` receives `copyScale · dx` after the addition. Gradients of weight and bias are summed
    /// over fixed panels in order, so that they do not depend on the number of threads.
    ///
    /// - Returns: panels' sums of the gradients of what is ``learned``, nil for what is not trained.
    func backward(
        _ x: Tensor, _ statistics: Tensor, _ g: Tensor, into dx: Tensor, adds: Bool, copy: Tensor? = nil,
        copyScale: Float = 1
    ) -> [Tensor?] {
        let panel = 64
        let heads = self.heads
        let rows = x.rows / heads
        let panels = (rows + panel - 1) / panel
        precondition(heads == 1 || copy == nil, "norm: a copy of the gradient of \(heads) heads")
        let trainsWeight = weight?.edge != nil
        let trainsBias = bias?.edge != nil
        let weightSums = trainsWeight ? Tensor(zeros: heads * panels, x.columns) : nil
        let biasSums = trainsBias ? Tensor(zeros: panels, x.columns) : nil
        Pool.run(heads * panels) { i in
            let (head, start) = (i / panels, i % panels * panel)
            let first = start * heads + head
            graft_norm_backward(
                x.row(first), x.stride * heads, x.type.isBF16, statistics.floats + 2 * (head * rows + start),
                weight.map { $0.floats + head * $0.columns }, centred ? 1 : 0, g.row(first), g.stride * heads,
                g.type.isBF16, dx.floats + first * dx.stride, dx.stride * heads, adds ? 1 : 0, copy?.row(first),
                copy?.type.isBF16 ?? 0, copyScale, weightSums.map { $0.floats + i * x.columns },
                biasSums.map { $0.floats + i * x.columns }, min(panel, rows - start), x.columns)
        }
        return (weight == nil ? [] : [weightSums]) + (bias == nil ? [] : [biasSums])
    }

    /// Adds the sums of ``backward(_:_:_:into:adds:copy:copyScale:)`` to the gradients of weight and bias, the op's
    /// inputs from `first` on.
    func send(_ sums: [Tensor?], by pullback: inout Pullback, from first: Int) {
        for (i, panels) in sums.enumerated() {
            guard let panels else { continue }
            let heads = learned[i].rows
            let each = panels.rows / heads
            pullback.accumulate(to: first + i, rows: heads, columns: panels.columns, zeroed: true) { sum, _ in
                for head in 0..<heads {
                    graft_sum_rows(
                        panels.row(head * each), panels.stride, 0, sum.floats + head * panels.columns, each,
                        panels.columns)
                }
            }
        }
    }
}

extension Tensor {
    /// The norm of each row, or of each `group` of columns (a head) on its own.
    ///
    /// With `u = g · weight`, `s = 1/deviation`:  `dx = s · (u − x̂ · mean(u · x̂) [− mean(u) when centred])`.
    ///
    /// - Returns: the same shape in `type`.
    public func normalized(_ norm: Norm, group: Int? = nil, to type: ElementType = .f32) -> Tensor {
        let x = group.map { view(columnsOf: $0) } ?? self.detached
        let y = Tensor(uninitialized: rows, columns, type)
        let statistics = norm.forward(x, into: group.map { y.view(columnsOf: $0) } ?? y)
        let (rows, columns) = (self.rows, self.columns)
        return Tensor.record(
            .norm, [y], from: [self] + norm.learned, saving: [x, statistics]
        ) { pullback in
            guard var g = pullback.gradient() else { return }
            let x = pullback.saved(0)
            if group != nil { g = g.converted(to: g.type).view(columnsOf: x.columns) }
            let statistics = pullback.saved(1)
            var sums: [Tensor?] = []
            if pullback.wants(0) {
                pullback.accumulate(to: 0, rows: rows, columns: columns) { dx, adds in
                    let flat = group == nil ? dx : dx.view(columnsOf: x.columns)
                    sums = norm.backward(x, statistics, g, into: flat, adds: adds)
                }
            } else {
                sums = norm.backward(x, statistics, g, into: Tensor(uninitialized: x.rows, x.columns), adds: false)
            }
            norm.send(sums, by: &pullback, from: 1)
        }[0]
    }

    /// `sum = self + scale · y` and its norm, in one op: the joint between two parts of a block.
    ///
    /// The gradient of `sum` and that through the norm are added in the pass that computes the latter, which also
    /// writes the copy in operand type that the product below `y` wants.
    public func adding(
        _ y: Tensor, scale: Float = 1, thenNormalized norm: Norm, to type: ElementType
    ) -> (sum: Tensor, normalized: Tensor) {
        precondition(rows == y.rows && columns == y.columns, "adding \(y.shape) to \(shape)")
        let sum = Tensor(uninitialized: rows, columns)
        let x = self.converted(to: .f32)
        let addend = y.isContiguous ? y.detached : y.converted(to: y.type)
        Pool.rows(rows) { range in
            let start = range.lowerBound * columns
            graft_sum(
                x.floats + start, addend.row(range.lowerBound), addend.type.isBF16, scale, sum.floats + start,
                range.count * columns)
        }
        let normalized = Tensor(uninitialized: rows, columns, type)
        let statistics = norm.forward(sum, into: normalized)
        let outputs = Tensor.record(
            .addNorm, [sum, normalized], from: [self, y] + norm.learned, saving: [sum, statistics]
        ) { pullback in
            let sum = pullback.saved(0)
            let through = pullback.gradient(1)
            let direct = pullback.gradient(0)
            guard through != nil || direct != nil else { return }
            var dx: Tensor
            if var direct {
                dx = direct.isOwnedAlone ? direct : direct.copiedAsFloats()
            } else {
                dx = Tensor(uninitialized: sum.rows, sum.columns)
            }
            let wanted = pullback.wantedType(1)
            let needsCopy = pullback.wants(1) && (wanted == .bf16 || scale != 1)
            let copy = needsCopy ? Tensor(uninitialized: sum.rows, sum.columns, wanted) : nil
            if let through {
                let sums = norm.backward(
                    sum, pullback.saved(1), through, into: dx, adds: direct != nil, copy: copy, copyScale: scale)
                norm.send(sums, by: &pullback, from: 2)
            } else {
                copy?.assign(dx, scale: scale)
            }
            pullback.send(copy ?? dx, to: 1)
            pullback.send(dx, to: 0)
        }
        return (outputs[0], outputs[1])
    }
}
