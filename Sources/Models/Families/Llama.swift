extension ModelFamily {
    /// Llama 1 to 3.3 and everything that copies its layout (SmolLM, TinyLlama, DeepSeek LLM, Yi …).
    static let llama = ModelFamily("llama", names: .llama) { reader in
        let sizes = reader.sizes(DecoderDefaults())
        let layer = LayerConfig(
            mixer: .attention(sizes.attention(bias: reader.flag("attention_bias", false))),
            feedForward: sizes.dense(bias: reader.flag("mlp_bias", false)))
        return TransformerConfig(
            "llama", sizes, layers: sizes.uniform(layer),
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)])
    }
}
