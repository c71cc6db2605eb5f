/// One rotary table: which part of a head turns, how fast, and which values form a pair.
public struct RotaryConfig: Sendable, Equatable {
    /// Which values of a head turn together. `n` is ``dim``.
    public enum Pairing: Sendable, Equatable {
        /// Value `i` with value `i + n/2` (Llama in Hugging Face layout, NeoX).
        case halves
        /// Value `2i` with value `2i + 1` (Cohere, DeepSeek, Llama 4; Llama in GGUF layout).
        case neighbours
    }

    /// How the frequencies are stretched beyond the trained length.
    public enum Scaling: Sendable, Equatable {
        /// Not at all.
        case none
        /// All divided by `factor`.
        case linear(factor: Double)
        /// The base grows with the sequence once it is longer than `positions`.
        case dynamic(factor: Double, positions: Int)
        /// Long waves divided by the factor, short ones kept, a ramp between (Llama 3.1).
        case llama3(Llama3Scaling)
        /// A ramp between kept and divided frequencies by number of rotations, and a factor on attention.
        case yarn(YarnScaling)
        /// One divisor per frequency, another set beyond the original length, and a factor on attention.
        case longRope(LongRopeScaling)
        /// Only `angles` frequencies are not zero, computed over the whole head (transformers' `proportional`).
        case proportional(angles: Int, factor: Double)
    }

    /// The base of the geometric series of wavelengths.
    public var theta: Double
    /// Values of a head that turn, from its start; even; at most the head's width (the rest pass unchanged).
    public var dim: Int { basis + basis % 2 }
    /// What the frequencies' exponents are divided by: ``dim``, or one less where a share of a head comes out odd.
    public var basis: Int
    /// Which values form a pair.
    public var pairing: Pairing
    /// How the frequencies are stretched.
    public var scaling: Scaling

    /// A table for `dim` values of each head; halves and no scaling unless said otherwise.
    public init(theta: Double, dim: Int, pairing: Pairing = .halves, scaling: Scaling = .none) {
        self.theta = theta
        basis = dim
        self.pairing = pairing
        self.scaling = scaling
    }
}

/// Parameters of Llama 3.1's scaling.
public struct Llama3Scaling: Sendable, Equatable {
    /// Divisor of the long waves.
    public var factor: Double
    /// Waves longer than `originalPositions / lowFrequencyFactor` are divided.
    public var lowFrequencyFactor: Double
    /// Waves shorter than `originalPositions / highFrequencyFactor` are kept.
    public var highFrequencyFactor: Double
    /// Length the model was first trained for.
    public var originalPositions: Int
    /// The four numbers.
    public init(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalPositions: Int) {
        self.factor = factor
        self.lowFrequencyFactor = lowFrequencyFactor
        self.highFrequencyFactor = highFrequencyFactor
        self.originalPositions = originalPositions
    }
}

/// Parameters of YaRN.
public struct YarnScaling: Sendable, Equatable {
    /// Divisor of the long waves.
    public var factor: Double
    /// Length the model was first trained for.
    public var originalPositions: Int
    /// Frequencies with more rotations than this over the original length are kept.
    public var betaFast: Double
    /// Frequencies with fewer rotations than this are divided.
    public var betaSlow: Double
    /// Whether the ramp's ends are rounded outwards to whole dimensions.
    public var truncate: Bool
    /// Factor on cosines and sines.
    public var attentionFactor: Double
    /// The numbers; `attentionFactor` is resolved by the reader.
    public init(
        factor: Double, originalPositions: Int, betaFast: Double = 32, betaSlow: Double = 1, truncate: Bool = true,
        attentionFactor: Double
    ) {
        self.factor = factor
        self.originalPositions = originalPositions
        self.betaFast = betaFast
        self.betaSlow = betaSlow
        self.truncate = truncate
        self.attentionFactor = attentionFactor
    }
}

/// Parameters of LongRoPE.
public struct LongRopeScaling: Sendable, Equatable {
    /// Divisors up to the original length, one per frequency.
    public var shortFactors: [Double]
    /// Divisors for sequences longer than the original length.
    public var longFactors: [Double]
    /// Length the model was first trained for.
    public var originalPositions: Int
    /// Factor on cosines and sines, at every length.
    public var attentionFactor: Double
    /// The numbers; `attentionFactor` is resolved by the reader.
    public init(shortFactors: [Double], longFactors: [Double], originalPositions: Int, attentionFactor: Double) {
        self.shortFactors = shortFactors
        self.longFactors = longFactors
        self.originalPositions = originalPositions
        self.attentionFactor = attentionFactor
    }
}
