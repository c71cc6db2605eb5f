import CKernels
import Kernels

/// A nonlinearity, element by element. The formulas stand in the C kernel; slopes are their derivatives.
public enum Activation: Int32, Sendable, CaseIterable {
    /// `x · σ(x)`
    case silu = 0
    /// `½x(1 + tanh(√(2/π)(x + 0.044715x³)))`
    case geluTanh
    /// `x · Φ(x)`
    case gelu
    /// `max(x, 0)`
    case relu
    /// `max(x, 0)²`
    case reluSquared
    /// `σ(x)`
    case sigmoid
}

extension Activation {
    /// h = act(gate) · up; `kept` receive the inputs in h's type.
    func forward(_ gate: Tensor, _ up: Tensor?, into h: Tensor, kept: (gate: Tensor, up: Tensor?)?) {
        precondition(up == nil || up?.type == gate.type, "activation: gate \(gate.type) and up of another type")
        Pool.rows(gate.rows) { range in
            let first = range.lowerBound
            graft_activation(
                rawValue, gate.row(first), gate.stride, up?.row(first), up?.stride ?? 0, gate.type.isBF16, h.row(first),
                h.stride, h.type.isBF16, kept?.gate.row(first), kept?.up?.row(first), range.count, gate.columns)
        }
    }

    /// dgate, dup and, when given, h again, all in one type.
    func backward(_ gate: Tensor, _ up: Tensor?, _ dh: Tensor, dgate: Tensor, dup: Tensor?, h: Tensor?) {
        Pool.rows(gate.rows) { range in
            let first = range.lowerBound
            graft_activation_backward(
                rawValue, gate.row(first), up?.row(first), gate.type.isBF16, dh.floats + first * dh.stride, dh.stride,
                dgate.row(first), dup?.row(first), h?.row(first), dgate.type.isBF16, range.count, gate.columns)
        }
    }

    /// The inputs in the type they are kept in for the backward pass.
    func keep(_ gate: Tensor, _ up: Tensor?, _ type: ElementType) -> (gate: Tensor, up: Tensor?) {
        if gate.type == type && gate.isContiguous && up?.isContiguous ?? true { return (gate.detached, up?.detached) }
        return (
            Tensor(uninitialized: gate.rows, gate.columns, type),
            up.map { Tensor(uninitialized: $0.rows, $0.columns, type) }
        )
    }
}

extension Tensor {
    /// `act(self)`, or `act(self) · up`, in `type`.
    ///
    /// `dgate = g · up · act′(gate)`, `dup = g · act(gate)`.
    public func activated(_ activation: Activation, times up: Tensor? = nil, to type: ElementType = .f32) -> Tensor {
        let h = Tensor(uninitialized: rows, columns, type)
        let gate = converted(to: self.type)
        let factor = up?.converted(to: self.type)
        activation.forward(gate, factor, into: h, kept: nil)
        let hasUp = up != nil
        return Tensor.record(
            .activation, [h], from: [self] + (up.map { [$0] } ?? []), saving: [gate] + (factor.map { [$0] } ?? [])
        ) { pullback in
            guard let g = pullback.gradient()?.converted(to: .f32) else { return }
            let gate = pullback.saved(0)
            let dgate = Tensor(uninitialized: gate.rows, gate.columns)
            let dup = hasUp ? Tensor(uninitialized: gate.rows, gate.columns) : nil
            activation.backward(gate, hasUp ? pullback.saved(1) : nil, g, dgate: dgate, dup: dup, h: nil)
            pullback.send(dgate, to: 0)
            if let dup { pullback.send(dup, to: 1) }
        }[0]
    }
}
