import Kernels
import Models

/// How much of an evaluation is in memory at once; never changes what comes out.
public struct EvaluationLimits: Sendable {
    /// Tokens that run together, where a sequence is not longer by itself.
    public var tokensPerPass = Transformer.rowsPerPass
    /// Bytes of kept keys and values, where one sequence does not need more by itself.
    public var cacheBytes = Machine.memory / 8

    /// What suits a machine that does nothing else.
    public init() {}
}
