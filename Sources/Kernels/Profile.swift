/// Where the time of a step goes. Off unless switched on; used by the numeric thread alone.
public enum Profile {
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

    /// Whether time is measured.
    nonisolated(unsafe) public static var isOn = false
    /// Seconds by phase since the last ``reset()``; pointwise is what the caller's total leaves.
    nonisolated(unsafe) public private(set) static var seconds: [Phase: Double] = [:]
    nonisolated(unsafe) private static var depth = 0

    /// Forgets what was measured.
    public static func reset() { seconds = [:] }

    /// Runs `body` and counts its time; phases inside it count as part of it.
    public static func measure<R>(_ phase: Phase, _ body: () throws -> R) rethrows -> R {
        guard isOn && depth == 0 else { return try body() }
        depth += 1
        let start = ContinuousClock.now
        defer {
            seconds[phase, default: 0] += (ContinuousClock.now - start).seconds
            depth -= 1
        }
        return try body()
    }
}
