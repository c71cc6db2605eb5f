import CKernels
import Foundation
import Kernels
import Tensors

/// AdamW with decoupled weight decay on every parameter (Loshchilov & Hutter 2019), as torch.optim.AdamW computes it.
public struct AdamW {
    /// The constants.
    public struct Settings: Sendable, Equatable {
        /// Decay of the first moment.
        public var beta1 = 0.9
        /// Decay of the second moment.
        public var beta2 = 0.999
        /// Added to the root of the second moment.
        public var epsilon = 1e-8
        /// Share of a value lost a step, times the learning rate.
        public var weightDecay = 0.0
        /// Largest norm of all gradients together; 0 leaves them alone.
        public var maxGradientNorm = 1.0
        /// torch's defaults, and clipping at 1.
        public init() {}
    }

    let settings: Settings
    /// Updates done so far.
    var updates = 0
    /// Moments, one pair a parameter.
    var moments: [(first: Tensor, second: Tensor)]

    init(_ settings: Settings, parameters: [Parameter]) {
        self.settings = settings
        moments = parameters.map { (Tensor(zeros: $0.rows, $0.columns), Tensor(zeros: $0.rows, $0.columns)) }
    }

    // Panels of fixed size, so that neither sums nor updates depend on the number of threads.
    private static let panel = 1 << 15

    private static func panels(_ parameters: [Parameter]) -> [(index: Int, range: Range<Int>)] {
        parameters.enumerated().flatMap { index, parameter in
            stride(from: 0, to: parameter.count, by: panel).map { (index, $0..<min(parameter.count, $0 + panel)) }
        }
    }

    /// The norm of all gradients together; not finite when any of them is not.
    static func gradientNorm(_ parameters: [Parameter]) -> Double { norm(parameters, \.gradient) }

    /// The norm of what each parameter has there, all together; not finite when any number is not.
    static func norm(_ parameters: [Parameter], _ tensor: (Parameter) -> Tensor) -> Double {
        let panels = panels(parameters)
        let tensors = parameters.map(tensor)
        let sums = Tensor(uninitialized: panels.count, 2)  // room for a double each
        let doubles = sums.pointer.assumingMemoryBound(to: Double.self)
        Pool.run(panels.count) { i in
            let (index, range) = panels[i]
            doubles[i] = graft_sum_of_squares(tensors[index].floats + range.lowerBound, range.count)
        }
        return (0..<panels.count).reduce(0) { $0 + doubles[$1] }.squareRoot()
    }

    /// Clips and updates.
    mutating func update(_ parameters: [Parameter], norm: Double, rate: Double) {
        updates += 1
        let limit = settings.maxGradientNorm
        let scale = limit > 0 ? min(1, limit / (norm + 1e-6)) : 1  // torch.nn.utils.clip_grad_norm_
        let corrections = (1 - pow(settings.beta1, Double(updates)), 1 - pow(settings.beta2, Double(updates)))
        let panels = Self.panels(parameters)
        let (settings, moments) = (settings, moments)
        Pool.run(panels.count) { i in
            let (index, range) = panels[i]
            let start = range.lowerBound
            graft_adamw(
                parameters[index].value.floats + start, parameters[index].gradient.floats + start,
                moments[index].first.floats + start, moments[index].second.floats + start, Float(scale), Float(rate),
                settings.beta1, settings.beta2, Float(settings.epsilon), Float(settings.weightDecay),
                Float(corrections.0), Float(corrections.1), range.count)
            // The kernel draws to zero.
            let back = parameters[index].decaysTo * Float(rate * settings.weightDecay)
            if back != 0 { for j in range { parameters[index].value.floats[j] += back } }
        }
        for parameter in parameters { parameter.valueChanged() }
    }
}
