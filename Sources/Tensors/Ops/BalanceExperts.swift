import Kernels

/// The load balancing loss of the Switch Transformer, as transformers' `load_balancing_loss_func` has it, over all
/// tokens of an optimiser step and all layers with experts:
///
///     loss = experts · Σ_e f_e · P_e,  f_e = times e was chosen / rows,  P_e = Σ softmax(logits)_e / rows
///
/// where a row is a token in a layer. How often an expert was chosen has no gradient, so a row's is known once all rows
/// of the step were counted. A step whose tokens do not go through the model together is therefore counted in a pass of
/// its own first: how it is cut changes nothing.
public final class ExpertBalance {
    /// Experts of a layer.
    public let experts: Int
    /// Experts chosen for a row.
    public let perToken: Int
    /// What the loss is multiplied by before it is added to the step's mean loss.
    public let coefficient: Float
    private var rows = 0.0
    private var chosen: [Double]
    private var probabilities: [Double]
    private var isOpen = true

    /// Nothing counted yet.
    public init(experts: Int, perToken: Int, coefficient: Float) {
        precondition(perToken <= experts, "balance: \(perToken) of \(experts) experts")
        self.experts = experts
        self.perToken = perToken
        self.coefficient = coefficient
        chosen = Array(repeating: 0, count: experts)
        probabilities = chosen
    }

    /// All rows of the step were counted: passes that follow train with these counts and add nothing to them.
    public func close() { isOpen = false }

    /// The loss of what was counted, before the coefficient.
    public var loss: Double {
        rows == 0 ? 0 : Double(experts) * zip(chosen, probabilities).reduce(0) { $0 + $1.0 * $1.1 } / (rows * rows)
    }

    /// `∂loss / ∂softmax(logits)_e` in every row.
    fileprivate var slopes: [Float] { chosen.map { rows == 0 ? 0 : Float(Double(experts) * $0 / (rows * rows)) } }

    fileprivate func count(_ logits: Tensor, _ softmax: Tensor) {
        guard isOpen else { return }
        rows += Double(logits.rows)
        for r in 0..<logits.rows {
            let start = r * experts
            var taken = Set<Int>()
            for _ in 0..<perToken {
                var best = -1
                for e in 0..<experts where !taken.contains(e) {
                    if best < 0 || logits.floats[start + e] > logits.floats[start + best] { best = e }
                }
                taken.insert(best)
                chosen[best] += 1
            }
            for e in 0..<experts { probabilities[e] += Double(softmax.floats[start + e]) }
        }
    }
}

extension Tensor {
    /// Counts a router's logits [rows, experts], f32, and lets the balance's gradient into them.
    ///
    /// With `s = ∂total/∂loss`, which is the balance's coefficient where `loss` is not used, and `d_e` its slopes:
    ///
    ///     dlogit_e = g_e + s · p_e · (d_e − Σ_j d_j·p_j),  p = softmax(logits)
    ///
    /// - Returns: the logits as they are, and the loss of what was counted so far [1, 1].
    public func balanced(_ balance: ExpertBalance) -> (logits: Tensor, loss: Tensor) {
        precondition(columns == balance.experts, "balance of \(balance.experts) experts for \(shape)")
        let x = copiedAsFloats()
        let shares = Tensor(uninitialized: rows, columns)
        let count = columns
        Pool.rows(rows) { range in
            for r in range { softmax(x.floats + r * count, into: shares.floats + r * count, count) }
        }
        balance.count(x, shares)
        let loss = Tensor([Float(balance.loss)], rows: 1, columns: 1)
        let rows = self.rows
        let outputs = Tensor.record(.expertBalance, [x, loss], from: [self], saving: [shares]) { pullback in
            let shares = pullback.saved(0)
            let g = pullback.gradient(0)?.converted(to: .f32)
            let factor = balance.coefficient + (pullback.gradient(1).map { $0.values()[0] } ?? 0)
            let slopes = balance.slopes
            let dx = Tensor(uninitialized: rows, count)
            Pool.rows(rows) { range in
                for r in range {
                    let (p, to) = (shares.floats + r * count, dx.floats + r * count)
                    var mean: Float = 0
                    for e in 0..<count { mean += slopes[e] * p[e] }
                    for e in 0..<count {
                        to[e] = (g.map { $0.floats[r * $0.stride + e] } ?? 0) + factor * p[e] * (slopes[e] - mean)
                    }
                }
            }
            pullback.send(dx, to: 0)
        }
        return (outputs[0], outputs[1])
    }
}
