extension ModelFamily {
    /// Cohere Command R: one layer norm for both parts of a block, which run side by side; neighbouring values turn.
    static let cohere = ModelFamily("cohere", names: .cohere) { reader in
        let sizes = reader.sizes(.cohere)
        var attention = sizes.attention()
        if reader.flag("use_qk_norm", false) { attention.queryKeyNorm = .eachHead }
        return .cohere(
            "cohere", reader, sizes, theta: 500_000, attentions: Array(repeating: attention, count: sizes.layers))
    }

    /// Command R7B and A: three sliding layers to one full, which does not rotate.
    static let cohere2 = ModelFamily("cohere2", names: .cohere) { reader in
        let sizes = reader.sizes(.cohere)
        let pattern = reader.count("sliding_window_pattern", 4)
        let window = reader.nullableCount("sliding_window", 4096)
        let reaches = reader.reaches(layers: sizes.layers, window: window) { ($0 + 1) % pattern != 0 }
        return .cohere(
            "cohere2", reader, sizes, theta: 10000,
            attentions: reaches.map { sizes.attention(rotary: $0 == .full ? nil : 0, reach: $0) })
    }
}

extension DecoderDefaults {
    fileprivate static let cohere = DecoderDefaults(
        vocabulary: 256000, hidden: 8192, feedForward: 22528, layers: 40, heads: 64, positions: 8192, epsilon: 1e-5,
        epsilonKey: "layer_norm_eps", tied: true)
}

extension TransformerConfig {
    fileprivate static func cohere(
        _ family: String, _ reader: ConfigReader, _ sizes: DecoderSizes, theta: Double, attentions: [AttentionConfig]
    ) -> TransformerConfig {
        let bias = reader.flag("attention_bias", false)
        let layers = attentions.map { attention in
            var attention = attention
            (attention.inputBias, attention.outputBias) = (bias, bias)
            return LayerConfig(
                mixer: .attention(attention), feedForward: sizes.dense(), arrangement: .parallelShared)
        }
        var config = TransformerConfig(
            family, sizes, layers: layers,
            rotaries: [
                reader.rotary(
                    headDim: sizes.headDim, positions: sizes.positions, theta: theta, pairing: .neighbours)
            ], norm: NormConfig(.layer, epsilon: sizes.epsilon))
        config.logitScale = Float(reader.number("logit_scale", 0.0625))
        return config
    }
}

extension WeightNames {
    fileprivate static let cohere = llamaWithQueryKeyNorm.removing("layers.*.feedForwardNorm")
}
