extension ModelFamily {
    /// Granite 3: Llama with factors on embedding, residual, scores and logits.
    static let granite = ModelFamily("granite", names: .llama) { reader in
        let sizes = reader.sizes(DecoderDefaults())
        return .granite("granite", reader, sizes, feedForward: sizes.dense(bias: reader.flag("mlp_bias", false)))
    }

    /// Granite 3 with experts, whose router is a softmax over the chosen.
    static let graniteMoe = ModelFamily("granitemoe", names: .graniteMoe) { reader in
        let sizes = reader.sizes(DecoderDefaults())
        let experts = reader.experts(
            counts: ["num_local_experts"], count: 8, perToken: 2,
            expert: DenseConfig(hidden: sizes.feedForward, activation: sizes.activation), routing: .choiceFirst,
            storage: .stacked)
        return .granite("granitemoe", reader, sizes, feedForward: .experts(experts))
    }
}

extension TransformerConfig {
    /// A Granite with its four factors.
    fileprivate static func granite(
        _ family: String, _ reader: ConfigReader, _ sizes: DecoderSizes, feedForward: FeedForwardConfig
    ) -> TransformerConfig {
        let scale = Float(reader.number("attention_multiplier", 1))
        let layer = LayerConfig(
            mixer: .attention(sizes.attention(scale: scale, bias: reader.flag("attention_bias", false))),
            feedForward: feedForward, residualScale: Float(reader.number("residual_multiplier", 1)))
        var config = TransformerConfig(
            family, sizes, layers: sizes.uniform(layer),
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)])
        config.embeddingScale = Float(reader.number("embedding_multiplier", 1))
        config.logitScale = Float(1 / reader.number("logits_scaling", 1, above: 0))
        return config
    }
}

extension WeightNames {
    fileprivate static let graniteMoe = llama.removingDenseFeedForward.setting([
        Entry(
            "layers.*.feedForward.router", "layers.*.block_sparse_moe.router", .router,
            older: ["layers.*.block_sparse_moe.router.layer"]),
        Entry(
            "layers.*.feedForward.experts.gateUp", "layers.*.block_sparse_moe.experts.gate_up_proj", .tensor,
            older: ["layers.*.block_sparse_moe.input_linear.weight"]),
        Entry(
            "layers.*.feedForward.experts.down", "layers.*.block_sparse_moe.experts.down_proj", .tensor,
            older: ["layers.*.block_sparse_moe.output_linear.weight"]),
    ])
}
