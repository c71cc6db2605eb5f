import CKernels
import Kernels

/// What happens to logits after the head: `softcap · tanh(scale · l / softcap)`, or `scale · l` when softcap is 0.
public struct LogitShape: Sendable {
    /// Factor on the head's outputs.
    public var scale: Float
    /// Bound of the logits; 0 for none.
    public var softcap: Float

    /// The plain logits unless said otherwise.
    public init(scale: Float = 1, softcap: Float = 0) {
        self.scale = scale
        self.softcap = softcap
    }
}

/// The output head and the cross-entropy in one: `−Σ ln softmax(shape(x·Wᵀ))[target]`.
///
/// The logits never exist all at once: one sweep over slices of the vocabulary keeps a running maximum m and sum Z, as
/// streaming softmax does, and accumulates `dx = (Σ e^(l−m)·slope·W)/Z`, rescaled when m grows. The target's own column
/// is left out of that product and added in f32 as `(p − 1)·slope·W[target]`: where a model is nearly right the two
/// would cancel, and rounding to bf16 would leave only noise. A head that is trained or adapted takes a second sweep,
/// once every row's Z is known: with `e = slope·(p − 1[target])` it is `dW = eᵀ·x` and `dx = e·W`, and for an adapter
/// as in ``projections(_:_:adapters:adapted:draw:)``.
///
/// - Parameters:
///   - x: [rows, width] in the operand type.
///   - head: [vocabulary, width].
///   - adapters: the head's adapters.
///   - targets: one id a row.
///   - draw: what dropout draws from; nil drops nothing.
/// - Returns: the sum of the losses [1, 1], and the loss of each row (without a way for gradients).
public func linearCrossEntropy(
    _ x: Tensor, head: MatrixWeight, adapters: [AdapterGroup] = [], targets: [Int32], shape: LogitShape = LogitShape(),
    draw: DropoutDraw? = nil
) -> (sum: Tensor, losses: [Float]) {
    precondition(targets.count == x.rows, "cross-entropy: \(targets.count) targets for \(x.shape)")
    precondition(targets.allSatisfy { $0 >= 0 && $0 < head.outputs }, "cross-entropy: target beyond the vocabulary")
    let trainsHead = head.parameter != nil || !adapters.isEmpty
    let pass = AdapterPass(groups: adapters, draw: draw)
    let sweep = HeadSweep(
        x: x.detached, head: head, adapters: pass, lows: pass.narrow(x), targets: targets, shape: shape)
    let dx = x.edge != nil && !trainsHead ? Tensor(zeros: x.rows, x.columns) : nil
    let (losses, lse) = Profile.measure(.loss) { sweep.run(dx: dx) }
    let sum = Tensor([Float(losses.reduce(0.0) { $0 + Double($1) })], rows: 1, columns: 1)
    let saved = dx.map { [$0] } ?? [lse]
    let outputs = Tensor.record(
        .linearCrossEntropy, [sum], from: [x], trained: [head.parameter] + pass.parameters, saving: saved
    ) { pullback in
        guard let g = pullback.gradient()?.values()[0] else { return }
        if trainsHead {
            let dx = Tensor(zeros: sweep.x.rows, sweep.x.columns)
            sweep.trained(scale: g, lse: pullback.saved(0), dx: pullback.wants(0) ? dx : nil)
            if pullback.wants(0) { pullback.send(dx, to: 0) }
        } else {
            let dx = pullback.saved(0)
            dx.assign(dx, scale: g)
            pullback.send(dx, to: 0)
        }
    }
    return (outputs[0], losses)
}

/// The head's products, slice by slice of the vocabulary.
private struct HeadSweep {
    let x: Tensor
    let head: MatrixWeight
    let adapters: AdapterPass
    /// scale · x·Aᵀ of each group of adapters.
    let lows: [Tensor]
    let targets: [Int32]
    let shape: LogitShape

    // A slice's logits stay around 16 MB: large enough for full speed of both products, small enough for the caches.
    private var slice: Int { min(head.outputs, max(1024, min(16384, (1 << 22) / max(1, x.rows) / 256 * 256))) }

    private func slices(_ body: (_ rows: Range<Int>, _ part: MatrixWeight, _ logits: Tensor) -> Void) {
        let width = slice
        let buffer = Tensor(uninitialized: x.rows, width)
        var start = 0
        while start < head.outputs {
            let range = start..<min(head.outputs, start + width)
            let part = head.rows(range)
            let logits = buffer.view(columns: 0..<range.count)
            part.apply(to: x, into: logits, plus: adapters.terms(lows, layer: 0, columns: range))
            body(range, part, logits)
            start = range.upperBound
        }
    }

