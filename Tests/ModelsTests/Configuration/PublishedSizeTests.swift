import Models
import OrderedJSON
import Testing

/// The sizes of published models, as their cards and files have them: a matrix too much or too little, or a head tied
/// that is not, would show.
@Suite("Sizes of published models")
struct PublishedSizeTests {
    struct Published: Sendable, CustomStringConvertible {
        let name: String
        let config: JSONValue
        let parameters: Int
        /// Of mixtures.
        var active: Int?
        var description: String { name }
    }

    @Test("parameters, total and active", arguments: published)
    func size(_ model: Published) throws {
        let config = try ModelDescription(configuration: model.config, file: "config.json").config
        #expect(config.parameterCount == model.parameters)
        #expect(config.activeParameterCount == model.active ?? model.parameters)
    }

    /// What these configurations say of sizes; what a family takes for granted is left out as it is in the files.
    static let published: [Published] = [
        Published(
            name: "Llama 3.2 1B",
            config: sizes("llama", 2048, 8192, 16, 32, 8, 128256, ["head_dim": 64, "tie_word_embeddings": true]),
            parameters: 1_235_814_400),
        Published(
            name: "Llama 3.1 405B", config: sizes("llama", 16384, 53248, 126, 128, 8, 128256),
            parameters: 405_853_388_800),
        Published(
            name: "Mistral Nemo", config: sizes("mistral", 5120, 14336, 40, 32, 8, 131072, ["head_dim": 128]),
            parameters: 12_247_782_400),
        Published(
            name: "Qwen 2.5 7B", config: sizes("qwen2", 3584, 18944, 28, 28, 4, 152064), parameters: 7_615_616_512),
        Published(
            name: "Qwen 3 0.6B",
            config: sizes("qwen3", 1024, 3072, 28, 16, 8, 151936, ["head_dim": 128, "tie_word_embeddings": true]),
            parameters: 596_049_920),
        Published(
            name: "Gemma 7B", config: sizes("gemma", 3072, 24576, 28, 16, 16, 256_000, ["head_dim": 256]),
            parameters: 8_537_680_896),
        Published(
            name: "Gemma 2 9B", config: sizes("gemma2", 3584, 14336, 42, 16, 8, 256_000, ["head_dim": 256]),
            parameters: 9_241_705_984),
        Published(
            name: "Gemma 3 1B", config: sizes("gemma3_text", 1152, 6912, 26, 4, 1, 262144, ["head_dim": 256]),
            parameters: 999_885_952),
        Published(
            name: "Phi-4", config: sizes("phi3", 5120, 17920, 40, 40, 10, 100352), parameters: 14_659_507_200),
        Published(
            name: "Pythia 2.8B", config: sizes("gpt_neox", 2560, 10240, 32, 32, 32, 50304, ["rotary_pct": 0.25]),
            parameters: 2_775_208_960),
        Published(
            name: "GPT-2 XL",
            config: ["model_type": "gpt2", "n_embd": 1600, "n_layer": 48, "n_head": 25, "vocab_size": 50257],
            parameters: 1_557_611_200),
        Published(
            name: "SmolLM3 3B", config: sizes("smollm3", 2048, 11008, 36, 16, 4, 128256), parameters: 3_075_098_624),
        Published(
            name: "OLMo 7B", config: sizes("olmo", 4096, 11008, 32, 32, 32, 50304), parameters: 6_888_095_744),
        Published(
            name: "OLMo 2 13B", config: sizes("olmo2", 5120, 13824, 40, 40, 40, 100352), parameters: 13_716_198_400),
        Published(
            name: "Granite 3.1 8B",
            config: sizes("granite", 4096, 12800, 40, 32, 8, 49155, ["tie_word_embeddings": true]),
            parameters: 8_170_848_256),
        Published(
            name: "Command R+",
            config: sizes("cohere", 12288, 33792, 64, 96, 8, 256_000, ["use_qk_norm": true]),
            parameters: 103_810_674_688),
        Published(
            name: "Command R7B", config: sizes("cohere2", 4096, 14336, 32, 32, 8, 256_000), parameters: 8_028_033_024),
        Published(
            name: "StarCoder 2 3B", config: sizes("starcoder2", 3072, 12288, 30, 24, 2, 49152),
            parameters: 3_030_371_328),
        Published(
            name: "Mixtral 8x7B", config: sizes("mixtral", 4096, 14336, 32, 32, 8, 32000),
            parameters: 46_702_792_704, active: 12_879_925_248),
        Published(
            name: "Qwen 1.5 MoE A2.7B",
            config: sizes(
                "qwen2_moe", 2048, 5632, 24, 16, 16, 151936,
                ["num_experts": 60, "num_experts_per_tok": 4, "moe_intermediate_size": 1408]),
            parameters: 14_315_784_192, active: 2_689_173_504),
        Published(
            name: "Qwen 3 30B A3B",
            config: sizes(
                "qwen3_moe", 2048, 6144, 48, 32, 4, 151936,
                ["head_dim": 128, "num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 768]),
            parameters: 30_532_122_624, active: 3_353_032_704),
        Published(
            name: "OLMoE 1B 7B", config: sizes("olmoe", 2048, 1024, 16, 16, 16, 50304),
            parameters: 6_919_161_856, active: 1_282_017_280),
        Published(
            name: "Granite 3.1 1B A400M",
            config: sizes(
                "granitemoe", 1024, 512, 24, 16, 8, 49155,
                ["num_local_experts": 32, "num_experts_per_tok": 8, "tie_word_embeddings": true]),
            parameters: 1_334_628_352, active: 428_658_688),
        Published(
            name: "DeepSeek V2 Lite",
            config: sizes(
                "deepseek_v2", 2048, 10944, 27, 16, 16, 102400,
                [
                    "q_lora_rank": nil, "n_routed_experts": 64, "num_experts_per_tok": 6, "n_shared_experts": 2,
                    "moe_intermediate_size": 1408, "first_k_dense_replace": 1,
                ]),
            parameters: 15_706_484_224, active: 2_661_150_208),
        Published(
            name: "DeepSeek V3", config: sizes("deepseek_v3", 7168, 18432, 61, 128, 128, 129280),
            parameters: 671_026_419_200, active: 37_552_297_472),
        Published(
            name: "Llama 4 Scout",
            config: sizes("llama4_text", 5120, 8192, 48, 40, 8, 202048, ["attn_temperature_tuning": 4]),
            parameters: 107_769_861_120, active: 17_172_894_720),
        Published(
            name: "gpt-oss 20B",
            config: sizes("gpt_oss", 2880, 2880, 24, 64, 8, 201088, ["head_dim": 64, "num_local_experts": 32]),
            parameters: 20_914_757_184, active: 4_187_440_704),
    ]

    private static func sizes(
        _ type: String, _ hidden: Int, _ feedForward: Int, _ layers: Int, _ heads: Int, _ keyValueHeads: Int,
        _ vocabulary: Int, _ more: JSONValue = [:]
    ) -> JSONValue {
        var object = JSONObject([
            ("model_type", .string(type)), ("hidden_size", .integer(hidden)),
            ("intermediate_size", .integer(feedForward)), ("num_hidden_layers", .integer(layers)),
            ("num_attention_heads", .integer(heads)), ("num_key_value_heads", .integer(keyValueHeads)),
            ("vocab_size", .integer(vocabulary)),
        ])
        for (key, value) in more.objectValue?.members ?? [] { object[key] = value }
        return .object(object)
    }
}
