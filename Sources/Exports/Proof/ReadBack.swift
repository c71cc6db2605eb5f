import Diagnostics
import Models

/// The one way every export is proved: the files are read back and their model predicts what the model in memory does.
public struct ReadBack {
    /// The base.
    public let base: Transformer
    /// Base and adapter in memory; the base itself where there is no adapter.
    public let memory: Transformer
    /// What they are compared on.
    public let probes: Probes
    /// Called now and then; may throw to end the work.
    public let progress: () throws -> Void

    var hasAdapter: Bool { base !== memory }

    /// A comparison.
    public init(base: Transformer, memory: Transformer?, probes: Probes, progress: @escaping () throws -> Void = {}) {
        self.base = base
        self.memory = memory ?? base
        self.probes = probes
        self.progress = progress
    }

    /// Compares a model made from the written files with the model in memory.
    ///
    /// - Parameters:
    ///   - written: the model that the files hold, adapter included.
    ///   - quantisedBase: the base as the same export holds it without the adapter; only for `.quantised`.
    ///   - wayOut: what the user can do where rounding is too coarse; nil for what always helps.
    /// - Throws: ``ProofFailure`` when a bound is not met or the adapter changes nothing.
    public func prove(
        _ written: Transformer, _ exactness: Proof.Exactness, quantisedBase: Transformer? = nil, wayOut: String? = nil
    ) throws -> Proof {
        let others = hasAdapter ? [written, base] : [written]
        let measured = try Divergence.measure(others, from: memory, on: probes, progress: progress)
        let quantisation = try quantisedBase.map {
            try Divergence.measure([$0], from: base, on: probes, progress: progress)[0]
        }
        let proof = Proof(
            exactness, origin: probes.origin, effect: hasAdapter ? measured[1] : nil, exported: measured[0],
            quantisation: quantisation, wayOut: wayOut)
        try proof.check()
        return proof
    }

    /// Whether the adapter does anything, before any file is written for it.
    public func checkEffect() throws {
        guard hasAdapter else { return }
        let effect = try Divergence.measure([base], from: memory, on: probes, progress: progress)[0]
        try Proof(.exact, origin: probes.origin, effect: effect, exported: Divergence(), quantisation: nil).check()
    }
}
