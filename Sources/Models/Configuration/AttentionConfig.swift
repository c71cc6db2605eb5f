/// Softmax attention with grouped heads: query head `h` reads key and value head `h / (heads / keyValueHeads)`.
///
///     scores = softCap?(query · keyᵀ · scale), masked to ``reach``, softmax; output = scores · value
public struct AttentionConfig: Sendable, Equatable {
    /// How far back a position sees. Position `i` always sees itself and never the future.
    public enum Reach: Sendable, Equatable {
        /// Everything before it.
        case full
        /// Positions `j` with `i − j < width`: `width` positions, itself included.
        case window(Int)
        /// Positions of its own chunk, `j / width == i / width` (Llama 4).
        case chunk(Int)
    }

    /// How query, key and value projections are stored, hence which modules an adapter can attach to.
    public enum Projection: Sendable, Equatable {
        /// Three modules: `query`, `key`, `value`.
        case separate
        /// One module `queryKeyValue`, output rows: all query heads, all key heads, all value heads (Phi-3, GPT-2).
        case fused
        /// One module `queryKeyValue`, output rows for each key head in turn: its query heads, the key head, the value
        /// head (GPT-NeoX, where every group has one query head: q, k, v head by head).
        case fusedByGroup
    }

    /// A norm on queries and keys, applied before the rotation.
    public enum QueryKeyNorm: Sendable, Equatable {
        /// None.
        case none
        /// Over each head; weight of `headDim` values (Qwen 3, Gemma 3).
        case perHead
        /// Over each head, without weights (Llama 4). It commutes with the rotation, which there comes first.
        case perHeadUnweighted
        /// Over each head, with weights of its own: `heads · headDim` and `keyValueHeads · headDim` values, head by
        /// head; of the kind of the model's other norms (Cohere).
        case eachHead
        /// Over all heads together; weights of `heads · headDim` and `keyValueHeads · headDim` (OLMo 2 and 3).
        case fullWidth
    }

    /// Growth of the query with its position (Ministral 3, Llama 4):
    /// `query *= 1 + beta · ln(1 + ⌊(position + shift) / originalPositions⌋)`.
    public struct QueryGrowth: Sendable, Equatable {
        /// Strength.
        public var beta: Float
        /// Positions before the first growth.
        public var originalPositions: Int
        /// Added to the position: 0 in Ministral 3, 1 in Llama 4.
        public var shift: Int
        /// Growth with the given strength.
        public init(beta: Float, originalPositions: Int, shift: Int = 0) {
            self.beta = beta
            self.originalPositions = originalPositions
            self.shift = shift
        }
    }

    /// Query heads.
    public var heads: Int
    /// Key and value heads; divides `heads`.
    public var keyValueHeads: Int
    /// Width of a head.
    public var headDim: Int
    /// Factor on query · key, usually 1 / √headDim.
    public var scale: Float
    /// Index into `TransformerConfig.rotaries`; nil rotates nothing (NoPE layers, GPT-2).
    public var rotary: Int?
    /// How far back a position sees.
    public var reach: Reach
    /// How the projections are stored.
    public var projection: Projection
    /// Norm on queries and keys.
    public var queryKeyNorm: QueryKeyNorm
    /// ε of that norm; nil: that of the model's other norms.
    public var queryKeyNormEpsilon: Float?
    /// Whether the query, key and value projections have biases.
    public var inputBias: Bool
    /// Whether the output projection has a bias.
    public var outputBias: Bool
    /// Bound of the scores, `cap · tanh(score / cap)` (Gemma 2).
    public var softCap: Float?
    /// Bound of the projected queries, keys and values, clamped to ±bound (OLMo 1).
    public var projectionClip: Float?
    /// Growth of the query with its position.
    public var queryGrowth: QueryGrowth?
    /// Whether each head has a learned score that joins the softmax and is then dropped (gpt-oss).
    public var sinks: Bool

    /// Attention; the defaults are Llama's, with the scale 1 / √headDim.
    public init(
        heads: Int, keyValueHeads: Int, headDim: Int, scale: Float? = nil, rotary: Int? = 0, reach: Reach = .full,
        projection: Projection = .separate, queryKeyNorm: QueryKeyNorm = .none, inputBias: Bool = false,
        outputBias: Bool = false, softCap: Float? = nil, projectionClip: Float? = nil,
        queryGrowth: QueryGrowth? = nil, sinks: Bool = false
    ) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headDim = headDim
        self.scale = scale ?? Float(1 / Double(headDim).squareRoot())
        self.rotary = rotary
        self.reach = reach
        self.projection = projection
        self.queryKeyNorm = queryKeyNorm
        self.inputBias = inputBias
        self.outputBias = outputBias
        self.softCap = softCap
        self.projectionClip = projectionClip
        self.queryGrowth = queryGrowth
        self.sinks = sinks
    }
}

/// Multi-head latent attention (DeepSeek V2/V3): queries, and keys with values, pass through a narrow normed layer;
/// a head has a part that is not rotated and a rotated part, whose key is shared by all heads.
///
///     q = queryUp(queryDownNorm(queryDown(x))) or query(x); each head: plainDim values, then rotaryDim that turn
///     c, r = keyValueDown(x) split after keyValueRank; r turns, one for all heads
///     each head of keyValueUp(keyValueNorm(c)): plainDim values of the key, then valueDim of the value
///     scores = (q_plain · k_plain + q_turned · r) · scale
public struct LatentAttentionConfig: Sendable, Equatable {
    /// Heads, of queries, keys and values alike.
    public var heads: Int
    /// Width of the narrow query; nil projects queries directly (V2-Lite).
    public var queryRank: Int?
    /// Width of the narrow key-value.
    public var keyValueRank: Int
    /// Width of a head's part without rotation.
    public var plainDim: Int
    /// Width of a head's rotated part.
    public var rotaryDim: Int
    /// Width of a value head.
    public var valueDim: Int
    /// Factor on query · key.
    public var scale: Float
    /// Index into `TransformerConfig.rotaries`.
    public var rotary: Int
    /// Whether the projections into the narrow layers, and the output, have biases.
    public var bias: Bool
    /// ε of the norms of the narrow layers, which is not that of the residual stream.
    public var normEpsilon: Float

    /// Latent attention.
    public init(
        heads: Int, queryRank: Int?, keyValueRank: Int, plainDim: Int, rotaryDim: Int, valueDim: Int, scale: Float,
        rotary: Int, bias: Bool = false, normEpsilon: Float = 1e-6
    ) {
        self.heads = heads
        self.queryRank = queryRank
        self.keyValueRank = keyValueRank
        self.plainDim = plainDim
        self.rotaryDim = rotaryDim
        self.valueDim = valueDim
        self.scale = scale
        self.rotary = rotary
        self.bias = bias
        self.normEpsilon = normEpsilon
    }
}
