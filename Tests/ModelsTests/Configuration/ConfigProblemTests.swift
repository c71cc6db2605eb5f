import Diagnostics
import Models
import OrderedJSON
import Testing

private func problems(_ json: JSONValue) -> [String] {
    do {
        _ = try ModelDescription(configuration: json, file: "m/config.json")
        return []
    } catch {
        return error.list.map(\.description)
    }
}

/// What is wrong with a config.json is said with file and key, everything at once.
@Suite("Problems in config.json")
struct ConfigProblemTests {
    @Test func allAtOnce() {
        let found = problems([
            "model_type": "llama", "hidden_size": 8, "num_attention_heads": 12, "num_key_value_heads": 5,
            "num_hidden_layers": -3, "vocab_size": "many", "rms_norm_eps": 0, "hidden_act": "sillu",
            "tie_word_embeddings": 1, "intermediate_size": 99_999_999_999,
        ])
        #expect(
            found == [
                "m/config.json: num_attention_heads is 12, no multiple of num_key_value_heads 5",
                "m/config.json: hidden_size is 8, less than num_attention_heads 12, and head_dim is not given",
                "m/config.json: vocab_size is \"many\", not a whole number",
                "m/config.json: intermediate_size is 99999999999, outside 1 to 2097152",
                "m/config.json: num_hidden_layers is -3, outside 1 to 1000",
                "m/config.json: rms_norm_eps is 0.0, must be more than 0.0",
                "m/config.json: hidden_act is \"sillu\", which is not supported; did you mean \"silu\"? supported: "
                    + "gelu, gelu_accurate, gelu_fast, gelu_new, gelu_python, gelu_python_tanh, gelu_pytorch_tanh, "
                    + "relu, relu2, silu, swish",
                "m/config.json: tie_word_embeddings is 1, not true or false",
                "m/config.json: head_dim 1 with partial_rotary_factor 1.0 leaves 1 rotated values; rope_type "
                    + "\"default\" takes an even number from 2 to head_dim",
            ])
    }

    @Test("is said once, and sizes that each may be are too much together")
    func onceAndTogether() {
        let experts = problems(["model_type": "deepseek_v3", "num_experts_per_tok": "x"])
        #expect(experts == ["m/config.json: num_experts_per_tok is \"x\", not a whole number"])
        let found = problems([
            "model_type": "llama", "hidden_size": 2_097_152, "num_attention_heads": 65536, "head_dim": 65536,
            "num_hidden_layers": 1000,
        ])
        #expect(found.count == 1 && found.first?.contains("more than any model has") == true)
    }

    @Test func unknownFamilyNamesTheKnownOnes() throws {
        let found = problems(["model_type": "lama"])
        #expect(found.count == 1)
        let text = try #require(found.first)
        #expect(text.hasPrefix("m/config.json: model_type \"lama\" is not supported; did you mean \"llama\"?"))
        #expect(text.contains("qwen3") && text.contains("gpt_neox"))
        #expect(problems([:]).first?.contains("model_type is missing") == true)
        #expect(problems([1, 2]) == ["m/config.json: is a list, not an object"])
    }

    @Test("quantised weights", arguments: ["GPTQ", "AWQ", "fp4", "bitsandbytes", "compressed-tensors"])
    func quantised(_ method: String) {
        let found = problems([
            "model_type": "llama", "quantization_config": ["quant_method": .string(method.lowercased())],
        ])
        #expect(found.count == 1 && found[0].contains("quantised by \(method)"))
        #expect(problems(["model_type": "llama", "quantization_config": nil]).isEmpty)
    }

    @Test func rotaryMistakes() {
        func rope(_ scaling: JSONValue) -> [String] { problems(["model_type": "llama", "rope_scaling": scaling]) }
        #expect(rope(["rope_type": "linear"]) == ["m/config.json: rope_scaling.factor is missing"])
        #expect(rope(["type": "linear", "factor": -2]).first?.contains("must be more than 0") == true)
        #expect(
            rope(["rope_type": "spiral"]) == [
                "m/config.json: rope_scaling.rope_type is \"spiral\", which is not supported; supported: default, "
                    + "linear, dynamic, llama3, yarn, longrope, proportional"
            ])
        #expect(rope(["rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4, "high_freq_factor": 1]).count == 1)
        #expect(
            rope([
                "rope_type": "longrope", "short_factor": [1, 2], "long_factor": "x", "factor": 2.0,
            ]).count == 2)
        #expect(rope(7).first?.contains("rope_scaling is 7, not an object") == true)
        #expect(problems(["model_type": "llama", "rope_theta": 0.5]).count == 1)
        #expect(problems(["model_type": "gpt_neox", "rotary_pct": 3.0]).count == 1)
        #expect(problems(["model_type": "gpt_neox", "rotary_pct": 1e29]).count == 1)
        #expect(problems(["model_type": "phi3", "partial_rotary_factor": -1e29]).count == 1)
        #expect(problems(["model_type": "llama", "head_dim": 7]).count == 1)
    }

    @Test func layerTypes() {
        func types(_ list: JSONValue) -> [String] {
            problems(["model_type": "qwen2", "num_hidden_layers": 2, "layer_types": list])
        }
        #expect(types(["full_attention", "full_attention"]).isEmpty)
        #expect(types(["full_attention"]).first?.contains("2 entries") == true)
        #expect(types(["full_attention", "linear_attention"]).first?.contains("layer_types[1]") == true)
        // A sliding layer although use_sliding_window is off: contradictory.
        #expect(types(["sliding_attention", "sliding_attention"]).count == 1)
        #expect(problems(["model_type": "gemma3_text", "use_bidirectional_attention": true]).count == 1)
    }

    @Test func wrappedKeysAreNamedInFull() {
        let found = problems(["model_type": "gemma3", "text_config": ["hidden_size": 0]])
        #expect(found == ["m/config.json: text_config.hidden_size is 0, outside 1 to 2097152"])
        #expect(problems(["model_type": "llama4"]) == ["m/config.json: text_config is missing or no object"])
    }

    @Test func auditReportsMissingMisshapenAndUnused() throws {
        let json: JSONValue = ["model_type": "llama", "num_hidden_layers": 1, "hidden_size": 64]
        let plan = WeightPlan(try ModelDescription(configuration: json, file: "c")) { _ in true }
        var tensors: [String: [Int]] = [:]
        for module in plan.modules { tensors[module.name.weight] = module.storedShape }
        #expect(plan.audit(tensors, file: "w").problems.isEmpty)
        tensors["model.norm.weight"] = nil
        tensors["lm_head.weight"] = [3, 64]
        tensors["model.extra.weight"] = [1]
        tensors["model.layers.7.mlp.up_proj.weight"] = [1]
        tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = [1]
        for layer in 0..<3 { tensors["model.layers.\(layer).mlp.up_proj.bias"] = [1] }
        let audit = plan.audit(tensors, file: "w")
        let advice = "; correct its configuration, or store the model without "
        #expect(
            audit.problems.map(\.description) == [
                "w: tensor model.norm.weight [64] is missing",
                "w: tensor lm_head.weight is [3, 64], not [32000, 64]",
                "w: tensor model.extra.weight is not used by this model\(advice)it",
                "w: 3 tensors model.layers.*.mlp.up_proj.bias are not used by this model, the first of them "
                    + "model.layers.0.mlp.up_proj.bias\(advice)them",
                "w: tensor model.layers.7.mlp.up_proj.weight is not used by this model\(advice)it",
            ])
        #expect(audit.ignored == ["model.layers.0.self_attn.rotary_emb.inv_freq"])
    }
}
