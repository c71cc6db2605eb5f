import Kernels

/// How a router's scores become chosen experts and their weights.
public struct Routing: Sendable, Equatable {
    /// What makes scores of logits.
    public enum Scores: Sendable, Equatable {
        /// `p = softmax(logits)` over all experts.
        case softmax
        /// `σ(logit)` each.
        case sigmoid
    }

    /// Experts in equal groups of which only the best may be chosen from.
    public struct Groups: Sendable, Equatable {
        /// Groups; divides the number of experts.
        public var count: Int
        /// Groups that may be chosen from.
        public var chosen: Int
        /// A group's score is the sum of its so many best experts' scores.
        public var best: Int

        /// Groups.
        public init(count: Int, chosen: Int, best: Int) {
            self.count = count
            self.chosen = chosen
            self.best = best
        }
    }

    /// Experts chosen for a row.
    public var perToken: Int
    /// What makes scores of logits.
    public var scores: Scores
    /// Whether the chosen scores are divided by their sum. With a softmax that is the softmax over the chosen alone.
    public var normalized: Bool
    /// Factor on the weights.
    public var scale: Float
    /// Groups to choose from, or nil.
    public var groups: Groups?
    /// Added to the scores for choosing, not for weighing; one an expert, or nil.
    public var correction: [Float]?

    /// A routing.
    public init(
        perToken: Int, scores: Scores = .softmax, normalized: Bool, scale: Float = 1, groups: Groups? = nil,
        correction: [Float]? = nil
    ) {
        self.perToken = perToken
        self.scores = scores
        self.normalized = normalized
        self.scale = scale
        self.groups = groups
        self.correction = correction
    }
}

/// Chooses `perToken` experts a row and weighs them: `w_i = scale · s_i`, or `scale · s_i / (Σ s + 1e-20)` over the
/// chosen when normalized. Of equal experts the first is chosen. The choice has no gradient; with `d_i = ∂L/∂s_i`:
///
///     d_i = scale · dw_i, or scale · (dw_i − Σ_j dw_j·s_j/Σs) / Σs when normalized
///     dlogit_i = d_i · s_i(1 − s_i) of a sigmoid;  dlogit_i = s_i · (d_i − Σ_j d_j·s_j), all i, of the softmax
///
/// - Parameter logits: [rows, experts], f32.
/// - Returns: the chosen experts, `perToken` a row, best first, and their weights [rows, perToken] in f32.
public func route(_ logits: Tensor, _ routing: Routing) -> (choices: [Int32], weights: Tensor) {
    let (rows, count, k) = (logits.rows, logits.columns, routing.perToken)
    precondition(k <= count && routing.correction?.count ?? count == count, "route: \(k) of \(count) experts")
    precondition(routing.groups.map { count % $0.count == 0 } ?? true, "route: \(count) experts in unequal groups")
    let source = logits.converted(to: .f32)
    let scores = Tensor(uninitialized: rows, count)
    let weights = Tensor(uninitialized: rows, k)
    var choices = [Int32](repeating: 0, count: rows * k)
    choices.withUnsafeMutableBufferPointer { choices in
        guard let chosen = choices.baseAddress else { return }
        Pool.rows(rows) { range in
            for r in range {
                routing.row(
                    source.floats + r * count, scores.floats + r * count, count, chosen + r * k, weights.floats + r * k)
            }
        }
    }
    let recorded = Tensor.record(.route, [weights], from: [logits], saving: [scores, weights]) { [choices] pullback in
        guard let g = pullback.gradient()?.converted(to: .f32) else { return }
        let (scores, weights) = (pullback.saved(0), pullback.saved(1))
        let dlogits = Tensor(zeros: rows, count)
        Pool.rows(rows) { range in
            for r in range {
                routing.rowBackward(
                    scores.floats + r * count, count, choices[r * k..<(r + 1) * k], g.floats + r * k,
                    weights.floats + r * k, dlogits.floats + r * count)
            }
        }
        pullback.send(dlogits, to: 0)
    }
    return (choices, recorded[0])
}

extension Routing {
    fileprivate func row(
        _ logits: UnsafeMutablePointer<Float>, _ scores: UnsafeMutablePointer<Float>, _ count: Int,
        _ chosen: UnsafeMutablePointer<Int32>, _ weights: UnsafeMutablePointer<Float>
    ) {
        switch self.scores {
        case .softmax: softmax(logits, into: scores, count)
        case .sigmoid:
            for i in 0..<count { scores[i] = 1 / (1 + exponential(-logits[i])) }
        }
        // Scores grow with logits, which do not run into one another at the ends; groups and corrections need scores.
        var rank = (0..<count).map { groups == nil && correction == nil ? logits[$0] : scores[$0] }
        if let correction { for i in 0..<count { rank[i] += correction[i] } }
        if let groups { groups.close(&rank) }
        var sum: Float = 0
        for j in 0..<perToken {
            let (best, key) = Self.takeBest(&rank)
            chosen[j] = Int32(best)
            // Where groups left over fewer experts than are chosen, the others of a softmax weigh nothing (DeepSeek
            // V2).
            let closed = self.scores == .softmax && groups != nil && key == -.infinity
            weights[j] = closed ? 0 : scores[best]
            sum += weights[j]
        }
        let factor = normalized ? scale / (sum + 1e-20) : scale
        for j in 0..<perToken { weights[j] *= factor }
    }

    /// The index of the largest number, the first of equal ones, which is then out of the race (−∞, or lower: NaN).
    fileprivate static func takeBest(_ rank: inout [Float]) -> (index: Int, key: Float) {
        var best = rank.indices.first { !rank[$0].isNaN } ?? 0
        for i in rank.indices where rank[i] > rank[best] { best = i }
        defer { rank[best] = .nan }
        return (best, rank[best])
    }

    fileprivate func rowBackward(
        _ scores: UnsafeMutablePointer<Float>, _ count: Int, _ chosen: ArraySlice<Int32>,
        _ g: UnsafeMutablePointer<Float>, _ weights: UnsafeMutablePointer<Float>,
        _ dlogits: UnsafeMutablePointer<Float>
    ) {
        var (sum, along): (Float, Float) = (0, 0)
        for (j, i) in chosen.enumerated() where weights[j] != 0 {
            sum += scores[Int(i)]
            along += g[j] * scores[Int(i)]
        }
        sum += 1e-20
        var mean: Float = 0
        for (j, i) in chosen.enumerated() where weights[j] != 0 {
            let d = normalized ? scale * (g[j] - along / sum) / sum : scale * g[j]
            let s = scores[Int(i)]
            dlogits[Int(i)] = self.scores == .sigmoid ? d * s * (1 - s) : d * s
            mean += d * s
        }
        if self.scores == .softmax { for i in 0..<count { dlogits[i] -= scores[i] * mean } }
    }
}

extension Routing.Groups {
    /// Takes the experts of all but the best groups out of the race: they are chosen only when nothing else is left.
    fileprivate func close(_ rank: inout [Float]) {
        let size = rank.count / count
        var sums = (0..<count).map { group in
            rank[group * size..<(group + 1) * size].sorted(by: >).prefix(best).reduce(0, +)
        }
        let open = Set((0..<chosen).map { _ in Routing.takeBest(&sums).index })
        for i in rank.indices where !open.contains(i / size) { rank[i] = -.infinity }
    }
}
