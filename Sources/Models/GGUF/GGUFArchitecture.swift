/// A model architecture as llama.cpp names it, for GGUF files read and written.
public struct GGUFArchitecture: Sendable, Equatable {
    /// `general.architecture`, which begins the keys of its settings.
    public let name: String
    /// The `model_type` that a file of this architecture is read as.
    public let modelType: String
    /// Values of `model_type` that are written as this architecture.
    public let modelTypes: [String]
    /// The class that loads such a model in transformers.
    public let transformersClass: String
    /// Whether rows of query and key are stored so that rotated pairs are neighbours.
    public let pairsNeighbours: Bool
    /// Whether the feed-forward networks are mixtures of experts: "llama" stands for models with and without.
    public let hasExperts: Bool
    /// What the file's norms have added to the numbers of transformers' files (1 for Gemma).
    public let normOffset: Float
    /// Whether llama.cpp looks for a table of divisors of the rotary frequencies; elsewhere it does not load a file
    /// with one.
    public let readsFrequencyTable: Bool
    /// Whether llama.cpp reads from the file where YaRN's ramp begins and ends; elsewhere that is at 32 and at 1 turn.
    public let readsYarnRamp: Bool

    private init(
        _ name: String, as modelType: String, also: [String] = [], class transformersClass: String,
        pairsNeighbours: Bool = false, hasExperts: Bool = false, normOffset: Float = 0,
        readsFrequencyTable: Bool = false, readsYarnRamp: Bool = false
    ) {
        self.name = name
        self.modelType = modelType
        modelTypes = [modelType] + also
        self.transformersClass = transformersClass
        self.pairsNeighbours = pairsNeighbours
        self.hasExperts = hasExperts
        self.normOffset = normOffset
        self.readsFrequencyTable = readsFrequencyTable
        self.readsYarnRamp = readsYarnRamp
    }

    /// The architectures that are read and written.
    public static let all = [
        GGUFArchitecture(
            "llama", as: "llama", also: ["mistral"], class: "LlamaForCausalLM", pairsNeighbours: true,
            readsFrequencyTable: true),
        GGUFArchitecture(
            "llama", as: "mixtral", class: "MixtralForCausalLM", pairsNeighbours: true, hasExperts: true,
            readsFrequencyTable: true),
        GGUFArchitecture("qwen2", as: "qwen2", class: "Qwen2ForCausalLM"),
        GGUFArchitecture("qwen3", as: "qwen3", class: "Qwen3ForCausalLM"),
        GGUFArchitecture("qwen3moe", as: "qwen3_moe", class: "Qwen3MoeForCausalLM", hasExperts: true),
        GGUFArchitecture("gemma2", as: "gemma2", class: "Gemma2ForCausalLM", normOffset: 1),
        GGUFArchitecture("gemma3", as: "gemma3_text", class: "Gemma3ForCausalLM", normOffset: 1),
        GGUFArchitecture("phi3", as: "phi3", class: "Phi3ForCausalLM"),
        GGUFArchitecture("gptneox", as: "gpt_neox", class: "GPTNeoXForCausalLM"),
        GGUFArchitecture("olmo2", as: "olmo2", also: ["olmo3"], class: "Olmo2ForCausalLM"),
        GGUFArchitecture("smollm3", as: "smollm3", class: "SmolLM3ForCausalLM", pairsNeighbours: true),
        GGUFArchitecture(
            "granite", as: "granite", class: "GraniteForCausalLM", pairsNeighbours: true,
            readsFrequencyTable: true),
        GGUFArchitecture(
            "granitemoe", as: "granitemoe", class: "GraniteMoeForCausalLM", pairsNeighbours: true, hasExperts: true,
            readsFrequencyTable: true),
        GGUFArchitecture("gemma", as: "gemma", class: "GemmaForCausalLM", normOffset: 1),
        GGUFArchitecture("gpt2", as: "gpt2", class: "GPT2LMHeadModel"),
        GGUFArchitecture("starcoder2", as: "starcoder2", class: "Starcoder2ForCausalLM"),
        GGUFArchitecture("olmo", as: "olmo", class: "OlmoForCausalLM", pairsNeighbours: true),
        GGUFArchitecture("olmoe", as: "olmoe", class: "OlmoeForCausalLM", hasExperts: true),
        GGUFArchitecture("qwen2moe", as: "qwen2_moe", class: "Qwen2MoeForCausalLM", hasExperts: true),
        GGUFArchitecture("command-r", as: "cohere", class: "CohereForCausalLM"),
        GGUFArchitecture("cohere2", as: "cohere2", class: "Cohere2ForCausalLM"),
        GGUFArchitecture(
            "deepseek2", as: "deepseek_v2", also: ["deepseek_v3"], class: "DeepseekV2ForCausalLM", hasExperts: true),
        GGUFArchitecture("gpt-oss", as: "gpt_oss", class: "GptOssForCausalLM", hasExperts: true),
        GGUFArchitecture(
            "llama4", as: "llama4_text", class: "Llama4ForCausalLM", hasExperts: true,
            readsFrequencyTable: true),
        GGUFArchitecture(
            "mistral3", as: "ministral3", class: "Ministral3ForCausalLM", pairsNeighbours: true,
            readsFrequencyTable: true, readsYarnRamp: true),
    ]

