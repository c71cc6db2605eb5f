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

    /// Gemma 2: norms before and after each part, every other layer slides, soft caps on scores and logits.
    static let gemma2 = ModelFamily("gemma2", names: .llama.setting(WeightNames.sandwichNorms)) { reader in
        reader.refuse("use_bidirectional_attention", because: "only causal attention is supported")
        let sizes = reader.sizes(.gemma(vocabulary: 256000, positions: 8192))
        let layers = reader.gemmaLayers(sizes, softCap: 50) { ($0 + 1) % 2 != 0 }
        var config = TransformerConfig(
            "gemma2", sizes, layers: layers,
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)])
        config.logitSoftCap = reader.nullableNumber("final_logit_softcapping", 30, above: 0).map(Float.init)
        return config.asGemma()
    }

    /// Gemma 3, text: norms on queries and keys, five sliding layers to one full, a rotary table for each kind.
    static let gemma3 = ModelFamily(
        "gemma3_text", names: .llamaWithQueryKeyNorm.setting(WeightNames.sandwichNorms)
    ) { reader in
        reader.refuse("use_bidirectional_attention", because: "only causal attention is supported")
        let sizes = reader.sizes(.gemma(vocabulary: 262_208, positions: 131_072))
        let pattern = reader.count("sliding_window_pattern", 6)
        let layers = reader.gemmaLayers(sizes, softCap: nil) { ($0 + 1) % pattern != 0 }.map { layer in
            var layer = layer
            guard var attention = layer.attention else { return layer }
            attention.queryKeyNorm = .perHead
            attention.rotary = attention.reach == .full ? 0 : 1
            layer.mixer = .attention(attention)
            return layer
        }
        let (full, local) = (
            reader.number("rope_theta", 1_000_000, above: 0), reader.number("rope_local_base_freq", 10_000, above: 0)
        )
        var config = TransformerConfig(
            "gemma3_text", sizes, layers: layers,
            rotaries: [
                reader.rotary(layerType: .full, headDim: sizes.headDim, positions: sizes.positions, theta: full),
                reader.rotary(layerType: .sliding, headDim: sizes.headDim, positions: sizes.positions, theta: local),
            ])
        config.logitSoftCap = reader.nullableNumber("final_logit_softcapping", nil, above: 0).map(Float.init)
        return config.asGemma()
    }
}

extension DecoderDefaults {
    /// What the config classes of Gemma 2 and 3 share.
    static func gemma(vocabulary: Int, positions: Int) -> DecoderDefaults {
        DecoderDefaults(
            vocabulary: vocabulary, hidden: 2304, feedForward: 9216, layers: 26, heads: 8, keyValueHeads: 4,
            headDim: 256, positions: positions, activation: "gelu_pytorch_tanh", activationKey: "hidden_activation",
            tied: true)
    }
}

extension ConfigReader {
    /// The layers of Gemma 2 and 3: sandwiched, scaled by `query_pre_attn_scalar`, some of them sliding.
    func gemmaLayers(_ sizes: DecoderSizes, softCap: Double?, isSliding: (Int) -> Bool) -> [LayerConfig] {
        let scale = Float(1 / number("query_pre_attn_scalar", 256, above: 0).squareRoot())
        let bias = flag("attention_bias", false)
        let cap = nullableNumber("attn_logit_softcapping", softCap, above: 0).map(Float.init)
        let window = nullableCount("sliding_window", 4096)
        return reaches(layers: sizes.layers, window: window, isSliding: isSliding).map { reach in
            var attention = sizes.attention(scale: scale, reach: reach, bias: bias)
            attention.softCap = cap
            return LayerConfig(mixer: .attention(attention), feedForward: sizes.dense(), arrangement: .sandwich)
        }
    }
}

extension TransformerConfig {
    /// With Gemma's norm offset and embedding scale.
    fileprivate func asGemma() -> TransformerConfig {
        var config = self
        config.norm.weightOffset = 1
        config.embeddingScale = Float(Double(hiddenSize).squareRoot())
        return config
    }
}
