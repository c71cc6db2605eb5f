extension ModelFamily {
    /// Granite 3: Llama with factors on embedding, residual, scores and logits.
    static let granite = ModelFamily("granite", names: .llama) { reader in
        let sizes = reader.sizes(DecoderDefaults())
        let scale = Float(reader.number("attention_multiplier", 1))
        let layer = LayerConfig(
            mixer: .attention(sizes.attention(scale: scale, bias: reader.flag("attention_bias", false))),
            feedForward: sizes.dense(bias: reader.flag("mlp_bias", false)),
            residualScale: Float(reader.number("residual_multiplier", 1)))
        var config = TransformerConfig(
            "granite", sizes, layers: sizes.uniform(layer),
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)])
        config.embeddingScale = Float(reader.number("embedding_multiplier", 1))
        config.logitScale = Float(1 / reader.number("logits_scaling", 1, above: 0))
        return config
    }
}
