import CKernels
import Kernels

/// Linear layers that read the same input: `y_i = x·W_iᵀ + bias_i + scale_i · (x·A_iᵀ)·B_iᵀ`.
///
/// With `g_i` the gradients in operand type and `dlow_i = scale_i · g_i·B_i`:
///
///     dx = Σ g_i·W_i + dlow_i·A_i     dA_i = dlow_iᵀ·x     dB_i = scale_i · g_iᵀ·(x·A_iᵀ)     dW_i = g_iᵀ·x
///
/// the last only for a matrix that is trained. When `x` leads to no parameter, dx is not computed.
///
/// - Parameters:
///   - x: [rows, inputs] in the operand type, bf16 or f32: it decides the type of all products.
///   - linears: the layers.
///   - adapters: the adapters of some of them.
///   - adapted: by set of adapters, the rows it applies to, where nothing is trained; nil where there is one set.
///   - draw: what dropout draws from; nil drops nothing.
/// - Returns: an f32 tensor [rows, outputs_i] a layer.
public func projections(
    _ x: Tensor, _ linears: [LinearWeights], adapters: [AdapterGroup] = [], adapted: [Range<Int>]? = nil,
    draw: DropoutDraw? = nil
) -> [Tensor] {
    let pass = AdapterPass(groups: adapters, draw: draw, rows: adapted)
    let lows = pass.narrow(x)
    let outputs = linears.enumerated().map { number, layer in
        let y = Tensor(uninitialized: x.rows, layer.matrix.outputs)
        layer.matrix.apply(to: x, into: y, plus: pass.terms(lows, layer: number))
        layer.addBias(to: y)
        return y
    }
    pass.widen(lows, into: outputs)
    return Tensor.record(
        .projections, outputs, from: [x], trained: pass.parameters + linears.flatMap(\.trained), saving: [x] + lows,
        gradientType: x.type
    ) { pullback in
        let x = pullback.saved(0)
        let gradients = linears.indices.map { pullback.gradient($0)?.converted(to: x.type) }
        let narrow = pass.narrowGradients(gradients, lows: adapters.indices.map { pullback.saved($0 + 1) })
        pass.accumulateA(narrow, x)
        for (layer, g) in zip(linears, gradients) {
            if let g { layer.accumulateTrained(g, x) }
        }
        guard pullback.wants(0) else { return }
        pullback.accumulate(to: 0, rows: x.rows, columns: x.columns) { dx, adds in
            var adds = adds
            var terms = pass.gradientTerms(narrow)
            for (layer, g) in zip(linears, gradients) {
                guard let g else { continue }
                layer.matrix.applyTransposed(to: g, into: dx, accumulate: adds, plus: terms)
                (adds, terms) = (true, [])
            }
            if !adds { dx.clear() }
            terms.forEach { $0.add(to: dx) }
            pass.widenGradients(narrow, into: dx)
        }
    }
}

extension LinearWeights {
    /// The parameters among matrix and bias.
    var trained: [Parameter?] {
        if case .parameter(let bias) = bias?.edge { [matrix.parameter, bias] } else { [matrix.parameter] }
    }

    func addBias(to y: Tensor) {
        guard let bias else { return }
        Pool.rows(y.rows) { range in
            graft_add_bias(y.floats + range.lowerBound * y.stride, y.stride, bias.floats, range.count, y.columns)
        }
    }

    /// Adds gᵀ·x to a trained matrix's gradient and Σ g to a trained bias's.
    func accumulateTrained(_ g: Tensor, _ x: Tensor) {
        if let parameter = matrix.parameter { multiplyTransposed(g, x, into: parameter.gradient, accumulate: true) }
        if case .parameter(let parameter) = bias?.edge {
            graft_sum_rows(g.pointer, g.stride, g.type.isBF16, parameter.gradient.floats, g.rows, g.columns)
        }
    }
}
