import Kernels

/// gpt-oss's gate: `h = g·σ(1.702·g) · (u + 1)` with `g = min(gate, limit)` and `u` = up held within ±limit.
///
/// `dgate = dh · (u + 1) · σ(1 + 1.702·g·(1 − σ))` where gate ≤ limit, else 0; `dup = dh · g·σ` within ±limit, else 0.
public struct ClampedGate: Sendable, Equatable {
    /// The bound.
    public var limit: Float
    /// Whether gate and up alternate, gate first, instead of lying one after the other.
    public var interleaved: Bool

    /// A gate.
    public init(limit: Float, interleaved: Bool) {
        self.limit = limit
        self.interleaved = interleaved
    }

    private static let steepness: Float = 1.702

    /// - Parameters:
    ///   - gateUp: [rows, 2 · hidden], f32.
    ///   - type: of the result and of what is kept.
    /// - Returns: [rows, hidden] in `type`.
    public func callAsFunction(_ gateUp: Tensor, to type: ElementType) -> Tensor {
        let source = gateUp.converted(to: .f32)
        let hidden = source.columns / 2
        let h = Tensor(uninitialized: source.rows, hidden)
        each(source) { r, i, gate, up in
            let g = min(gate, limit)
            h.floats[r * hidden + i] = g * Self.sigmoid(g) * (max(-limit, min(up, limit)) + 1)
        }
        return Tensor.record(
            .clampedGate, [h.converted(to: type)], from: [gateUp], saving: [source.converted(to: type)]
        ) { pullback in
            guard let dh = pullback.gradient()?.converted(to: .f32) else { return }
            let source = pullback.saved(0).converted(to: .f32)
            let d = Tensor(uninitialized: source.rows, source.columns)
            each(source) { r, i, gate, up in
                let g = min(gate, limit)
                let s = Self.sigmoid(g)
                let slope = dh.floats[r * hidden + i]
                let u = max(-limit, min(up, limit))
                let row = d.floats + r * 2 * hidden
                row[interleaved ? 2 * i : i] =
                    gate <= limit ? slope * (u + 1) * s * (1 + Self.steepness * g * (1 - s)) : 0
                row[interleaved ? 2 * i + 1 : hidden + i] = abs(up) <= limit ? slope * g * s : 0
            }
            pullback.send(d.converted(to: pullback.wantedType(0)), to: 0)
        }[0]
    }

    private static func sigmoid(_ g: Float) -> Float { 1 / (1 + exponential(-steepness * g)) }

    private func each(_ source: Tensor, _ body: (_ row: Int, _ i: Int, _ gate: Float, _ up: Float) -> Void) {
        let hidden = source.columns / 2
        Pool.rows(source.rows, atLeast: 4) { range in
            for r in range {
                let row = source.floats + r * 2 * hidden
                for i in 0..<hidden {
                    body(r, i, row[interleaved ? 2 * i : i], row[interleaved ? 2 * i + 1 : hidden + i])
                }
            }
        }
    }
}
