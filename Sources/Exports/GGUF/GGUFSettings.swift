import Diagnostics
import Foundation
import Models
import OrderedJSON
import Tensors
import WeightFiles

/// The settings of a model as llama.cpp's converter writes them.
struct GGUFSettings {
    let architecture: GGUFArchitecture
    /// What llama.cpp makes of the architecture.
    let graph: LlamaGraph
    let config: TransformerConfig
    /// Settings that are tensors of their own: divisors of the rotary frequencies.
    private(set) var tables: [(name: String, numbers: [Float])] = []
    private(set) var metadata = GGUFMetadata()

    /// What a configuration has and llama.cpp's graph of the architecture has not is thrown, all together.
    init(_ files: ModelFiles, name: String) throws {
        guard let architecture = files.ggufArchitecture else {
            let known = GGUFArchitecture.all.flatMap(\.modelTypes).joined(separator: ", ")
            throw Problem(
                "is a \(files.description.config.family) model, which is not written to GGUF yet", file: files.path,
                advice: "written are \(known)")
        }
        self.architecture = architecture
        graph = LlamaGraph.of(architecture)
        config = files.description.config.asInLlama(architecture)
        try Problems(faults(files.path)).throwIfAny()
        guard let layer = config.layers.first else { throw Problem("has no layers", file: files.path) }
        metadata["general.architecture"] = .string(architecture.name)
        metadata["general.type"] = .string("model")
        metadata["general.name"] = .string(name)
        let parameters = config.moduleShapes.values.reduce(0) { $0 + $1.weight.reduce(1, *) + ($1.bias ?? 0) }
        metadata["general.size_label"] = .string(Self.sizeLabel(parameters))
        set("block_count", .count(config.layers.count))
        set("context_length", .count(config.maximumPositions))
        set("embedding_length", .count(config.hiddenSize))
        let text = files.configuration["text_config"] ?? files.configuration
        setFeedForward((text["intermediate_size_mlp"] ?? text["intermediate_size"])?.intValue)
        let norm = config.norm.kind == .layer ? "layer_norm_epsilon" : "layer_norm_rms_epsilon"
        set("attention.\(norm)", .float32(config.norm.epsilon))
        set("vocab_size", .count(config.vocabularySize))
        if let rotary = config.rotaries.first { setRotary(rotary) }
        switch layer.mixer {
        case .attention(let attention):
            set("attention.head_count", .count(attention.heads))
            set("attention.head_count_kv", .count(attention.keyValueHeads))
            set("attention.key_length", .count(attention.headDim))
            set("attention.value_length", .count(attention.headDim))
            setOwn(layer, attention)
        case .latentAttention(let attention): setLatent(attention)
        }
    }

    /// Widths and counts of the feed-forward networks.
    ///
    /// - Parameter dense: what the configuration calls the width of networks without experts.
    private mutating func setFeedForward(_ dense: Int?) {
        var (network, mixture): (DenseConfig?, ExpertsConfig?)
        for layer in config.layers {
            switch layer.feedForward {
            case .dense(let own): network = network ?? own
            case .experts(let own): mixture = mixture ?? own
            }
        }
        guard let experts = mixture else { return set("feed_forward_length", .count(network?.hidden ?? 0)) }
        set("feed_forward_length", .count(network?.hidden ?? dense ?? experts.expert.hidden))
        set("expert_count", .count(experts.count))
        set("expert_used_count", .count(experts.perToken))
        if architecture.name != "llama" { set("expert_feed_forward_length", .count(experts.expert.hidden)) }
        if graph.denseLayers == .between { set("interleave_moe_layer_step", .count(expertStep)) }
        guard architecture.name == "deepseek2" else {
            if let shared = experts.shared { set("expert_shared_feed_forward_length", .count(shared.hidden)) }
            return
        }
        set("leading_dense_block_count", .count(config.layers.prefix { !$0.hasExperts }.count))
        set("expert_shared_count", .count((experts.shared?.hidden ?? 0) / max(1, experts.expert.hidden)))
        set("expert_weights_scale", .float32(experts.weightScale))
        guard case .grouped(let grouped) = experts.routing else { return set("expert_gating_func", .count(1)) }
        set("expert_gating_func", .count(grouped.sigmoid ? 2 : 1))
        if grouped.normalized { set("expert_weights_norm", .bool(true)) }
        set("expert_group_count", .count(grouped.groups))
        set("expert_group_used_count", .count(grouped.chosenGroups))
    }

