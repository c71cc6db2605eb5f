extension ModelFamily {
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
