extension ModelFamily {
    /// Qwen 2 with experts and a gated shared expert; every other layer may slide.
    static let qwen2Moe = ModelFamily("qwen2_moe", names: .qwenMoe) { reader in
        let sizes = reader.sizes(
            DecoderDefaults(
                vocabulary: 151936, hidden: 2048, feedForward: 5632, layers: 24, heads: 16, keyValueHeads: 16,
                positions: 32768))
        var experts = reader.qwenExperts(
            sizes, count: 60, perToken: 4, hidden: reader.count("moe_intermediate_size", 1408))
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
        let experts = reader.qwenExperts(
            sizes, count: 128, perToken: 8, hidden: reader.count("moe_intermediate_size", 768))
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
}

extension ConfigReader {
    /// The experts of Qwen's mixtures and OLMoE, each of so many `hidden` numbers.
    func qwenExperts(_ sizes: DecoderSizes, count: Int, perToken: Int, hidden: Int) -> ExpertsConfig {
        experts(
            counts: ["num_experts", "num_local_experts"], count: count, perToken: perToken,
            expert: DenseConfig(hidden: hidden, activation: sizes.activation),
            routing: .softmaxFirst(normalized: flag("norm_topk_prob", false)))
    }
}

extension WeightNames {
    /// Qwen's mixtures and OLMoE; layers without experts have the usual dense names.
    static let qwenMoe = llamaWithQueryKeyNorm.setting(
        experts(in: "mlp", gate: "gate_proj", up: "up_proj", down: "down_proj") + shared(as: "mlp.shared_expert") + [
            Entry("layers.*.feedForward.sharedGate", "layers.*.mlp.shared_expert_gate")
        ])
}
