extension ModelFamily {
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
        // The multimodal class does not cap its logits, whatever its text model's configuration says.
        let cap = reader.nullableNumber("final_logit_softcapping", nil, above: 0).map(Float.init)
        config.logitSoftCap = reader.keyPrefix.isEmpty ? cap : nil
        return config.asGemma()
    }
}
