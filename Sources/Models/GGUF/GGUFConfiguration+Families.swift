import OrderedJSON
import WeightFiles

extension GGUFConfiguration {
    /// What one architecture has beyond what all have.
    mutating func addOwn(_ object: inout JSONObject) {
        switch architecture.modelType {
        case "granite": addGranite(&object)
        case "granitemoe":
            addGranite(&object)
            addExperts(&object, named: "num_local_experts")
        case "gemma":
            object["hidden_activation"] = "gelu_pytorch_tanh"
            object["hidden_act"] = nil
        case "gpt2":
            for (key, from) in [
                ("n_embd", "embedding_length"), ("n_head", "attention.head_count"), ("n_layer", "block_count"),
                ("n_positions", "context_length"), ("n_inner", "feed_forward_length"),
            ] { object[key] = count(from) }
            object["layer_norm_epsilon"] = number("attention.layer_norm_epsilon") ?? 1e-5
            object["activation_function"] = "gelu_new"
        case "starcoder2":
            object["norm_epsilon"] = number("attention.layer_norm_epsilon") ?? 1e-5
            object["hidden_act"] = "gelu_pytorch_tanh"
            object["use_bias"] = .bool(has("blk.0.attn_q.bias"))
        case "olmo": if let clip = number("attention.clamp_kqv") { object["clip_qkv"] = clip }
        case "olmoe": addExperts(&object, named: "num_experts")
        case "qwen2_moe":
            addExperts(&object, named: "num_experts")
            object["decoder_sparse_step"] = 1
            object["qkv_bias"] = .bool(has("blk.0.attn_q.bias"))
            let used = max(1, value("expert_used_count")?.intValue ?? 1)
            let width = object["intermediate_size"]?.intValue ?? 0
            object["moe_intermediate_size"] = .integer(value("expert_feed_forward_length")?.intValue ?? width / used)
            object["shared_expert_intermediate_size"] = .integer(
                value("expert_shared_feed_forward_length")?.intValue ?? width)
        case "cohere", "cohere2":
            object["layer_norm_eps"] = number("attention.layer_norm_epsilon") ?? 1e-5
            object["logit_scale"] = number("logit_scale") ?? 1.0
            if architecture.modelType == "cohere2" {
                object["sliding_window"] = count("attention.sliding_window")
                object["layer_types"] = layerTypes(object, "sliding_attention", every: 4)
            }
        case "deepseek_v2": addDeepSeek(&object)
        case "olmo2": addOlmo3(&object)
        case "gpt_oss":
            addExperts(&object, named: "num_local_experts")
            object["intermediate_size"] = count("expert_feed_forward_length")
            object["sliding_window"] = count("attention.sliding_window")
            object["layer_types"] = layerTypes(object, "sliding_attention", every: 2)
            object["swiglu_limit"] = 7.0
            rotateExplicitly(&object)
        case "llama4_text": addLlama4(&object)
        case "ministral3": addMinistral3(&object)
        case "mixtral": addExperts(&object, named: "num_local_experts")
        case "qwen3_moe":
            addExperts(&object, named: "num_experts")
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
            object["hidden_act"] = "gelu_pytorch_tanh"
        default: break
        }
    }

    /// OLMo 3, which shares an architecture with OLMo 2: layers that slide rotate without scaling.
    private func addOlmo3(_ object: inout JSONObject) {
        guard value("attention.sliding_window")?.intValue ?? 0 > 0 else { return }
        object["model_type"] = "olmo3"
        object["architectures"] = ["Olmo3ForCausalLM"]
        object["sliding_window"] = value("attention.sliding_window")?.intValue.map(JSONValue.integer)
        object["layer_types"] = layerTypes(object, "sliding_attention", every: 4)
        rotateExplicitly(&object)
        let scaled = object["rope_parameters"] ?? .null
        let plain: JSONValue = ["rope_type": "default", "rope_theta": object["rope_theta"] ?? 10000.0]
        object["rope_parameters"] = ["full_attention": scaled, "sliding_attention": plain]
    }

    /// Llama 4. Width of chunks and growth of queries are fixed in llama.cpp.
    private mutating func addLlama4(_ object: inout JSONObject) {
        if value("attention.sliding_window")?.intValue == 0 { report("attention without chunks") }
        addExperts(&object, named: "num_local_experts")
        object["intermediate_size_mlp"] = object["intermediate_size"]
        object["intermediate_size"] = count("expert_feed_forward_length")
        object["interleave_moe_layer_step"] = count("interleave_moe_layer_step")
        object["attention_chunk_size"] = 8192
        object["layer_types"] = layerTypes(object, "chunked_attention", every: 4)
        object["no_rope_layer_interval"] = 4
        object["use_qk_norm"] = .bool(value("expert_count")?.intValue != 128)
        object["floor_scale"] = 8192
        object["attn_scale"] = 0.1
    }

