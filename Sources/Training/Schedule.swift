import Foundation

/// The learning rate over a run, computed as transformers does (`optimization.py`, version 5.23).
public struct Schedule: Sendable, Equatable {
    /// The shape after the warm-up.
    public enum Shape: String, Sendable {
        /// Stays at the top.
        case constant
        /// Falls in a straight line.
        case linear
        /// Falls along half a cosine.
        case cosine
    }
    /// The shape after the warm-up.
    public var shape: Shape
    /// The highest rate.
    public var peak: Double
    /// Where linear and cosine end.
    public var minimum: Double
    /// Steps in which the rate rises from 0.
    public var warmupSteps: Int
    /// Steps of the whole run.
    public var totalSteps: Int

    /// A schedule; the warm-up takes ⌈ratio · steps⌉ steps.
    public init(shape: Shape, peak: Double, minimum: Double = 0, warmupRatio: Double, totalSteps: Int) {
        self.shape = shape
        self.peak = peak
        self.minimum = minimum
        self.totalSteps = totalSteps
        warmupSteps = Int((warmupRatio * Double(totalSteps)).rounded(.up))
    }

    /// The rate of a step, counted from 0: 0 in the first one when there is a warm-up.
    public func rate(at step: Int) -> Double {
        if step < warmupSteps { return peak * Double(step) / Double(max(1, warmupSteps)) }
        let rest = Double(max(1, totalSteps - warmupSteps))
        let progress = Double(step - warmupSteps) / rest
        switch shape {
        case .constant: return peak
        case .linear: return minimum + (peak - minimum) * max(0, 1 - progress)
        case .cosine: return minimum + (peak - minimum) * max(0, 0.5 * (1 + cos(Double.pi * progress)))
        }
    }
}
