import Glibc
import OrderedJSON

extension ConfigReader {
    /// The sizes of a model with latent attention, whose heads are sized by keys of their own; `headDim` is the
    /// rotated part.
    func latentSizes(_ defaults: DecoderDefaults) -> DecoderSizes {
        let heads = count("num_attention_heads", defaults.heads, in: 1...65536)
        return sizes(
            defaults, hidden: count("hidden_size", defaults.hidden), heads: heads, keyValueHeads: heads,
            headDim: count("qk_rope_head_dim", 64, in: 2...65536))
    }

    /// One routed expert.
    func deepseekExpert(_ sizes: DecoderSizes, hidden: Int) -> DenseConfig {
        DenseConfig(hidden: count("moe_intermediate_size", hidden), activation: sizes.activation)
    }

    /// Routing of `experts` among groups; notes groups of unequal size, and fewer experts to choose from than are
    /// chosen.
    func groups(
        _ experts: ExpertsConfig, groups: Int = 1, chosen: Int = 1, sigmoid: Bool,
        score: ExpertsConfig.GroupedRouting.GroupScore, normalized: Bool
    ) -> ExpertsConfig.GroupedRouting {
        let total = count("n_group", groups, in: 1...65536)
        let picked = count("topk_group", chosen, in: 1...65536)
        let (each, rest) = experts.count.quotientAndRemainder(dividingBy: total)
        if rest != 0 { fault("n_group", "is \(total), which does not divide the \(experts.count) experts") }
        if picked > total { fault("topk_group", "is \(picked), more than n_group \(total)") }
        if sigmoid, rest == 0, experts.perToken > picked * each {
            fault("num_experts_per_tok", "is \(experts.perToken), more than there are in topk_group \(picked) groups")
        }
        return .init(
            sigmoid: sigmoid, correction: sigmoid, groups: total, chosenGroups: min(picked, total), groupScore: score,
            normalized: normalized)
    }

    /// Latent attention; with YaRN the scale grows by the square of its magnitude over all dimensions.
    func latentAttention(_ sizes: DecoderSizes, rotary: RotaryConfig) -> LatentAttentionConfig {
        let plain = count("qk_nope_head_dim", 128, in: 1...65536)
        var scale = 1 / Double(plain + sizes.headDim).squareRoot()
        let (name, rope) = ropeMembers()
        if rotary.scaling != .none, let strength = rope["mscale_all_dim"], !strength.isNull,
            let strength = number(strength, named: "\(name).mscale_all_dim", above: nil), strength != 0,
            let factor = rope["factor"]?.doubleValue, factor > 1
        {
            let magnitude = 0.1 * strength * log(factor) + 1
            scale *= magnitude * magnitude
        }
        return LatentAttentionConfig(
            heads: sizes.heads, queryRank: nullableCount("q_lora_rank", 1536),
            keyValueRank: count("kv_lora_rank", 512), plainDim: plain, rotaryDim: sizes.headDim,
            valueDim: count("v_head_dim", 128, in: 1...65536), scale: Float(scale), rotary: 0,
            bias: flag("attention_bias", false))
    }
}

extension TransformerConfig {
    static func deepseek(
        _ family: String, _ reader: ConfigReader, _ sizes: DecoderSizes, experts: ExpertsConfig, shared: Int,
        weightScale: Double, firstSparse: Int, sharedBias: Bool, pairing: RotaryConfig.Pairing
    ) -> TransformerConfig {
        let rotary = reader.rotary(headDim: sizes.headDim, positions: sizes.positions, pairing: pairing)
        var experts = experts
        experts.weightScale = Float(reader.number("routed_scaling_factor", weightScale))
        experts.shared = experts.expert
        experts.shared?.hidden *= reader.count("n_shared_experts", shared)
        experts.shared?.bias = sharedBias
        let attention = reader.latentAttention(sizes, rotary: rotary)
        let first = reader.count("first_k_dense_replace", firstSparse, in: 0...ConfigReader.largest)
        let layers = (0..<sizes.layers).map {
            LayerConfig(
                mixer: .latentAttention(attention),
                feedForward: $0 >= first ? .experts(experts) : sizes.dense(bias: sharedBias))
        }
        return TransformerConfig(family, sizes, layers: layers, rotaries: [rotary])
    }
}
