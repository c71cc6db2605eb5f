import Foundation
import Models
import OrderedJSON
import Testing

private func read(_ json: JSONValue) throws -> TransformerConfig {
    try ModelDescription(configuration: json, file: "config.json").config
}

/// What published configurations say, value by value.
@Suite("Values of config.json")
struct ConfigValueTests {
    @Test func absentKeysTakeTheClassDefaults() throws {
        let llama = try read(["model_type": "llama"])
        #expect(llama.vocabularySize == 32000 && llama.hiddenSize == 4096 && llama.layers.count == 32)
        #expect(llama.layers[0].attention?.keyValueHeads == 32 && llama.layers[0].attention?.headDim == 128)
        #expect(llama.norm == NormConfig(.rootMeanSquare, epsilon: 1e-6))
        #expect(llama.rotaries == [RotaryConfig(theta: 10000, dim: 128)])
        #expect(!llama.tiedHead && llama.maximumPositions == 2048)
        let gemma = try read(["model_type": "gemma2"])
        #expect(gemma.tiedHead && gemma.logitSoftCap == 30 && gemma.layers[0].attention?.softCap == 50)
        #expect(gemma.layers.map { $0.attention?.reach == .full } == (0..<26).map { $0 % 2 == 1 })
        #expect(gemma.layers[0].attention?.scale == 1 / 16 && gemma.norm.weightOffset == 1)
        #expect(gemma.embeddingScale == 48)
    }

    @Test func mistralWindowAbsentIsNotNull() throws {
        #expect(try read(["model_type": "mistral"]).layers[0].attention?.reach == .window(4096))
        let nemo = try read([
            "model_type": "mistral", "sliding_window": nil, "head_dim": 128, "hidden_size": 5120,
            "num_attention_heads": 32, "num_hidden_layers": 40, "rope_theta": 1_000_000.0,
        ])
        #expect(nemo.layers[0].attention?.reach == .full)
        #expect(nemo.layers[0].attention?.headDim == 128 && nemo.hiddenSize == 5120)
    }

    @Test func qwenWindowNeedsItsSwitch() throws {
        let off = try read([
            "model_type": "qwen2", "sliding_window": 131072, "use_sliding_window": false, "max_window_layers": 21,
            "num_hidden_layers": 24,
        ])
        #expect(off.layers.allSatisfy { $0.attention?.reach == .full })
        #expect(off.layers[0].attention?.inputBias == true && off.layers[0].attention?.outputBias == false)
        let on = try read([
            "model_type": "qwen3", "sliding_window": 64, "use_sliding_window": true, "max_window_layers": 2,
            "num_hidden_layers": 4,
        ])
        #expect(on.layers.map(\.attention?.reach) == [.full, .full, .window(64), .window(64)])
        #expect(on.layers[0].attention?.queryKeyNorm == .perHead && on.layers[0].attention?.headDim == 128)
    }

    /// What transformers 5.23 makes of spellings that say less than they seem to.
    @Test func oddSpellings() throws {
        let gemma = try read(["model_type": "gemma3_text", "rope_scaling": ["type": "linear", "factor": 8.0]])
        #expect(gemma.rotaries[0].scaling == .none)
        let oss = try read(["model_type": "gpt_oss", "rope_parameters": [:]])
        #expect(oss.rotaries == [RotaryConfig(theta: 150_000, dim: 64)])
        guard case .yarn = try read(["model_type": "gpt_oss", "rope_parameters": nil]).rotaries[0].scaling else {
            Issue.record("gpt-oss without rope_parameters is scaled by YaRN")
            return
        }
        let scout = try read(["model_type": "llama4_text", "attn_temperature_tuning": 4])
        #expect(scout.layers[3].attention?.queryGrowth != nil)
        let normed = try read([
            "model_type": "llama4_text", "rope_scaling": ["rope_type": "yarn", "factor": 4.0],
        ])
        guard case .yarn(let yarn) = normed.rotaries[0].scaling else {
            Issue.record("Llama 4 does not take YaRN")
            return
        }
        // The factor 0.1 · ln 4 + 1 that the norm after it undoes, but for its ε.
        #expect(yarn.attentionFactor == 1)
        let epsilon = try #require(normed.layers[0].attention?.queryKeyNormEpsilon)
        #expect(abs(epsilon - 1e-5 / pow(0.1 * log(4) + 1, 2)) < 1e-10)
        let wrapped = try read(["model_type": "gemma3", "text_config": ["model_type": nil, "hidden_size": 2560]])
        #expect(wrapped.family == "gemma3_text")
    }

    @Test func gemma3AlternatesWindowAndTable() throws {
        let config = try read([
            "model_type": "gemma3_text", "num_hidden_layers": 7, "sliding_window": 512, "rope_theta": 1_000_000.0,
            "rope_local_base_freq": 10000.0, "rope_scaling": ["factor": 8.0, "rope_type": "linear"],
        ])
        #expect(config.layers.map { $0.attention?.rotary } == [1, 1, 1, 1, 1, 0, 1])
        #expect(config.rotaries[0].scaling == .linear(factor: 8) && config.rotaries[0].theta == 1_000_000)
        #expect(config.rotaries[1] == RotaryConfig(theta: 10000, dim: 256))
        #expect(config.layers[0].arrangement == .sandwich && config.logitSoftCap == nil)
    }

    @Test func graniteCarriesItsFourFactors() throws {
        let config = try read([
            "model_type": "granite", "embedding_multiplier": 12.0, "logits_scaling": 8.0, "residual_multiplier": 0.22,
            "attention_multiplier": 0.015625,
        ])
        #expect(config.embeddingScale == 12 && config.logitScale == 0.125)
        #expect(config.layers[0].residualScale == 0.22 && config.layers[0].attention?.scale == 0.015625)
    }

    @Test func smolLM3SkipsRotationInEveryFourthLayer() throws {
        let config = try read(["model_type": "smollm3"])
        #expect(config.layers.prefix(5).map { $0.attention?.rotary } == [0, 0, 0, nil, 0])
        #expect(config.rotaries[0].theta == 2_000_000)
    }

    @Test func wrappedModelIsReadAndNamed() throws {
        let json: JSONValue = [
            "model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"], "vision_config": [:],
            "text_config": ["model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 2],
        ]
        let description = try ModelDescription(configuration: json, file: "config.json")
        #expect(description.config.hiddenSize == 2560 && description.config.tiedHead)
        let old = "language_model.model.embed_tokens.weight"
        let plan = WeightPlan(description) { $0 == old }
        let query = try #require(plan.linear.first)
        #expect(query.name.path == "model.language_model.layers.0.self_attn.q_proj")
        #expect(query.name.weight == "language_model.model.layers.0.self_attn.q_proj.weight")
        for other in [
            "vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight", "model.vision_tower.ln_pre.weight",
            "vision_model.class_embedding", "multi_modal_projector.mm_input_projection_weight",
            "model.multi_modal_projector.linear_1.bias", "image_newline", "model.image_newline",
        ] { #expect(description.names.isIgnorable(other), "\(other)") }
    }

    @Test func baseModelSavedAloneIsFound() throws {
        let description = try ModelDescription(configuration: ["model_type": "gpt2"], file: "config.json")
        let plan = WeightPlan(description) { $0 == "wte.weight" }
        let first = try #require(plan.linear.first)
        #expect(first.name.weight == "h.0.attn.c_attn.weight")
        #expect(first.name.path == "transformer.h.0.attn.c_attn")
        #expect(first.storedShape == [768, 2304] && first.shape.weight == [2304, 768])
        #expect(description.names.isIgnorable("h.0.attn.bias"))
    }
}
