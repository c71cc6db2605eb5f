extension ModelFamily {
    /// Phi-3, 3.5 and 4-mini: fused projections, LongRoPE over part of each head.
    static let phi3 = ModelFamily(
        "phi3",
        names: .llama.removing(
            "layers.*.attention.query", "layers.*.attention.key", "layers.*.attention.value",
            "layers.*.feedForward.gate", "layers.*.feedForward.up"
        ).setting([
            .init("layers.*.attention.queryKeyValue", "layers.*.self_attn.qkv_proj"),
            .init("layers.*.feedForward.gateUp", "layers.*.mlp.gate_up_proj"),
        ])
    ) { reader in
        let sizes = reader.sizes(
            DecoderDefaults(
                vocabulary: 32064, hidden: 3072, feedForward: 8192, positions: 4096, epsilon: 1e-5))
        var attention = sizes.attention(
            reach: reader.optionalCount("sliding_window").map(AttentionConfig.Reach.window) ?? .full)
        attention.projection = .fused
        let layer = LayerConfig(mixer: .attention(attention), feedForward: sizes.dense(.gatedFused))
        let rotary = reader.rotary(headDim: sizes.headDim, positions: sizes.positions, partial: 1)
        switch rotary.scaling {
        case .none, .longRope: break
        default: reader.fault("rope_scaling.rope_type", "must be \"longrope\" or \"default\" in this family")
        }
        return TransformerConfig("phi3", sizes, layers: sizes.uniform(layer), rotaries: [rotary])
    }
}
