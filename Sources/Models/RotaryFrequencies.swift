import Glibc

/// How fast each pair of a rotary table turns, for sequences of a given length.
///
/// The steps and roundings are those of transformers' `modeling_rope_utils` in f32, because at position 100,000 one
/// unit in the last place of a frequency is a hundredth of a radian.
public struct RotaryFrequencies: Sendable, Equatable {
    /// Radians per position, one value for each of the `dim / 2` pairs.
    public var inverse: [Float]
    /// Factor on cosines and sines.
    public var attentionFactor: Float

    /// The frequencies of a table.
    ///
    /// - Parameters:
    ///   - config: the table.
    ///   - length: tokens in the sequence, counting those in a cache; only dynamic scaling and LongRoPE depend on it.
    public init(_ config: RotaryConfig, length: Int) {
        attentionFactor = 1
        let base = Float(config.theta)
        let plain = { Self.series(base, dim: config.basis) }
        switch config.scaling {
        case .none: inverse = plain()
        case .linear(let factor): inverse = plain().map { $0 / Float(factor) }
        case .dynamic(let factor, let positions):
            inverse = length > positions ? Self.dynamic(config, factor, Float(positions), Float(length)) : plain()
        case .llama3(let scaling): inverse = plain().map { Self.llama3($0, scaling) }
        case .yarn(let scaling):
            inverse = Self.yarn(theta: config.theta, dim: config.basis, scaling)
            attentionFactor = Float(scaling.attentionFactor)
        case .longRope(let scaling):
            let factors = length > scaling.originalPositions ? scaling.longFactors : scaling.shortFactors
            inverse = zip(factors, Self.powers(base, dim: config.basis)).map { 1 / (Float($0) * $1) }
            attentionFactor = Float(scaling.attentionFactor)
        case .proportional(let angles, let factor):
            inverse = plain().enumerated().map { $0 < angles ? $1 / Float(factor) : 0 }
        }
    }

    /// `base^(2i/dim)` for each pair.
    private static func powers(_ base: Float, dim: Int) -> [Float] {
        stride(from: 0, to: dim, by: 2).map { Float(pow(Double(base), Double(Float($0) / Float(dim)))) }
    }

    /// `base^(−2i/dim)` for each pair.
    private static func series(_ base: Float, dim: Int) -> [Float] { powers(base, dim: dim).map { 1 / $0 } }

    /// Dynamic scaling: the base that keeps the longest wave's end where linear scaling would put it.
    private static func dynamic(
        _ config: RotaryConfig, _ factor: Double, _ positions: Float, _ length: Float
    ) -> [Float] {
        let dim = Double(config.basis)
        let stretch = Float(factor) * length / positions - Float(factor - 1)
        let growth = Float(pow(Double(stretch), config.basis > 2 ? dim / (dim - 2) : 1))
        return series(Float(config.theta) * growth, dim: config.basis)
    }

    /// Llama 3.1: waves beyond `original / low` divided by the factor, below `original / high` kept, between blended.
    private static func llama3(_ frequency: Float, _ scaling: Llama3Scaling) -> Float {
        let original = Double(scaling.originalPositions)
        let (factor, low) = (Float(scaling.factor), Float(scaling.lowFrequencyFactor))
        // PyTorch divides a number by a tensor in two steps, by the reciprocal.
        let wave = 1 / frequency * Float(2 * Double.pi)
        if wave < Float(original / scaling.highFrequencyFactor) { return frequency }
        if wave > Float(original / scaling.lowFrequencyFactor) { return frequency / factor }
        // The difference is taken in double precision: of factors that are near each other little would be left in f32.
        let smooth =
            (1 / wave * Float(original) - low) / Float(scaling.highFrequencyFactor - scaling.lowFrequencyFactor)
        return (1 - smooth) * frequency / factor + smooth * frequency
    }

    /// YaRN: pairs with more than `betaFast` rotations over the original length are kept, with fewer than `betaSlow`
    /// divided by the factor; a linear ramp over the pairs between.
    private static func yarn(theta: Double, dim: Int, _ scaling: YarnScaling) -> [Float] {
        func pair(rotations: Double) -> Double {
            Double(dim) * log(Double(scaling.originalPositions) / (rotations * 2 * .pi)) / (2 * log(theta))
        }
        var (low, high) = (pair(rotations: scaling.betaFast), pair(rotations: scaling.betaSlow))
        if scaling.truncate { (low, high) = (low.rounded(.down), high.rounded(.up)) }
        (low, high) = (max(low, 0), min(high, Double(dim - 1)))
        if low == high { high += 0.001 }
        return powers(Float(theta), dim: dim).enumerated().map { i, power in
            let ramp = min(max((Float(i) - Float(low)) / Float(high - low), 0), 1)
            let kept = 1 - ramp
            return 1 / (Float(scaling.factor) * power) * (1 - kept) + 1 / power * kept
        }
    }
}
