/// One block of the decoder: what mixes positions, what works on each position, and where the norms stand.
public struct LayerConfig: Sendable, Equatable {
    /// What mixes positions. A block that is not attention (state space, linear attention) is a further case.
    public enum Mixer: Sendable, Equatable {
        /// Softmax attention with grouped heads.
        case attention(AttentionConfig)
        /// Multi-head latent attention (DeepSeek V2/V3).
        case latentAttention(LatentAttentionConfig)
    }

    /// Where the norms stand. `a` is the mixer, `f` the feed-forward, `x` the residual stream, `m` ``residualScale``.
    public enum Arrangement: Sendable, Equatable {
        /// `x += m·a(attentionNorm(x)); x += m·f(feedForwardNorm(x))`
        case pre
        /// `x += m·attentionPostNorm(a(x)); x += m·feedForwardPostNorm(f(x))` (OLMo 2 and 3)
        case post
        /// Both, before and after each part (Gemma 2 and 3).
        case sandwich
        /// `x += a(attentionNorm(x)) + f(feedForwardNorm(x))` (GPT-NeoX)
        case parallel
        /// `x += a(attentionNorm(x)) + f(attentionNorm(x))` (Cohere)
        case parallelShared
    }

    /// What mixes positions.
    public var mixer: Mixer
    /// What works on each position.
    public var feedForward: FeedForwardConfig
    /// Where the norms stand.
    public var arrangement: Arrangement
    /// Factor on what each part adds to the residual stream (Granite `residual_multiplier`).
    public var residualScale: Float

    /// A block; pre-norm unless said otherwise.
    public init(
        mixer: Mixer, feedForward: FeedForwardConfig, arrangement: Arrangement = .pre, residualScale: Float = 1
    ) {
        self.mixer = mixer
        self.feedForward = feedForward
        self.arrangement = arrangement
        self.residualScale = residualScale
    }

    /// The softmax attention, or nil when the mixer is something else.
    public var attention: AttentionConfig? {
        if case .attention(let attention) = mixer { attention } else { nil }
    }
}
