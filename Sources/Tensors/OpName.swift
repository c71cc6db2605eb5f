/// The ops that can be recorded. A test fails, and names it, when one has no gradient case.
public enum OpName: String, Sendable, CaseIterable {
    case embedding, norm, addNorm, projections, gatedProjection, rotary, attention, activation
    case add, scaled, convert, split, rows, linearCrossEntropy, recompute
    case route, expertBalance, gather, combine, clampedGate, rowScaled, clamp, joinHeads
}
