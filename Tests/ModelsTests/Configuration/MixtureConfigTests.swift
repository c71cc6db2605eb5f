import Diagnostics
import Models
import OrderedJSON
import Testing

private func describe(_ json: JSONValue) throws -> ModelDescription {
    try ModelDescription(configuration: json, file: "config.json")
}

private func experts(_ config: TransformerConfig, _ layer: Int) -> ExpertsConfig? {
    if case .experts(let experts) = config.layers[layer].feedForward { experts } else { nil }
}

private func latent(_ config: TransformerConfig) -> LatentAttentionConfig? {
    if case .latentAttention(let attention) = config.layers[0].mixer { attention } else { nil }
}

/// What published mixtures say, value by value.
@Suite("Values of config.json of mixtures")
struct MixtureConfigTests {
    @Test func mixtral() throws {
        let config = try describe(["model_type": "mixtral", "sliding_window": nil]).config
        let mixture = try #require(experts(config, 31))
        #expect(mixture.count == 8 && mixture.perToken == 2 && mixture.expert.hidden == 14336)
        #expect(mixture.routing == .softmaxFirst(normalized: true) && mixture.storage == .modules)
        #expect(config.rotaries[0].theta == 1_000_000 && config.norm.epsilon == 1e-5)
    }

    @Test func qwenLayersWithoutExperts() throws {
        let config = try describe([
            "model_type": "qwen3_moe", "num_hidden_layers": 6, "decoder_sparse_step": 2, "mlp_only_layers": [3],
            "num_experts": 16, "head_dim": 128,
        ]).config
        #expect((0..<6).map { experts(config, $0) != nil } == [false, true, false, false, false, true])
        #expect(config.layers[0].attention?.headDim == 128)
        let shared = try describe(["model_type": "qwen2_moe"]).config
        #expect(experts(shared, 0)?.shared?.hidden == 5632 && experts(shared, 0)?.sharedGate == true)
        #expect(experts(shared, 0)?.expert.hidden == 1408)
    }

    @Test func deepseekV3() throws {
        let config = try describe([
            "model_type": "deepseek_v3",
            "rope_scaling": [
                "beta_fast": 32, "beta_slow": 1, "factor": 40, "mscale": 1.0, "mscale_all_dim": 1.0,
                "original_max_position_embeddings": 4096, "type": "yarn",
            ],
        ]).config
        #expect(experts(config, 2) == nil && config.layers.count == 61)
        let mixture = try #require(experts(config, 3))
        #expect(mixture.weightScale == 2.5 && mixture.shared?.hidden == 2048)
        guard case .grouped(let routing) = mixture.routing else { throw Problem("not grouped") }
        #expect(routing.groups == 8 && routing.chosenGroups == 4 && routing.sigmoid && routing.correction)
        let attention = try #require(latent(config))
        // 192^-½ · (0.1 ln 40 + 1)²
        #expect(abs(attention.scale - 0.072168784 * 1.8738) < 1e-5)
        #expect(attention.queryRank == 1536 && attention.rotaryDim == 64 && config.rotaries[0].pairing == .neighbours)
    }

    @Test func deepseekV2LiteHasNoQueryRank() throws {
        let config = try describe([
            "model_type": "deepseek_v2", "q_lora_rank": nil, "n_group": 1, "topk_group": 1, "topk_method": "greedy",
            "num_experts_per_tok": 6, "first_k_dense_replace": 1,
        ]).config
        #expect(latent(config)?.queryRank == nil)
        #expect(experts(config, 1)?.routing == .softmaxFirst(normalized: false))
    }

    @Test func llama4AlternatesRotationAndReach() throws {
        let config = try describe(["model_type": "llama4", "text_config": ["num_hidden_layers": 4]]).config
        #expect(config.layers.map { $0.attention?.rotary } == [0, 0, 0, nil])
        #expect(config.layers.map { $0.attention?.reach } == [.chunk(8192), .chunk(8192), .chunk(8192), .full])
        #expect(config.layers[3].attention?.queryGrowth == .init(beta: 0.1, originalPositions: 8192, shift: 1))
        #expect(config.layers[3].attention?.queryKeyNorm == AttentionConfig.QueryKeyNorm.none)
        #expect(config.layers[0].attention?.queryKeyNorm == .perHeadUnweighted)
    }

    @Test func gptOss() throws {
        let config = try describe(["model_type": "gpt_oss"]).config
        #expect(config.layers.prefix(2).map { $0.attention?.reach } == [.window(128), .full])
        #expect(config.layers[0].attention?.sinks == true && experts(config, 0)?.clampedLimit == 7)
        guard case .yarn(let yarn) = config.rotaries[0].scaling else { throw Problem("not YaRN") }
        #expect(!yarn.truncate && yarn.factor == 32)
    }

    @Test func stackedFilesAreRecognised() throws {
        let description = try describe(["model_type": "qwen3_moe", "num_hidden_layers": 1, "num_experts": 8])
        let stacked: Set = ["model.embed_tokens.weight", "model.layers.0.mlp.experts.gate_up_proj"]
        let matching = description.matching(stacked.contains)
        #expect(experts(matching.config, 0)?.storage == .stacked)
        #expect(description.matching { $0 == "model.embed_tokens.weight" } == description)
        let names = WeightPlan(matching, contains: stacked.contains).modules.map(\.name.weight)
        #expect(names.contains("model.layers.0.mlp.experts.down_proj"))
        #expect(!names.contains("model.layers.0.mlp.experts.0.down_proj.weight"))
    }

    @Test func impossibleMixtures() {
        func problems(_ json: JSONValue) -> Int {
            do {
                _ = try describe(json)
                return 0
            } catch { return (error as? Problems)?.list.count ?? -1 }
        }
        #expect(problems(["model_type": "mixtral", "num_experts_per_tok": 9]) == 1)
        #expect(problems(["model_type": "deepseek_v3", "n_group": 7, "topk_group": 9]) == 2)
        #expect(problems(["model_type": "deepseek_v2", "topk_method": "noisy"]) == 1)
        #expect(problems(["model_type": "gpt_oss", "swiglu_alpha": 2.0]) == 1)
        #expect(problems(["model_type": "qwen2_moe", "mlp_only_layers": "all"]) == 1)
    }

    @Test func layersBeyondTheLastAreIgnoredInDeepSeek() throws {
        let plan = WeightPlan(try describe(["model_type": "deepseek_v3"])) { _ in true }
        let audit = plan.audit(["model.layers.61.eh_proj.weight": [1], "model.layers.60.other": [1]], file: "w")
        #expect(audit.ignored == ["model.layers.61.eh_proj.weight"])
        #expect(audit.problems.last?.message == "tensor model.layers.60.other is not used by this model")
    }
}