    /// The losses and log-sum-exps; fills `dx` when given.
    func run(dx: Tensor?) -> (losses: [Float], lse: Tensor) {
        let rows = x.rows
        let maximum = Tensor([Float](repeating: -.infinity, count: rows), rows: rows, columns: 1)
        let sum = Tensor(zeros: rows, 1)
        let logit = Tensor(zeros: rows, 1)
        let slope = Tensor(zeros: rows, 1)
        let weights = dx == nil ? nil : Tensor(uninitialized: rows, slice, x.type)
        targets.withUnsafeBufferPointer { buffer in
            nonisolated(unsafe) let first = buffer.baseAddress
            slices { range, part, logits in
                Pool.rows(rows, atLeast: 4) { panel in
                    let r = panel.lowerBound
                    graft_cross_entropy_slice(
                        logits.floats + r * logits.stride, logits.stride, Int32(range.lowerBound), range.count,
                        shape.scale, shape.softcap, first.map { $0 + r }, maximum.floats + r, sum.floats + r,
                        logit.floats + r, slope.floats + r, weights?.row(r), weights?.stride ?? 0, x.type.isBF16,
                        dx.map { $0.floats + r * $0.stride }, x.columns, panel.count)
                }
                if let dx, let weights {
                    part.applyTransposed(to: weights.view(columns: 0..<range.count), into: dx, accumulate: true)
                }
            }
        }
        let own = dx == nil ? nil : embedding(targets, in: head.untrained)
        let losses = Tensor(uninitialized: rows, 1)
        Pool.rows(rows) { panel in
            let r = panel.lowerBound
            graft_cross_entropy_finish(
                maximum.floats + r, sum.floats + r, logit.floats + r, slope.floats + r,
                own.map { $0.floats + r * $0.stride }, dx.map { $0.floats + r * $0.stride }, x.columns,
                losses.floats + r, panel.count)
        }
        let lse = losses.adding(logit)
        return (losses.values(), lse)
    }

    /// The second sweep: with `e = scale · slope · (p − 1[target])` adds eᵀ·x to a trained head's gradient, the
    /// adapters' gradients to theirs, and e·W and what adapters add to it to dx.
    func trained(scale: Float, lse: Tensor, dx: Tensor?) {
        let weights = Tensor(uninitialized: x.rows, slice, x.type)
        func scaled(_ tensor: Tensor) -> Tensor {
            let result = Tensor(uninitialized: tensor.rows, tensor.columns, tensor.type)
            result.assign(tensor, scale: scale)
            return result
        }
        let scaledX = head.parameter.map { _ in scaled(x) }
        let scaledLows = lows.map(scaled)
        let sums = lows.map { Tensor(zeros: $0.rows, $0.columns) }
        targets.withUnsafeBufferPointer { buffer in
            nonisolated(unsafe) let first = buffer.baseAddress
            slices { range, part, logits in
                Pool.rows(x.rows, atLeast: 4) { panel in
                    let r = panel.lowerBound
                    graft_cross_entropy_gradient(
                        logits.floats + r * logits.stride, logits.stride, Int32(range.lowerBound), range.count,
                        shape.scale, shape.softcap, first.map { $0 + r }, lse.floats + r, weights.row(r),
                        weights.stride, x.type.isBF16, panel.count)
                }
                let slice = weights.view(columns: 0..<range.count)
                if let parameter = head.parameter, let scaledX {
                    multiplyTransposed(slice, scaledX, into: parameter.gradient.view(rows: range), accumulate: true)
                }
                adapters.addGradients(slice, columns: range, lows: scaledLows, to: sums)
                if let dx { part.applyTransposed(to: slice, into: dx, accumulate: true) }
            }
        }
        if let dx, scale != 1 { dx.assign(dx, scale: scale) }
        let narrow = adapters.scaled(sums.map(scaled), to: x.type)
        adapters.accumulateA(narrow, x)
        guard let dx else { return }
        adapters.gradientTerms(narrow).forEach { $0.add(to: dx) }
        adapters.widenGradients(narrow, into: dx)
    }
}

extension Tensor {
    /// Applies the shape of logits in place; without gradients, for reading logits.
    public func shapeLogits(_ shape: LogitShape) {
        Pool.rows(rows) { range in
            for i in range.lowerBound * stride..<range.upperBound * stride {
                let scaled = floats[i] * shape.scale
                floats[i] = shape.softcap > 0 ? shape.softcap * hyperbolicTangent(scaled / shape.softcap) : scaled
            }
        }
    }
}
