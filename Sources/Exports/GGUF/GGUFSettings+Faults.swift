import Diagnostics
import Models

extension GGUFSettings {
    /// Rows a shorter window than this would matter for in every conversation; a longer one is said and accepted.
    private static let shortestIgnoredWindow = 512

    /// What a configuration has and llama.cpp's graph of its architecture has not.
    func faults(_ file: String) -> [Problem] {
        var found: [String] = []
        for (i, layer) in config.layers.enumerated() {
            switch layer.mixer {
            case .attention(let attention): found += faults(attention, i)
            case .latentAttention(let attention): found += faults(attention)
            }
            switch layer.feedForward {
            case .dense(let dense):
                if architecture.hasExperts && (architecture.name != "deepseek2" || i > leadingDense) {
                    found.append("layer \(i) has no experts")
                }
                if dense.bias && !biased.contains(architecture.name) {
                    found.append("llama.cpp's \(architecture.name) has no biases in its feed-forward networks")
                }
                if dense.kind != kind || !activations.contains(dense.activation)
                    || (kind == .plain && !dense.bias)
                {
                    found.append("its feed-forward networks are not those of llama.cpp's \(architecture.name)")
                }
            case .experts(let experts): found += faults(experts)
            }
            if layer.arrangement != arrangement && architecture.name != "gptneox" {
                found.append("its norms do not stand where llama.cpp's \(architecture.name) has them")
            }
        }
        found += rotaryFaults
        let once = found.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return once.map { Problem("cannot be written to GGUF: \($0)", file: file) }
    }

    /// What llama.cpp does otherwise than the model, and what that means for the user; nil where there is nothing.
    var note: String? {
        for layer in config.layers {
            guard slidingPattern == nil, case .window(let width)? = layer.attention?.reach else { continue }
            return
                "this model looks back \(width) tokens; llama.cpp's \(architecture.name) attends to everything, so beyond "
                + "\(width) tokens its predictions are others"
        }
        return nil
    }

    /// Every which layer attends to everything where the others slide; nil: llama.cpp has no sliding window here.
    private var slidingPattern: Int? {
        switch architecture.name {
        case "gemma2": 2
        case "gemma3": 6
        case "cohere2": 4
        default: nil
        }
    }

    private var kind: DenseConfig.Kind {
        switch architecture.name {
        case "phi3": .gatedFused
        case "gptneox", "gpt2", "starcoder2": .plain
        default: .gated
        }
    }

    private var projection: AttentionConfig.Projection {
        switch architecture.name {
        case "phi3", "gpt2": .fused
        case "gptneox": .fusedByGroup
        default: .separate
        }
    }

    private var activations: [ActivationKind] {
        switch architecture.name {
        case "gemma", "gemma2", "gemma3": [.geluTanh]
        case "gptneox", "gpt2", "starcoder2": [.gelu, .geluTanh]
        default: [.silu]
        }
    }

    private var arrangement: LayerConfig.Arrangement {
        switch architecture.name {
        case "gemma2", "gemma3": .sandwich
        case "olmo2": .post
        case "command-r", "cohere2": .parallelShared
        default: .pre
        }
    }

    /// Architectures whose attention output and feed-forward networks may have biases.
    private var biased: Set<String> { ["llama", "granite", "granitemoe", "gptneox", "gpt2", "starcoder2"] }

    private var leadingDense: Int { config.layers.prefix { !$0.hasExperts }.count }

    private func faults(_ attention: AttentionConfig, _ layer: Int) -> [String] {
        var found: [String] = []
        let name = architecture.name
        if let pattern = slidingPattern {
            let slides = (layer + 1) % pattern != 0
            let anySlides = config.layers.contains { $0.attention?.reach != .full }
            if (attention.reach != .full) != (slides && anySlides) {
                found.append("its sliding layers are not those of llama.cpp's \(name)")
            }
        } else if case .window(let width) = attention.reach, width < Self.shortestIgnoredWindow {
            found.append("llama.cpp's \(name) has no sliding window, this model has one of \(width) tokens")
        } else if case .chunk = attention.reach {
            found.append("llama.cpp's \(name) has no chunks to attend in")
        }
        if attention.projection != projection { found.append("its layers are not stored as \(name)'s are") }
        // llama.cpp leaves the rotation out in every fourth layer of SmolLM3 and Cohere 2 and nowhere else; GPT-2 has none.
        let turns = name != "gpt2" && !(["smollm3", "cohere2"].contains(name) && (layer + 1) % 4 == 0)
        if (attention.rotary != nil) != turns {
            found.append("its layers without rotation are not those of llama.cpp's \(name)")
        }
        if name == "cohere2", !config.layers.contains(where: { $0.attention?.reach != .full }) {
            found.append("llama.cpp's cohere2 has sliding layers, this model has none")
        }
        if attention.outputBias, !biased.contains(name) {
            found.append("llama.cpp's \(name) has no bias on the output of its attention")
        }
        if name == "command-r" || name == "cohere2", attention.queryKeyNorm != .none {
            found.append("norms of queries and keys are not written for llama.cpp's \(name)")
        }
        if name == "olmoe", attention.keyValueHeads != attention.heads {
            found.append("llama.cpp's olmoe has as many key heads as query heads")
        }
        if attention.projectionClip != nil && name != "olmo" {
            found.append("llama.cpp's \(name) does not clamp projections")
        }
        if attention.queryGrowth != nil || attention.sinks {
            found.append("llama.cpp's \(name) has no \(attention.sinks ? "attention sinks" : "growing queries")")
        }
        if name == "gemma2" || name == "gemma3" {
            let large = config.layers.count == (name == "gemma2" ? 46 : 62)
            let width = large ? config.hiddenSize / max(1, attention.heads) : attention.headDim
            if abs(attention.scale * Float(width).squareRoot() - 1) > 1e-5 {
                found.append("the scale of its scores is not the one llama.cpp's \(name) has at this size")
            }
        } else if !name.hasPrefix("granite"), abs(attention.scale * Float(attention.headDim).squareRoot() - 1) > 1e-5 {
            found.append("the scale of its scores is not 1/√\(attention.headDim)")
        }
        return found
    }