    /// Ministral 3 and, without growing queries, Mistral Small 3.
    private mutating func addMinistral3(_ object: inout JSONObject) {
        guard let growth = number("attention.temperature_scale"), growth.doubleValue != 0 else {
            object["model_type"] = "mistral"
            object["architectures"] = ["MistralForCausalLM"]
            object["sliding_window"] = .null
            return
        }
        rotateExplicitly(&object)
        var rope = object["rope_parameters"]?.objectValue ?? JSONObject()
        rope["llama_4_scaling_beta"] = growth
        rope["original_max_position_embeddings"] =
            value("rope.scaling.original_context_length")?.intValue.map(JSONValue.integer)
            ?? object["max_position_embeddings"]
        if let strength = number("rope.scaling.yarn_log_multiplier"), strength.doubleValue != 0 {
            (rope["mscale"], rope["mscale_all_dim"]) = (1.0, strength)
        }
        object["rope_parameters"] = .object(rope)
    }

    /// Says how to rotate even where nothing is scaled: families take silence for a scaling of their own.
    private func rotateExplicitly(_ object: inout JSONObject) {
        var rope = object["rope_scaling"]?.objectValue ?? JSONObject([("rope_type", "default")])
        rope["rope_theta"] = object["rope_theta"]
        object["rope_scaling"] = nil
        object["rope_parameters"] = .object(rope)
    }

    /// Which layers look how far: a list in the file, a number (the last of as many sees everything), or the
    /// architecture's own number.
    private func layerTypes(_ object: JSONObject, _ kind: String, every: Int) -> JSONValue {
        let pattern = value("attention.sliding_window_pattern")
        let every = pattern?.intValue ?? every
        let count = min(object["num_hidden_layers"]?.intValue ?? 0, file.weights.names.count)
        let slides =
            pattern?.arrayValue?.bools ?? (0..<max(0, count)).map { every > 0 && ($0 + 1) % every != 0 }
        return .array(slides.map { .string($0 ? kind : "full_attention") })
    }

    private mutating func addExperts(_ object: inout JSONObject, named key: String) {
        object[key] = count("expert_count")
        object["num_experts_per_tok"] = count("expert_used_count")
    }

    private func addGranite(_ object: inout JSONObject) {
        for (key, from) in [
            ("attention_multiplier", "attention.scale"), ("embedding_multiplier", "embedding_scale"),
            ("residual_multiplier", "residual_scale"), ("logits_scaling", "logit_scale"),
        ] { if let number = number(from) { object[key] = number } }
    }

    /// DeepSeek V2 and V3, which share an architecture. Files from before 2025 have keys and values of heads in one
    /// matrix and give a head's size by the usual keys.
    private mutating func addDeepSeek(_ object: inout JSONObject) {
        addExperts(&object, named: "n_routed_experts")
        let isV3 = value("expert_gating_func")?.intValue == 2
        if isV3 {
            object["model_type"] = "deepseek_v3"
            object["architectures"] = ["DeepseekV3ForCausalLM"]
        }
        object["num_key_value_heads"] = object["num_attention_heads"]
        object["head_dim"] = nil
        object["attention_bias"] = false
        object["mlp_bias"] = false
        let narrow = value("attention.q_lora_rank")?.intValue ?? 0
        object["q_lora_rank"] = narrow > 0 && has("blk.0.attn_q_a.weight") ? .integer(narrow) : .null
        object["kv_lora_rank"] = count("attention.kv_lora_rank")
        object["qk_rope_head_dim"] = count("rope.dimension_count")
        let isSplit = value("attention.key_length_mla") != nil
        let width = count(isSplit ? "attention.key_length_mla" : "attention.key_length").intValue ?? 0
        object["qk_nope_head_dim"] = .integer(max(0, max(0, width) - max(0, object["qk_rope_head_dim"]?.intValue ?? 0)))
        object["v_head_dim"] = count(isSplit ? "attention.value_length_mla" : "attention.value_length")
        object["moe_intermediate_size"] = count("expert_feed_forward_length")
        object["n_shared_experts"] = count("expert_shared_count")
        object["first_k_dense_replace"] = .integer(value("leading_dense_block_count")?.intValue ?? 0)
        object["routed_scaling_factor"] = number("expert_weights_scale") ?? 1.0
        object["topk_method"] = isV3 ? "noaux_tc" : "greedy"
        let groups = value("expert_group_count")?.intValue ?? 1
        object["n_group"] = .integer(groups)
        object["topk_group"] = .integer(value("expert_group_used_count")?.intValue ?? 1)
        let normalized = value("expert_weights_norm")?.boolValue ?? false
        object["norm_topk_prob"] = .bool(normalized)
        if !isV3, groups > 1 || normalized {
            report(
                "experts chosen by softmax \(normalized ? "with weights that are divided by their sum" : "in groups")",
                advice: "use the model's Hugging Face directory")
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
        object["layer_types"] = layerTypes(object, "sliding_attention", every: window > 0 ? 6 : 1)
        // Ollama's own conversions have the bases under names of their own or not at all, and in models with pictures
        // no word of the scaling that all of those have.
        object["rope_local_base_freq"] = number("rope.freq_base_swa") ?? number("rope.local.freq_base") ?? 10000.0
        object["rope_theta"] = number("rope.freq_base") ?? number("rope.global.freq_base") ?? 1000000.0
        if value("mm.tokens_per_image") != nil, value("rope.scaling.type") == nil, value("rope.scaling.factor") == nil {
            object["rope_scaling"] = ["rope_type": "linear", "factor": 8.0]
        }
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
