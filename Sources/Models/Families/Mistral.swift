import OrderedJSON

extension ModelFamily {
    /// Mistral 7B (sliding window), Nemo and Small (explicit head_dim, no window).
    static let mistral = ModelFamily("mistral", names: .llama) { reader in
        let sizes = reader.sizes(DecoderDefaults(feedForward: 14336, keyValueHeads: 8, positions: 4096 * 32))
        let reach = reader.nullableCount("sliding_window", 4096).map(AttentionConfig.Reach.window) ?? .full
        let layer = LayerConfig(mixer: .attention(sizes.attention(reach: reach)), feedForward: sizes.dense())
        return TransformerConfig(
            "mistral", sizes, layers: sizes.uniform(layer),
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)])
    }

    /// Ministral 3: YaRN, and queries that grow with their position.
    static let ministral3 = ModelFamily("ministral3", names: .llama) { reader in
        let sizes = reader.sizes(
            DecoderDefaults(
                vocabulary: 131072, feedForward: 14336, layers: 34, keyValueHeads: 8, headDim: 128, positions: 262144,
                epsilon: 1e-5))
        var attention = sizes.attention(
            reach: reader.optionalCount("sliding_window").map(AttentionConfig.Reach.window) ?? .full)
        var (name, rope) = reader.ropeMembers()
        if rope.isEmpty, reader.value("rope_parameters") == nil {
            rope = JSONObject([
                ("type", "yarn"), ("rope_theta", 1_000_000.0), ("factor", 16.0), ("mscale", 1.0),
                ("mscale_all_dim", 1.0), ("original_max_position_embeddings", 16384), ("llama_4_scaling_beta", 0.1),
            ])
            name = "rope_parameters"
        }
        let original = rope["original_max_position_embeddings"]?.intValue ?? sizes.positions
        if let beta = rope["llama_4_scaling_beta"], !beta.isNull {
            let strength = reader.number(beta, named: "\(name).llama_4_scaling_beta", above: nil) ?? 0
            attention.queryGrowth = .init(beta: Float(strength), originalPositions: max(original, 1))
        } else {
            reader.fault("\(name).llama_4_scaling_beta", "is missing")
        }
        let layer = LayerConfig(mixer: .attention(attention), feedForward: sizes.dense())
        return TransformerConfig(
            "ministral3", sizes, layers: sizes.uniform(layer),
            rotaries: [reader.rotary(name: name, members: rope, headDim: sizes.headDim, positions: sizes.positions)])
    }
}