    private func faults(_ attention: LatentAttentionConfig) -> [String] {
        guard architecture.name == "deepseek2" else {
            return ["llama.cpp's \(architecture.name) has no latent attention"]
        }
        var found: [String] = []
        if attention.bias { found.append("llama.cpp's deepseek2 has no biases in its attention") }
        if attention.normEpsilon != config.norm.epsilon {
            found.append("its narrow norms have another ε than the others, llama.cpp's deepseek2 has one for all")
        }
        guard let rotary = config.rotaries.first, rotary.pairing == .neighbours else {
            return found + ["llama.cpp's deepseek2 turns neighbouring numbers, this model others (rope_interleave)"]
        }
        let growth = attention.scale * Float(attention.plainDim + attention.rotaryDim).squareRoot()
        switch rotary.scaling {
        case .none where abs(growth - 1) < 1e-5: break
        case .yarn(let yarn) where abs(yarn.attentionFactor - 1) < 1e-6 && latentStrength(attention) ?? 0 > 0: break
        default: found.append("llama.cpp's deepseek2 scales scores with mscale equal to mscale_all_dim, or not at all")
        }
        return found
    }

    private func faults(_ experts: ExpertsConfig) -> [String] {
        var found: [String] = []
        if case .stackedInputsFirst = experts.storage { found.append("its experts are stored inputs first") }
        if case .grouped(let grouped) = experts.routing, grouped.groups > 1, grouped.groupScore != .bestTwo {
            found.append("llama.cpp scores a group of experts by its two best ones, this model by the best")
        }
        let isGated = experts.expert.kind == .gated && experts.expert.activation == .silu && !experts.expert.bias
        if !routes(experts.routing) || experts.routerBias || experts.clampedLimit != nil || !isGated
            || (experts.weightScale != 1 && architecture.name != "deepseek2") || !shares(experts)
        {
            found.append("its experts are not those of llama.cpp's \(architecture.name)")
        }
        return found
    }

    /// Whether llama.cpp's architecture chooses and weighs experts so.
    private func routes(_ routing: ExpertsConfig.Routing) -> Bool {
        switch (architecture.name, routing) {
        case ("llama", .softmaxFirst(normalized: true)), ("qwen3moe", .softmaxFirst(normalized: true)),
            ("granitemoe", .choiceFirst), ("olmoe", .softmaxFirst(normalized: false)),
            ("qwen2moe", .softmaxFirst(normalized: false)), ("deepseek2", .softmaxFirst(normalized: false)):
            true
        case ("deepseek2", .grouped(let grouped)): grouped.sigmoid == grouped.correction
        default: false
        }
    }

    /// Whether llama.cpp's architecture has this network beside the experts.
    private func shares(_ experts: ExpertsConfig) -> Bool {
        switch architecture.name {
        case "qwen2moe": experts.shared != nil && experts.sharedGate
        case "deepseek2":
            experts.shared.map { $0.hidden % max(1, experts.expert.hidden) == 0 && !$0.bias } ?? false
                && !experts.sharedGate
        default: experts.shared == nil
        }
    }

    private var rotaryFaults: [String] {
        var found: [String] = []
        let expected = architecture.name == "gemma3" ? 1...2 : architecture.name == "gpt2" ? 0...0 : 1...1
        if !expected.contains(config.rotaries.count) { found.append("it has \(config.rotaries.count) rotary tables") }
        if config.rotaries.contains(where: { $0.basis != $0.dim }) {
            found.append("it turns an odd share of each head, which llama.cpp does not")
        }
        switch config.rotaries.first?.scaling {
        case .dynamic, .proportional: found.append("its rotary scaling is not known to llama.cpp")
        case .longRope(let scaling)
        where scaling.shortFactors != scaling.longFactors && architecture.name != "phi3":
            found.append("its rotary scaling is not known to llama.cpp's \(architecture.name)")
        case .yarn(let scaling) where !scaling.truncate:
            found.append("llama.cpp rounds the ends of YaRN's ramp, this model does not (truncate)")
        default: break
        }
        if architecture.name == "gemma3", config.rotaries.count > 1, config.rotaries[1].scaling != .none {
            found.append("the rotary table of its sliding layers is scaled, which llama.cpp's gemma3 does not do")
        }
        return found
    }
}
