import OrderedJSON
import WeightFiles

extension GGUFConfiguration {
    /// What one architecture has beyond what all have.
    mutating func addOwn(_ object: inout JSONObject) {
        switch architecture.modelType {
        case "granite":
            for (key, from) in [
                ("attention_multiplier", "attention.scale"), ("embedding_multiplier", "embedding_scale"),
                ("residual_multiplier", "residual_scale"), ("logits_scaling", "logit_scale"),
            ] { if let number = number(from) { object[key] = number } }
        case "mixtral":
            object["num_local_experts"] = count("expert_count")
            object["num_experts_per_tok"] = count("expert_used_count")
        case "qwen3_moe":
            object["num_experts"] = count("expert_count")
            object["num_experts_per_tok"] = count("expert_used_count")
            object["moe_intermediate_size"] = count("expert_feed_forward_length")
            // llama.cpp divides the chosen experts' weights by their sum, and has experts in every layer.
            object["norm_topk_prob"] = true
            object["decoder_sparse_step"] = 1
        case "gemma2", "gemma3_text": addGemma(&object)
        case "phi3":
            // llama.cpp reads this architecture's sliding window and then attends to everything.
            object["sliding_window"] = nil
            object["partial_rotary_factor"] = rotaryShare(object)
            object["original_max_position_embeddings"] =
                value("rope.scaling.original_context_length")?.intValue.map(JSONValue.integer)
                ?? object["max_position_embeddings"]
        case "gpt_neox":
            object["layer_norm_eps"] = number("attention.layer_norm_epsilon") ?? 1e-5
            object["rotary_pct"] = rotaryShare(object)
            object["rotary_emb_base"] = number("rope.freq_base") ?? 10000.0
            object["use_parallel_residual"] = .bool(value("use_parallel_residual")?.boolValue ?? true)
            object["attention_bias"] = .bool(has("blk.0.attn_qkv.bias"))
            object["hidden_act"] = "gelu"
        default: break
        }
    }

    /// Gemma 2 and 3. The scale of the scores follows from the size, as in llama.cpp.
    private mutating func addGemma(_ object: inout JSONObject) {
        object["hidden_activation"] = "gelu_pytorch_tanh"
        object["hidden_act"] = nil
        let isGemma2 = architecture.modelType == "gemma2"
        let layers = object["num_hidden_layers"]?.intValue ?? 0
        if layers == (isGemma2 ? 46 : 62) {
            let heads = max(1, object["num_attention_heads"]?.intValue ?? 1)
            object["query_pre_attn_scalar"] = .integer((object["hidden_size"]?.intValue ?? 0) / heads)
        } else {
            object["query_pre_attn_scalar"] = object["head_dim"]
        }
        object["attn_logit_softcapping"] = isGemma2 ? number("attn_logit_softcapping") ?? 50.0 : nil
        object["final_logit_softcapping"] = number("final_logit_softcapping") ?? (isGemma2 ? 30.0 : .null)
        let window = value("attention.sliding_window")?.intValue ?? (isGemma2 ? 4096 : 0)
        object["sliding_window"] = window > 0 ? .integer(window) : .null
        guard !isGemma2 else { return }
        object["sliding_window_pattern"] = .integer(
            window > 0 ? value("attention.sliding_window_pattern")?.intValue ?? 6 : 1)
        object["rope_local_base_freq"] = number("rope.freq_base_swa") ?? 10000.0
    }

    /// How much of a head is rotated.
    private func rotaryShare(_ object: JSONObject) -> JSONValue {
        guard let dims = value("rope.dimension_count")?.intValue, let width = object["head_dim"]?.intValue, width > 0
        else { return 1.0 }
        return .number(Double(dims) / Double(width))
    }

    /// LongRoPE's two lists of divisors, stored as tensors.
    func longRope() -> JSONValue? {
        guard let long = file.weights["rope_factors_long.weight"]?.floats(),
            let short = file.weights["rope_factors_short.weight"]?.floats()
        else { return nil }
        func list(_ numbers: [Float]) -> JSONValue { .array(numbers.map { .number(Double("\($0)") ?? Double($0)) }) }
        var scaling = JSONObject([
            ("rope_type", "longrope"), ("long_factor", list(long)), ("short_factor", list(short)),
        ])
        if let factor = number("rope.scaling.attn_factor") { scaling["attention_factor"] = factor }
        return .object(scaling)
    }
}
