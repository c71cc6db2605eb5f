import Tensors

extension ModelFamily {
    /// Gemma 1: norms store `w − 1`, the embedding is scaled by √hidden.
    static let gemma = ModelFamily("gemma", names: .llama) { reader in
        reader.refuse("use_bidirectional_attention", because: "only causal attention is supported")
        var sizes = reader.sizes(
            DecoderDefaults(
                vocabulary: 256000, hidden: 3072, feedForward: 24576, layers: 28, heads: 16, keyValueHeads: 16,
                headDim: 256, positions: 8192, activation: "gelu_pytorch_tanh", tied: true))
        // Gemma's first files say "gelu" and mean the tanh form; transformers corrects it too.
        if sizes.activation == .gelu { sizes.activation = .geluTanh }
        let layer = LayerConfig(
            mixer: .attention(sizes.attention(bias: reader.flag("attention_bias", false))), feedForward: sizes.dense())
        return TransformerConfig(
            "gemma", sizes, layers: sizes.uniform(layer),
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)]
        ).asGemma()
    }
}

extension TransformerConfig {
    /// With Gemma's norm offset and embedding scale.
    func asGemma() -> TransformerConfig {
        var config = self
        config.norm.weightOffset = 1
        config.embeddingScale = Float(Double(hiddenSize).squareRoot())
        return config
    }
}
