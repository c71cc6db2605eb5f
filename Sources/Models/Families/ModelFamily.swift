/// What one family of models has of its own: how its config.json is read and how its files name the weights.
struct ModelFamily: Sendable {
    /// The values of `model_type` that mean this family.
    let types: [String]
    /// The names of its weights.
    let names: WeightNames
    /// Reads a configuration; problems go to the reader.
    let read: @Sendable (ConfigReader) -> TransformerConfig

    init(_ types: String..., names: WeightNames, read: @escaping @Sendable (ConfigReader) -> TransformerConfig) {
        self.types = types
        self.names = names
        self.read = read
    }

    /// Every family the decoder serves.
    static let all: [ModelFamily] = [
        .llama, .mistral, .ministral3, .qwen2, .qwen3, .gemma, .gemma2, .gemma3, .phi3, .gptNeoX, .gpt2, .smolLM3,
        .olmo, .olmo2, .olmo3, .granite, .cohere, .cohere2, .starCoder2, .mixtral, .qwen2Moe, .qwen3Moe, .olmoe,
        .graniteMoe, .deepseekV2, .deepseekV3,
        .llama4, .gptOss,
    ]

    /// The family of a `model_type`.
    static func named(_ type: String) -> ModelFamily? { all.first { $0.types.contains(type) } }

    /// Every `model_type` that can be read, for messages and documentation.
    static var knownTypes: [String] { all.flatMap(\.types) }
}

extension TransformerConfig {
    /// A configuration from the sizes every decoder has.
    init(
        _ family: String, _ sizes: DecoderSizes, layers: [LayerConfig], rotaries: [RotaryConfig],
        norm: NormConfig? = nil
    ) {
        self.init(
            family: family, vocabularySize: sizes.vocabulary, hiddenSize: sizes.hidden,
            maximumPositions: sizes.positions, layers: layers, rotaries: rotaries,
            norm: norm ?? NormConfig(.rootMeanSquare, epsilon: sizes.epsilon), tiedHead: sizes.tied)
    }
}

extension DecoderSizes {
    /// Attention with these heads.
    func attention(
        scale: Float? = nil, rotary: Int? = 0, reach: AttentionConfig.Reach = .full, bias: Bool = false
    ) -> AttentionConfig {
        AttentionConfig(
            heads: heads, keyValueHeads: keyValueHeads, headDim: headDim, scale: scale, rotary: rotary, reach: reach,
            inputBias: bias, outputBias: bias)
    }

    /// A feed-forward network of this width.
    func dense(_ kind: DenseConfig.Kind = .gated, bias: Bool = false) -> FeedForwardConfig {
        .dense(DenseConfig(kind, hidden: feedForward, activation: activation, bias: bias))
    }

    /// All layers alike.
    func uniform(_ layer: LayerConfig) -> [LayerConfig] { Array(repeating: layer, count: layers) }
}
