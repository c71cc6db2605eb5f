extension ModelFamily {
    /// DeepSeek V2: latent attention, experts by softmax, optionally from the best groups only.
    static let deepseekV2 = ModelFamily("deepseek_v2", names: .deepseek) { reader in
        let sizes = reader.latentSizes(
            DecoderDefaults(vocabulary: 102400, hidden: 4096, feedForward: 11008, layers: 32, heads: 32))
        var experts = reader.experts(
            counts: ["n_routed_experts", "num_experts"], count: 64, perToken: 6,
            expert: reader.deepseekExpert(sizes, hidden: 1407), routing: .softmaxFirst(normalized: false))
        let method = reader.string("topk_method", "greedy")
        switch method {
        case "greedy": break
        case "group_limited_greedy":
            experts.routing = .grouped(
                reader.groups(experts, sigmoid: false, score: .best, normalized: false))
        default: reader.fault("topk_method", names: method, insteadOf: ["greedy", "group_limited_greedy"])
        }
        let bias = reader.flag("mlp_bias", false)
        return .deepseek(
            "deepseek_v2", reader, sizes, experts: experts, shared: 2, weightScale: 1, firstSparse: 0, sharedBias: bias,
            pairing: .neighbours)
    }

    /// DeepSeek V3 and R1: the same with sigmoid scores, a correction for choosing, and multi-token layers left out.
    static let deepseekV3 = ModelFamily("deepseek_v3", names: .deepseek) { reader in
        let sizes = reader.latentSizes(
            DecoderDefaults(
                vocabulary: 129280, hidden: 7168, feedForward: 18432, layers: 61, heads: 128, positions: 4096))
        var experts = reader.experts(
            counts: ["n_routed_experts", "num_local_experts"], count: 256, perToken: 8,
            expert: reader.deepseekExpert(sizes, hidden: 2048), routing: .choiceFirst)
        experts.routing = .grouped(
            reader.groups(
                experts, groups: 8, chosen: 4, sigmoid: true, score: .bestTwo,
                normalized: reader.flag("norm_topk_prob", true)))
        return .deepseek(
            "deepseek_v3", reader, sizes, experts: experts, shared: 1, weightScale: 2.5, firstSparse: 3,
            sharedBias: false, pairing: reader.flag("rope_interleave", true) ? .neighbours : .halves)
    }
}

extension WeightNames {
    /// DeepSeek V2 and V3.
    fileprivate static let deepseek: WeightNames = {
        var names = llama.removing("layers.*.attention.key", "layers.*.attention.value").setting(
            experts(in: "mlp", gate: "gate_proj", up: "up_proj", down: "down_proj") + shared(as: "mlp.shared_experts")
                + [
                    Entry(
                        "layers.*.feedForward.routerCorrection", "layers.*.mlp.gate.e_score_correction_bias", .tensor),
                    Entry("layers.*.attention.queryDown", "layers.*.self_attn.q_a_proj"),
                    Entry("layers.*.attention.queryDownNorm", "layers.*.self_attn.q_a_layernorm", .norm),
                    Entry("layers.*.attention.queryUp", "layers.*.self_attn.q_b_proj"),
                    Entry("layers.*.attention.keyValueDown", "layers.*.self_attn.kv_a_proj_with_mqa"),
                    Entry("layers.*.attention.keyValueNorm", "layers.*.self_attn.kv_a_layernorm", .norm),
                    Entry("layers.*.attention.keyValueUp", "layers.*.self_attn.kv_b_proj"),
                ])
        names.extraLayers = true
        return names
    }()
}