    /// The architecture of this name.
    public static func named(_ name: String, hasExperts: Bool) -> GGUFArchitecture? {
        all.first { $0.name == name && $0.hasExperts == hasExperts }
    }

    /// The architecture that a model of this `model_type` is written as.
    public static func writing(_ modelType: String) -> GGUFArchitecture? {
        all.first { $0.modelTypes.contains(modelType) }
    }

    private static let names = [
        "embedding": "token_embd", "norm": "output_norm", "head": "output",
        "layers.*.attention.query": "blk.*.attn_q", "layers.*.attention.key": "blk.*.attn_k",
        "layers.*.attention.value": "blk.*.attn_v", "layers.*.attention.output": "blk.*.attn_output",
        "layers.*.attention.queryKeyValue": "blk.*.attn_qkv",
        "layers.*.attention.queryNorm": "blk.*.attn_q_norm", "layers.*.attention.keyNorm": "blk.*.attn_k_norm",
        "layers.*.attentionNorm": "blk.*.attn_norm", "layers.*.feedForwardNorm": "blk.*.ffn_norm",
        "layers.*.attentionPostNorm": "blk.*.post_attention_norm",
        "layers.*.feedForwardPostNorm": "blk.*.post_ffw_norm",
        "layers.*.feedForward.gate": "blk.*.ffn_gate", "layers.*.feedForward.up": "blk.*.ffn_up",
        "layers.*.feedForward.down": "blk.*.ffn_down", "layers.*.feedForward.gateUp": "blk.*.ffn_up",
        "layers.*.feedForward.router": "blk.*.ffn_gate_inp",
        "layers.*.feedForward.experts.*.gate": "blk.*.ffn_gate_exps",
        "layers.*.feedForward.experts.*.up": "blk.*.ffn_up_exps",
        "layers.*.feedForward.experts.*.down": "blk.*.ffn_down_exps",
        "layers.*.feedForward.shared.gate": "blk.*.ffn_gate_shexp",
        "layers.*.feedForward.shared.up": "blk.*.ffn_up_shexp",
        "layers.*.feedForward.shared.down": "blk.*.ffn_down_shexp",
        "layers.*.feedForward.sharedGate": "blk.*.ffn_gate_inp_shexp",
        "layers.*.feedForward.routerCorrection": "blk.*.exp_probs_b",
        "layers.*.attention.queryDown": "blk.*.attn_q_a", "layers.*.attention.queryUp": "blk.*.attn_q_b",
        "layers.*.attention.queryDownNorm": "blk.*.attn_q_a_norm",
        "layers.*.attention.keyValueDown": "blk.*.attn_kv_a_mqa",
        "layers.*.attention.keyValueNorm": "blk.*.attn_kv_a_norm",
        "layers.*.attention.sinks": "blk.*.attn_sinks", "positions": "position_embd",
    ]

    /// A module's name in GGUF files, without `.weight`; nil where there is none. All experts of a layer share one.
    public func tensorName(_ logical: String) -> String? {
        let (pattern, numbers) = WeightNames.generalised(logical)
        let own = name == "gpt-oss" && pattern == "layers.*.feedForwardNorm" ? "blk.*.post_attention_norm" : nil
        return (own ?? Self.names[pattern]).map { WeightNames.filled($0, with: numbers) }
    }

    /// Whether llama.cpp multiplies with a module's matrix without looking for an adapter on it: an adapter there would
    /// load and do nothing.
    public func ignoresAdapter(on logical: String) -> Bool {
        guard name == "deepseek2" else { return false }
        let (pattern, _) = WeightNames.generalised(logical)
        return pattern == "head" || (pattern.hasPrefix("layers.*.attention.") && !pattern.hasSuffix(".output"))
    }

    /// For rows of a module in GGUF's order, which row of transformers' order each is; nil where the orders are the
    /// same.
    ///
    /// Query and key: in transformers the pairs of a head are (i, i + d/2), in llama.cpp's "normal" rotation (2i, 2i +
    /// 1): row `2j + p` there is row `p·d/2 + j` here. Query, key and value in one matrix, head by head (GPT-NeoX):
    /// llama.cpp has all queries first, then all keys, then all values.
    public func rowOrder(_ logical: String, rows: Int, config: TransformerConfig) -> [Int]? {
        let (pattern, numbers) = WeightNames.generalised(logical)
        guard let layer = numbers.first.flatMap({ Int($0) }), config.layers.indices.contains(layer),
            let attention = config.layers[layer].attention
        else { return nil }
        let heads: Int
        switch pattern {
        case "layers.*.attention.query" where pairsNeighbours: heads = attention.heads
        case "layers.*.attention.key" where pairsNeighbours: heads = attention.keyValueHeads
        case "layers.*.attention.queryKeyValue" where attention.projection == .fusedByGroup:
            guard attention.heads == attention.keyValueHeads, rows == 3 * attention.heads * attention.headDim else {
                return nil
            }
            let (count, width) = (attention.heads, attention.headDim)
            return (0..<rows).map { row in
                let (part, head, within) = (row / (count * width), row / width % count, row % width)
                return (head * 3 + part) * width + within
            }
        default: return nil
        }
        // A wrong number of rows is reported when the model is checked.
        guard rows > 0, rows % (2 * heads) == 0 else { return nil }
        let width = rows / heads
        return (0..<rows).map { row in
            let (head, within) = (row / width, row % width)
            return head * width + within % 2 * (width / 2) + within / 2
        }
    }
}
