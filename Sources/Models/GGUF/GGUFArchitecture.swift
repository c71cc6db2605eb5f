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

    /// The architectures that are read and written.
    public static let all = [
        GGUFArchitecture(
            name: "llama", modelType: "llama", modelTypes: ["llama", "mistral"], transformersClass: "LlamaForCausalLM",
            pairsNeighbours: true),
        GGUFArchitecture(
            name: "qwen2", modelType: "qwen2", modelTypes: ["qwen2"], transformersClass: "Qwen2ForCausalLM",
            pairsNeighbours: false),
        GGUFArchitecture(
            name: "qwen3", modelType: "qwen3", modelTypes: ["qwen3"], transformersClass: "Qwen3ForCausalLM",
            pairsNeighbours: false),
        GGUFArchitecture(
            name: "olmo2", modelType: "olmo2", modelTypes: ["olmo2"], transformersClass: "Olmo2ForCausalLM",
            pairsNeighbours: false),
        GGUFArchitecture(
            name: "smollm3", modelType: "smollm3", modelTypes: ["smollm3"], transformersClass: "SmolLM3ForCausalLM",
            pairsNeighbours: true),
        GGUFArchitecture(
            name: "granite", modelType: "granite", modelTypes: ["granite"], transformersClass: "GraniteForCausalLM",
            pairsNeighbours: true),
    ]

    /// The architecture of this name.
    public static func named(_ name: String) -> GGUFArchitecture? { all.first { $0.name == name } }

    /// The architecture that a model of this `model_type` is written as.
    public static func writing(_ modelType: String) -> GGUFArchitecture? {
        all.first { $0.modelTypes.contains(modelType) }
    }

    private static let names = [
        "embedding": "token_embd", "norm": "output_norm", "head": "output",
        "layers.*.attention.query": "blk.*.attn_q", "layers.*.attention.key": "blk.*.attn_k",
        "layers.*.attention.value": "blk.*.attn_v", "layers.*.attention.output": "blk.*.attn_output",
        "layers.*.attention.queryNorm": "blk.*.attn_q_norm", "layers.*.attention.keyNorm": "blk.*.attn_k_norm",
        "layers.*.attentionNorm": "blk.*.attn_norm", "layers.*.feedForwardNorm": "blk.*.ffn_norm",
        "layers.*.attentionPostNorm": "blk.*.post_attention_norm",
        "layers.*.feedForwardPostNorm": "blk.*.post_ffw_norm",
        "layers.*.feedForward.gate": "blk.*.ffn_gate", "layers.*.feedForward.up": "blk.*.ffn_up",
        "layers.*.feedForward.down": "blk.*.ffn_down",
    ]

    /// A module's name in GGUF files, without `.weight`; nil where there is none.
    public func tensorName(_ logical: String) -> String? {
        let (pattern, numbers) = WeightNames.generalised(logical)
        return Self.names[pattern].map { WeightNames.filled($0, with: numbers) }
    }

    /// For rows of query or key in GGUF's order, which row of transformers' order each is; nil where the orders are the same.
    ///
    /// In transformers the pairs of a head are (i, i + d/2), in llama.cpp's "normal" rotation (2i, 2i + 1):
    /// row `2j + p` there is row `p·d/2 + j` here.
    public func rowOrder(_ logical: String, rows: Int, config: TransformerConfig) -> [Int]? {
        let (pattern, numbers) = WeightNames.generalised(logical)
        guard pairsNeighbours, let layer = numbers.first.flatMap({ Int($0) }), config.layers.indices.contains(layer),
            let attention = config.layers[layer].attention
        else { return nil }
        let heads: Int
        switch pattern {
        case "layers.*.attention.query": heads = attention.heads
        case "layers.*.attention.key": heads = attention.keyValueHeads
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