    /// Latent attention, which llama.cpp computes with one wide key head that all query heads read.
    private mutating func setLatent(_ attention: LatentAttentionConfig) {
        set("attention.head_count", .count(attention.heads))
        set("attention.head_count_kv", .count(1))
        // Models of 26 and 27 layers do without it, all others are refused when it is missing.
        set("attention.q_lora_rank", .count(attention.queryRank ?? 0))
        set("attention.kv_lora_rank", .count(attention.keyValueRank))
        set("attention.key_length", .count(attention.keyValueRank + attention.rotaryDim))
        set("attention.value_length", .count(attention.keyValueRank))
        set("attention.key_length_mla", .count(attention.plainDim + attention.rotaryDim))
        set("attention.value_length_mla", .count(attention.valueDim))
        if let strength = latentStrength(attention) {
            set("rope.scaling.yarn_log_multiplier", .float32(Float(0.1 * strength)))
        }
    }

    /// YaRN's `mscale_all_dim`, as the scale of the scores has it; nil without YaRN.
    func latentStrength(_ attention: LatentAttentionConfig) -> Double? {
        guard case .yarn(let scaling)? = config.rotaries.first?.scaling, scaling.factor > 1 else { return nil }
        let growth = Double(attention.scale) * Double(attention.plainDim + attention.rotaryDim).squareRoot()
        return (growth.squareRoot() - 1) / (0.1 * log(scaling.factor))
    }

    /// What one architecture has beyond what all have.
    private mutating func setOwn(_ layer: LayerConfig, _ attention: AttentionConfig) {
        switch architecture.name {
        case "granite", "granitemoe":
            set("attention.scale", .float32(attention.scale))
            set("embedding_scale", .float32(config.embeddingScale))
            set("residual_scale", .float32(layer.residualScale))
            set("logit_scale", .float32(1 / config.logitScale))
        case "command-r", "cohere2":
            set("logit_scale", .float32(config.logitScale))
            if case .window(let width) = attention.reach { set("attention.sliding_window", .count(width)) }
        case "olmo": if let clip = attention.projectionClip { set("attention.clamp_kqv", .float32(clip)) }
        case "gemma2", "gemma3":
            if let cap = attention.softCap { set("attn_logit_softcapping", .float32(cap)) }
            if let cap = config.logitSoftCap { set("final_logit_softcapping", .float32(cap)) }
            setSliding(pattern: false)
            if architecture.name == "gemma3", config.rotaries.count > 1 {
                set("rope.freq_base_swa", .float32(Float(config.rotaries[1].theta)))
            }
        case "gpt-oss": setSliding(pattern: true)
        case "olmo2" where config.layers.contains { $0.attention?.reach != .full }: setSliding(pattern: true)
        case "mistral3":
            if let growth = attention.queryGrowth {
                set("attention.temperature_scale", .float32(growth.beta))
                set("rope.scaling.original_context_length", .count(growth.originalPositions))
            }
        case "gptneox": set("use_parallel_residual", .bool(layer.arrangement == .parallel))
        default: break
        }
    }

    /// The width of the windows and, where llama.cpp reads it, which layers have one.
    private mutating func setSliding(pattern: Bool) {
        let widths = config.layers.map { layer -> Int? in
            if case .window(let width)? = layer.attention?.reach { width } else { nil }
        }
        guard let width = widths.compactMap(\.self).first else { return }
        set("attention.sliding_window", .count(width))
        if pattern { set("attention.sliding_window_pattern", .array(.bool(widths.map { $0 != nil }))) }
    }

    /// Every which layer has experts, the first of them counted from one.
    var expertStep: Int { (config.layers.firstIndex(where: \.hasExperts) ?? 0) + 1 }

    private mutating func set(_ key: String, _ value: GGUFValue) { metadata["\(architecture.name).\(key)"] = value }

