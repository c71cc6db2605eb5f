extension ModelFamily {
    /// StarCoder 2: layer norms, biases everywhere, a plain feed-forward.
    static let starCoder2 = ModelFamily(
        "starcoder2",
        names: .llama.removing("layers.*.feedForward.gate").setting([
            .init("layers.*.feedForward.up", "layers.*.mlp.c_fc"),
            .init("layers.*.feedForward.down", "layers.*.mlp.c_proj"),
        ])
    ) { reader in
        let sizes = reader.sizes(
            DecoderDefaults(
                vocabulary: 49152, hidden: 3072, feedForward: 12288, layers: 30, heads: 24, keyValueHeads: 2,
                positions: 4096, epsilon: 1e-5, epsilonKey: "norm_epsilon", activation: "gelu_pytorch_tanh",
                tied: true))
        let bias = reader.flag("use_bias", true)
        let reach = reader.optionalCount("sliding_window").map(AttentionConfig.Reach.window) ?? .full
        let layer = LayerConfig(
            mixer: .attention(sizes.attention(reach: reach, bias: bias)), feedForward: sizes.dense(.plain, bias: bias))
        return TransformerConfig(
            "starcoder2", sizes, layers: sizes.uniform(layer),
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)],
            norm: NormConfig(.layer, epsilon: sizes.epsilon, hasBias: true))
    }
}
