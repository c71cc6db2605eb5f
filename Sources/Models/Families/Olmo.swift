extension ModelFamily {
    /// OLMo 1: layer norms without weights, optionally clamped projections.
    static let olmo = ModelFamily(
        "olmo", names: .llama.removing("layers.*.attentionNorm", "layers.*.feedForwardNorm", "norm")
    ) { reader in
        let sizes = reader.sizes(DecoderDefaults(vocabulary: 50304))
        var attention = sizes.attention(bias: reader.flag("attention_bias", false))
        attention.projectionClip = reader.optionalNumber("clip_qkv", above: 0).map(Float.init)
        let layer = LayerConfig(mixer: .attention(attention), feedForward: sizes.dense())
        return TransformerConfig(
            "olmo", sizes, layers: sizes.uniform(layer),
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)],
            norm: NormConfig(.layer, epsilon: 1e-5, hasWeight: false))
    }

    /// OLMo 2: norms after each part, and over all query and key heads together.
    static let olmo2 = ModelFamily("olmo2", names: .olmo2) { reader in
        let sizes = reader.sizes(DecoderDefaults(vocabulary: 50304, epsilon: 1e-5))
        let layers = reader.olmoLayers(sizes, reaches: Array(repeating: .full, count: sizes.layers))
        return TransformerConfig(
            "olmo2", sizes, layers: layers,
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)])
    }

    /// OLMo 3: OLMo 2 with three sliding layers to one full, which alone has scaled rotations.
    static let olmo3 = ModelFamily("olmo3", names: .olmo2) { reader in
        let sizes = reader.sizes(DecoderDefaults(vocabulary: 50304, epsilon: 1e-5))
        let window = reader.nullableCount("sliding_window", 4096)
        let reaches = reader.reaches(layers: sizes.layers, window: window) { ($0 + 1) % 4 != 0 }
        // transformers gives a `rope_theta` outside the dictionaries to full attention only.
        let theta = reader.number("rope_theta", 500_000, above: 0)
        return TransformerConfig(
            "olmo3", sizes, layers: reader.olmoLayers(sizes, reaches: reaches),
            rotaries: [
                reader.rotary(layerType: .full, headDim: sizes.headDim, positions: sizes.positions, theta: theta),
                reader.rotary(layerType: .sliding, headDim: sizes.headDim, positions: sizes.positions, theta: 500_000),
            ])
    }
}

extension ConfigReader {
    fileprivate func olmoLayers(_ sizes: DecoderSizes, reaches: [AttentionConfig.Reach]) -> [LayerConfig] {
        let bias = flag("attention_bias", false)
        return reaches.map { reach in
            var attention = sizes.attention(rotary: reach == .full ? 0 : 1, reach: reach, bias: bias)
            attention.queryKeyNorm = .fullWidth
            return LayerConfig(mixer: .attention(attention), feedForward: sizes.dense(), arrangement: .post)
        }
    }
}

extension WeightNames {
    fileprivate static let olmo2 = llamaWithQueryKeyNorm.removing("layers.*.attentionNorm", "layers.*.feedForwardNorm")
        .setting([
            Entry("layers.*.attentionPostNorm", "layers.*.post_attention_layernorm", .norm),
            Entry("layers.*.feedForwardPostNorm", "layers.*.post_feedforward_layernorm", .norm),
        ])
}
