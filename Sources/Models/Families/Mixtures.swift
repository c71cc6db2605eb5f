extension ModelFamily {
    /// Mixtral: Mistral with experts in every layer.
    static let mixtral = ModelFamily("mixtral", names: .mixtral) { reader in
        let sizes = reader.sizes(
            DecoderDefaults(feedForward: 14336, keyValueHeads: 8, positions: 4096 * 32, epsilon: 1e-5))
        let experts = reader.experts(
            counts: ["num_local_experts", "num_experts"], count: 8, perToken: 2,
            expert: DenseConfig(hidden: sizes.feedForward, activation: sizes.activation),
            routing: .softmaxFirst(normalized: true))
        let reach = reader.optionalCount("sliding_window").map(AttentionConfig.Reach.window) ?? .full
        let layer = LayerConfig(mixer: .attention(sizes.attention(reach: reach)), feedForward: .experts(experts))
        return TransformerConfig(
            "mixtral", sizes, layers: sizes.uniform(layer),
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions, theta: 1_000_000)])
    }

    /// Qwen 2 with experts and a gated shared expert; every other layer may slide.
    static let qwen2Moe = ModelFamily("qwen2_moe", names: .qwenMoe) { reader in
        let sizes = reader.sizes(
            DecoderDefaults(
                vocabulary: 151936, hidden: 2048, feedForward: 5632, layers: 24, heads: 16, keyValueHeads: 16,
                positions: 32768))
        var experts = reader.qwenExperts(sizes, count: 60, perToken: 4, hidden: 1408)
        experts.shared = DenseConfig(
            hidden: reader.count("shared_expert_intermediate_size", 5632), activation: sizes.activation)
        experts.sharedGate = true
        let slides = reader.flag("use_sliding_window", false)
        let window = slides ? reader.nullableCount("sliding_window", 4096) : nil
        let lastSliding = reader.count("max_window_layers", 28, in: 0...ConfigReader.largest)
        let reaches = reader.reaches(layers: sizes.layers, window: window) {
            slides && ($0 + 1) % 2 != 0 && $0 < lastSliding
        }
        let bias = reader.flag("qkv_bias", true)
        let layers = zip(reaches, reader.qwenSparseLayers(sizes.layers)).map { reach, sparse in
            var attention = sizes.attention(reach: reach)
            attention.inputBias = bias
            return LayerConfig(mixer: .attention(attention), feedForward: sparse ? .experts(experts) : sizes.dense())
        }
        return TransformerConfig(
            "qwen2_moe", sizes, layers: layers,
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)])
    }

    /// Qwen 3 with experts.
    static let qwen3Moe = ModelFamily("qwen3_moe", names: .qwenMoe) { reader in
        let sizes = reader.sizes(
            DecoderDefaults(
                vocabulary: 151936, hidden: 2048, feedForward: 6144, layers: 24, heads: 32, keyValueHeads: 4,
                positions: 32768))
        let experts = reader.qwenExperts(sizes, count: 128, perToken: 8, hidden: 768)
        let window = reader.flag("use_sliding_window", false) ? reader.nullableCount("sliding_window", 4096) : nil
        var attention = sizes.attention(
            reach: window.map(AttentionConfig.Reach.window) ?? .full, bias: reader.flag("attention_bias", false))
        attention.queryKeyNorm = .perHead
        let layers = reader.qwenSparseLayers(sizes.layers).map { sparse in
            LayerConfig(mixer: .attention(attention), feedForward: sparse ? .experts(experts) : sizes.dense())
        }
        return TransformerConfig(
            "qwen3_moe", sizes, layers: layers,
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)])
    }

    /// OLMoE: norms over all query and key heads together, optionally clamped projections.
    static let olmoe = ModelFamily("olmoe", names: .qwenMoe) { reader in
        let sizes = reader.sizes(
            DecoderDefaults(
                vocabulary: 50304, hidden: 2048, feedForward: 2048, layers: 16, heads: 16, positions: 4096,
                epsilon: 1e-5))
        var experts = reader.qwenExperts(sizes, count: 64, perToken: 8, hidden: sizes.feedForward)
        experts.expert.hidden = sizes.feedForward
        var attention = sizes.attention(bias: reader.flag("attention_bias", false))
        attention.queryKeyNorm = .fullWidth
        attention.projectionClip = reader.optionalNumber("clip_qkv", above: 0).map(Float.init)
        let layer = LayerConfig(mixer: .attention(attention), feedForward: .experts(experts))
        return TransformerConfig(
            "olmoe", sizes, layers: sizes.uniform(layer),
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)])
    }
}

extension ConfigReader {
    fileprivate func qwenExperts(_ sizes: DecoderSizes, count: Int, perToken: Int, hidden: Int) -> ExpertsConfig {
        experts(
            counts: ["num_experts", "num_local_experts"], count: count, perToken: perToken,
            expert: DenseConfig(hidden: self.count("moe_intermediate_size", hidden), activation: sizes.activation),
            routing: .softmaxFirst(normalized: flag("norm_topk_prob", false)))
    }
}
