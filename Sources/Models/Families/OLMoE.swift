extension ModelFamily {
    /// OLMoE: norms over all query and key heads together, optionally clamped projections.
    static let olmoe = ModelFamily("olmoe", names: .qwenMoe) { reader in
        let sizes = reader.sizes(
            DecoderDefaults(
                vocabulary: 50304, hidden: 2048, feedForward: 2048, layers: 16, heads: 16, positions: 4096,
                epsilon: 1e-5))
        let experts = reader.qwenExperts(sizes, count: 64, perToken: 8, hidden: sizes.feedForward)
        var attention = sizes.attention(bias: reader.flag("attention_bias", false))
        attention.queryKeyNorm = .fullWidth
        attention.projectionClip = reader.optionalNumber("clip_qkv", above: 0).map(Float.init)
        let layer = LayerConfig(mixer: .attention(attention), feedForward: .experts(experts))
        return TransformerConfig(
            "olmoe", sizes, layers: sizes.uniform(layer),
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)])
    }
}