    private mutating func setRotary(_ rotary: RotaryConfig) {
        set("rope.dimension_count", .count(rotary.dim))
        set("rope.freq_base", .float32(Float(rotary.theta)))
        switch rotary.scaling {
        case .linear(let factor):
            set("rope.scaling.type", .string("linear"))
            set("rope.scaling.factor", .float32(Float(factor)))
        case .yarn(let scaling):
            set("rope.scaling.type", .string("yarn"))
            set("rope.scaling.factor", .float32(Float(scaling.factor)))
            set("rope.scaling.original_context_length", .count(scaling.originalPositions))
            set("rope.scaling.yarn_beta_fast", .float32(Float(scaling.betaFast)))
            set("rope.scaling.yarn_beta_slow", .float32(Float(scaling.betaSlow)))
            let extra = scaling.attentionFactor / Self.yarnMagnitude(scaling.factor)
            if architecture.name != "deepseek2", abs(extra - 1) > 1e-6 {
                set("rope.scaling.attn_factor", .float32(Float(extra)))
            }
        case .llama3(let scaling): tables.append(("rope_freqs.weight", Self.divisors(rotary, scaling)))
        case .longRope(let scaling):
            set("rope.scaling.attn_factor", .float32(Float(scaling.attentionFactor)))
            guard graph.readsTwoFactorLists else {
                return tables.append(("rope_freqs.weight", scaling.shortFactors.map { Float($0) }))
            }
            set("rope.scaling.original_context_length", .count(scaling.originalPositions))
            tables.append(("rope_factors_long.weight", scaling.longFactors.map { Float($0) }))
            tables.append(("rope_factors_short.weight", scaling.shortFactors.map { Float($0) }))
        default: break
        }
    }

    /// What YaRN multiplies cosines and sines by where nothing else is said.
    private static func yarnMagnitude(_ factor: Double) -> Double { factor > 1 ? 0.1 * log(factor) + 1 : 1 }

    /// By how much Llama 3.1's scaling divides each frequency.
    private static func divisors(_ rotary: RotaryConfig, _ scaling: Llama3Scaling) -> [Float] {
        stride(from: 0, to: rotary.dim, by: 2).map { i in
            let wave = 2 * Double.pi * pow(rotary.theta, Double(i) / Double(rotary.dim))
            let original = Double(scaling.originalPositions)
            if wave < original / scaling.highFrequencyFactor { return 1 }
            if wave > original / scaling.lowFrequencyFactor { return Float(scaling.factor) }
            let smooth =
                (original / wave - scaling.lowFrequencyFactor)
                / (scaling.highFrequencyFactor - scaling.lowFrequencyFactor)
            return Float(1 / ((1 - smooth) / scaling.factor + smooth))
        }
    }

    /// `494M`, `1.5B`: how llama.cpp says how large a model is.
    static func sizeLabel(_ parameters: Int) -> String {
        let (value, unit) =
            switch parameters {
            case 1_000_000_000...: (Double(parameters) / 1e9, "B")
            case 1_000_000...: (Double(parameters) / 1e6, "M")
            default: (Double(parameters) / 1e3, "K")
            }
        return (value < 10 ? String(format: "%.1f", value).replacing(".0", with: "") : String(Int(value.rounded())))
            + unit
    }
}

extension TransformerConfig {
    /// The same with what llama.cpp computes in another way and models are served with nevertheless: gpt-oss's YaRN
    /// ramp ends between two dimensions, llama.cpp's at a whole one; and GELU is its formula with tanh whatever the
    /// model says.
    func asInLlama(_ architecture: GGUFArchitecture) -> TransformerConfig {
        var config = self
        for i in layers.indices {
            guard case .dense(var dense) = layers[i].feedForward, dense.activation == .gelu else { continue }
            dense.activation = .geluTanh
            config.layers[i].feedForward = .dense(dense)
        }
        guard architecture.name == "gpt-oss" else { return config }
        for i in rotaries.indices {
            guard case .yarn(var yarn) = rotaries[i].scaling else { continue }
            yarn.truncate = true
            config.rotaries[i].scaling = .yarn(yarn)
        }
        return config
    }
}

extension LayerConfig {
    /// Whether its feed-forward network is a mixture.
    var hasExperts: Bool { if case .experts = feedForward { true } else { false } }
}

extension GGUFValue {
    /// A count, as llama.cpp stores it.
    static func count(_ value: Int) -> GGUFValue { .uint32(UInt32(clamping: value)) }
}
