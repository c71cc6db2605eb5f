import CKernels
import Kernels

/// The last layer of a feed-forward network with the nonlinearity before it:
/// `y = h·Wᵀ + bias + scale · (h·Aᵀ)·Bᵀ` with `h = act(gate) · up`, or `act(gate)` without `up`.
///
/// One op because `h` is the widest tensor of a block: it is not kept but computed again where its gradient's slopes
/// are.
///
/// - Parameters:
///   - gate: [rows, hidden], f32.
///   - up: the same shape, or nil.
///   - adapted: by set of adapters, the rows it applies to, where nothing is trained; nil where there is one set.
///   - type: the operand type of the products; what is kept is kept in it.
/// - Returns: f32 [rows, outputs].
public func gatedProjection(
    _ gate: Tensor, _ up: Tensor?, _ activation: Activation, _ layer: LinearWeights, adapters: [AdapterGroup] = [],
    adapted: [Range<Int>]? = nil, draw: DropoutDraw? = nil, type: ElementType
) -> Tensor {
    let pass = AdapterPass(groups: adapters, draw: draw, rows: adapted)
    let h = Tensor(uninitialized: gate.rows, gate.columns, type)
    let trains = gate.edge != nil || up?.edge != nil || !pass.parameters.isEmpty || layer.matrix.parameter != nil
    let kept = trains && Recording.isOn ? activation.keep(gate, up, type) : nil
    let copies = kept.map { $0.gate.storage !== gate.storage } ?? false
    activation.forward(gate, up, into: h, kept: copies ? kept : nil)
    let y = Tensor(uninitialized: gate.rows, layer.matrix.outputs)
    let lows = pass.narrow(h)
    layer.matrix.apply(to: h, into: y, plus: pass.terms(lows, layer: 0))
    layer.addBias(to: y)
    pass.widen(lows, into: [y])
    guard let kept else { return y }
    let hasUp = up != nil
    let saved = [kept.gate] + (kept.up.map { [$0] } ?? []) + lows
    return Tensor.record(
        .gatedProjection, [y], from: [gate] + (up.map { [$0] } ?? []), trained: pass.parameters + layer.trained,
        saving: saved, gradientType: type
    ) { pullback in
        guard let g = pullback.gradient()?.converted(to: type) else { return }
        let gate = pullback.saved(0)
        let firstLow = hasUp ? 2 : 1
        let narrow = pass.narrowGradients([g], lows: adapters.indices.map { pullback.saved(firstLow + $0) })
        let dh = Tensor(uninitialized: gate.rows, gate.columns)
        layer.matrix.applyTransposed(to: g, into: dh, plus: pass.gradientTerms(narrow))
        pass.widenGradients(narrow, into: dh)
        let out = pullback.wantedType(0)
        let dgate = Tensor(uninitialized: gate.rows, gate.columns, type)
        let dup = hasUp ? Tensor(uninitialized: gate.rows, gate.columns, type) : nil
        let h = Tensor(uninitialized: gate.rows, gate.columns, type)
        precondition(out == .f32 || out == type, "gatedProjection: gradient wanted in \(out)")
        activation.backward(gate, hasUp ? pullback.saved(1) : nil, dh, dgate: dgate, dup: dup, h: h)
        pass.accumulateA(narrow, h)
        layer.accumulateTrained(g, h)
        pullback.send(dgate, to: 0)
        if let dup { pullback.send(dup, to: 1) }
    }[0]
}
