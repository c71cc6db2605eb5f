/// Everything the one decoder needs to know about a model, as values and switches; families differ only here and in
/// the names their files use.
///
/// The decoder this describes, for token ids `t` at positions `p`:
///
///     x = embedding[t] · embeddingScale (+ positions[p])
///     x = layer(x) for every layer
///     logits = logitScale · head(norm(x)), soft-capped: cap · tanh(logits / cap)
public struct TransformerConfig: Sendable, Equatable {
    /// The text model's `model_type`, e.g. `llama`.
    public var family: String
    /// Rows of the embedding and of the output head.
    public var vocabularySize: Int
    /// Width of the residual stream.
    public var hiddenSize: Int
    /// The longest sequence the model was made for, in tokens.
    public var maximumPositions: Int
    /// The blocks from bottom to top.
    public var layers: [LayerConfig]
    /// The rotary tables that attention layers point into by index.
    public var rotaries: [RotaryConfig]
    /// Whether a learned table with `maximumPositions` rows is added to the embedding (GPT-2).
    public var learnedPositions: Bool
    /// Every norm of the residual stream and the final one.
    public var norm: NormConfig
    /// Factor on the embedding's rows (Gemma √hidden, Granite `embedding_multiplier`).
    public var embeddingScale: Float
    /// Whether the head is the embedding matrix.
    public var tiedHead: Bool
    /// Factor on the logits (Granite 1 / `logits_scaling`), before the soft cap.
    public var logitScale: Float
    /// Bound of the logits, `cap · tanh(logits / cap)` (Gemma 2).
    public var logitSoftCap: Float?

    /// A configuration; the defaults are Llama's.
    public init(
        family: String, vocabularySize: Int, hiddenSize: Int, maximumPositions: Int, layers: [LayerConfig],
        rotaries: [RotaryConfig], norm: NormConfig, learnedPositions: Bool = false, embeddingScale: Float = 1,
        tiedHead: Bool = false, logitScale: Float = 1, logitSoftCap: Float? = nil
    ) {
        self.family = family
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.maximumPositions = maximumPositions
        self.layers = layers
        self.rotaries = rotaries
        self.norm = norm
        self.learnedPositions = learnedPositions
        self.embeddingScale = embeddingScale
        self.tiedHead = tiedHead
        self.logitScale = logitScale
        self.logitSoftCap = logitSoftCap
    }
}

/// A norm over the last dimension.
public struct NormConfig: Sendable, Equatable {
    /// Which mean is divided out.
    public enum Kind: Sendable, Equatable {
        /// `x / √(mean(x²) + ε) · w`
        case rootMeanSquare
        /// `(x − mean) / √(variance + ε) · w (+ b)`
        case layer
    }
    /// Which norm.
    public var kind: Kind
    /// ε inside the root.
    public var epsilon: Float
    /// Added to the stored weight before use: 1 for Gemma, whose files store `w − 1`; else 0.
    public var weightOffset: Float
    /// Whether the norm has a weight (OLMo 1's has none).
    public var hasWeight: Bool
    /// Whether the norm has a bias (layer norms of GPT-2, GPT-NeoX).
    public var hasBias: Bool

    /// A norm with a weight and no bias unless said otherwise.
    public init(
        _ kind: Kind, epsilon: Float, weightOffset: Float = 0, hasWeight: Bool = true, hasBias: Bool = false
    ) {
        self.kind = kind
        self.epsilon = epsilon
        self.weightOffset = weightOffset
        self.hasWeight = hasWeight
        self.hasBias = hasBias
    }
}
