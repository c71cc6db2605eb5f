extension ModelFamily {
    /// Mixtral: Mistral with experts in every layer.
    static let mixtral = ModelFamily("mixtral", names: .mixtral) { reader in
        let sizes = reader.sizes(
            DecoderDefaults(feedForward: 14336, keyValueHeads: 8, positions: 4096 * 32, epsilon: 1e-5))
        let experts = reader.experts(
            counts: ["num_local_experts", "num_experts"], count: 8, perToken: 2,
            expert: DenseConfig(hidden: sizes.feedForward, activation: sizes.activation),
            routing: .softmaxFirst(normalized: true))
        let reach = reader.optionalCount("sliding_window").map(AttentionConfig.Reach.window) ?? .full
        let layer = LayerConfig(mixer: .attention(sizes.attention(reach: reach)), feedForward: .experts(experts))
        return TransformerConfig(
            "mixtral", sizes, layers: sizes.uniform(layer),
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions, theta: 1_000_000)])
    }
}

extension WeightNames {
    /// Mixtral's experts have numbered matrices: w1 gate, w2 down, w3 up.
    fileprivate static let mixtral = llama.removingDenseFeedForward.setting(
        experts(in: "block_sparse_moe", gate: "w1", up: "w3", down: "w2"))
}
