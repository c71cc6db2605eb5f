import Synchronization

/// Where the time of a step goes, as far as the step runs inside ``during(_:)``; elsewhere nothing is measured.
public final class Profile: Sendable {
    /// The phases of a training step.
    public enum Phase: String, Sendable, CaseIterable {
        /// Products with frozen matrices.
        case frozenProducts = "frozen_products"
        /// Products with adapters.
        case adapters
        /// Attention.
        case attention
        /// Head and loss.
        case loss
        /// Gradient norm and update.
        case optimizer
        /// Everything else: norms, activations, rotation, residuals, conversions.
        case pointwise
    }

    private struct State {
        var seconds: [Phase: Double] = [:]
        var isInside = false
    }

    // A task's own and not the process's: what others compute meanwhile is not this step's.
    @TaskLocal private static var current: Profile?
    private let state = Mutex(State())

    /// A profile of nothing yet.
    public init() {}

    /// Seconds by phase since the last ``reset()``; pointwise is what the caller's total leaves.
    public var seconds: [Phase: Double] { state.withLock { $0.seconds } }

    /// Forgets what was measured.
    public func reset() { state.withLock { $0.seconds = [:] } }

    /// Runs `body` and measures its phases.
    public func during<R>(_ body: () throws -> R) rethrows -> R {
        try Self.$current.withValue(self, operation: body)
    }

    /// Runs `body` and counts its time; phases inside it count as part of it.
    public static func measure<R>(_ phase: Phase, _ body: () throws -> R) rethrows -> R {
        guard let profile = current, profile.enter() else { return try body() }
        let start = ContinuousClock.now
        defer { profile.leave(phase, after: (ContinuousClock.now - start).seconds) }
        return try body()
    }

    private func enter() -> Bool {
        state.withLock { state in
            defer { state.isInside = true }
            return !state.isInside
        }
    }

    private func leave(_ phase: Phase, after seconds: Double) {
        state.withLock { state in
            state.seconds[phase, default: 0] += seconds
            state.isInside = false
        }
    }
}
