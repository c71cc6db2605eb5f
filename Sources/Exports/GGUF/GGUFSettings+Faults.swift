import Diagnostics
import Models
import Tensors

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
                if architecture.hasExperts && !mayBeDense(i) {
                    found.append("layer \(i) has no experts")
                }
                if dense.bias && !biased.contains(architecture.name) {
                    found.append("llama.cpp's \(architecture.name) has no biases in its feed-forward networks")
                }
                if dense.kind != kind || dense.activation != activation
                    || (kind == .plain && !dense.bias)
                {
                    found.append("its feed-forward networks are not those of llama.cpp's \(architecture.name)")
                }
            case .experts(let experts):
                found += faults(experts)
                if architecture.name == "llama4" && (i + 1) % expertStep != 0 {
                    found.append("its layers with experts are not those of llama.cpp's llama4")
                }
            }
            if layer.arrangement != arrangement && architecture.name != "gptneox" {
                found.append("its norms do not stand where llama.cpp's \(architecture.name) has them")
            }
        }
        found += rotaryFaults
        if config.tiedHead, ["olmo2", "olmoe", "qwen2moe", "gptneox", "gpt-oss"].contains(architecture.name) {
            found.append("llama.cpp's \(architecture.name) wants a head of its own, this model's is tied")
        }
        let once = found.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return once.map { Problem("cannot be written to GGUF: \($0)", file: file) }
    }

    /// What llama.cpp does otherwise than the model, and what that means for the user; nil where there is nothing.
    func note(_ own: TransformerConfig) -> String? {
        if config != own {
            let what =
                architecture.name == "gpt-oss"
                ? "rounds where this model's YaRN ramp begins and ends"
                : "computes this model's GELU by the formula with tanh"
            return
                "llama.cpp \(what), so that its predictions differ a little from those of transformers; what is exported "
                + "is checked against the model as llama.cpp computes it"
        }
        if architecture.name == "phi3", case .longRope(let scaling)? = config.rotaries.first?.scaling {
            return "llama.cpp turns by the long factors whenever its context (-c) is longer than "
                + "\(scaling.originalPositions) tokens, the model itself only where the text is: run it with a context of "
                + "that length where texts are shorter"
        }
        for layer in config.layers {
            guard slidingPattern == nil, !listsSliding, case .window(let width)? = layer.attention?.reach else {
                continue
            }
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

    /// Whether the file says layer by layer which ones slide.
    private var listsSliding: Bool { ["olmo2", "gpt-oss"].contains(architecture.name) }

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

    private var activation: Activation {
        ["gemma", "gemma2", "gemma3", "gptneox", "gpt2", "starcoder2"].contains(architecture.name) ? .geluTanh : .silu
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
    private var biased: Set<String> {
        ["llama", "granite", "granitemoe", "gptneox", "gpt2", "starcoder2", "gpt-oss"]
    }

    /// Architectures whose heads are together as wide as the model.
    private var filling: Set<String> {
        [
            "olmo", "olmo2", "olmoe", "gptneox", "gpt2", "qwen2", "qwen2moe", "command-r", "cohere2", "starcoder2",
            "phi3",
        ]
    }

    /// Whether llama.cpp's architecture, which has experts, may have a layer without.
    private func mayBeDense(_ layer: Int) -> Bool {
        switch architecture.name {
        case "deepseek2": layer <= config.layers.prefix { !$0.hasExperts }.count
        case "llama4": (layer + 1) % expertStep != 0
        default: false
        }
    }

    private func faults(_ attention: AttentionConfig, _ layer: Int) -> [String] {
        var found: [String] = []
        let name = architecture.name
        if let pattern = slidingPattern {
            let slides = (layer + 1) % pattern != 0
            let anySlides = config.layers.contains { $0.attention?.reach != .full }
            if (attention.reach != .full) != (slides && anySlides) {
                found.append("its sliding layers are not those of llama.cpp's \(name)")
            }
        } else if case .window(let width) = attention.reach, width < Self.shortestIgnoredWindow, !listsSliding {
            found.append("llama.cpp's \(name) has no sliding window, this model has one of \(width) tokens")
        } else if case .chunk = attention.reach, name != "llama4" {
            found.append("llama.cpp's \(name) has no chunks to attend in")
        }
        if attention.projection != projection { found.append("its layers are not stored as \(name)'s are") }
        // llama.cpp leaves the rotation out in every fourth layer of SmolLM3 and Cohere 2 and nowhere else; GPT-2 has none.
        let turns = name != "gpt2" && !(["smollm3", "cohere2", "llama4"].contains(name) && (layer + 1) % 4 == 0)
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
        found += ownFaults(attention, turns: turns)
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

    /// What llama.cpp fixes for single architectures.
    private func ownFaults(_ attention: AttentionConfig, turns: Bool) -> [String] {
        var found: [String] = []
        let name = architecture.name
        if filling.contains(name), attention.heads * attention.headDim != config.hiddenSize {
            found.append("llama.cpp's \(name) has heads that are together as wide as the model")
        }
        if attention.sinks, name != "gpt-oss" { found.append("llama.cpp's \(name) has no attention sinks") }
        if name == "gpt-oss", !attention.outputBias {
            found.append("llama.cpp's gpt-oss has biases in its attention, this model has none")
        }
        let growth: AttentionConfig.QueryGrowth?
        switch name {
        case "llama4":
            growth = turns ? nil : .init(beta: 0.1, originalPositions: 8192, shift: 1)
            if attention.reach != (turns ? .chunk(8192) : .full) {
                found.append(
                    "llama.cpp's llama4 attends in chunks of 8192 tokens where it rotates, this model otherwise")
            }
            let norm: AttentionConfig.QueryKeyNorm = turns && expertCount != 128 ? .perHeadUnweighted : .none
            if attention.queryKeyNorm != norm {
                found.append("its norms of queries and keys are not those of llama.cpp's llama4")
            }
        case "mistral3":
            growth = attention.queryGrowth.map { .init(beta: $0.beta, originalPositions: $0.originalPositions) }
            if let growth, case .yarn(let yarn)? = config.rotaries.first?.scaling,
                yarn.originalPositions != growth.originalPositions
            {
                found.append("llama.cpp's mistral3 has one original length, of the rotation and of growing queries")
            }
        default: growth = nil
        }
        if attention.queryGrowth != growth {
            found.append("llama.cpp's \(name) does not let queries grow as this model does")
        }
        return found
    }

    private var expertCount: Int? {
        for layer in config.layers { if case .experts(let experts) = layer.feedForward { return experts.count } }
        return nil
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
        if case .grouped(let grouped) = experts.routing, grouped.groups > 1, grouped.groupScore != .bestTwo {
            found.append("llama.cpp scores a group of experts by its two best ones, this model by the best")
        }
        let isOSS = architecture.name == "gpt-oss"
        let isGated =
            experts.expert.kind == .gated && experts.expert.activation == .silu && experts.expert.bias == isOSS
        if !routes(experts.routing) || experts.routerBias != isOSS || !isGated
            || experts.clampedLimit != (isOSS ? 7 : nil)
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
            ("qwen2moe", .softmaxFirst(normalized: false)), ("deepseek2", .softmaxFirst(normalized: false)),
            ("gpt-oss", .choiceFirst), ("llama4", .sigmoidOnInput):
            true
        case ("deepseek2", .grouped(let grouped)): grouped.sigmoid == grouped.correction
        default: false
        }
    }

    /// Whether llama.cpp's architecture has this network beside the experts.
    private func shares(_ experts: ExpertsConfig) -> Bool {
        switch architecture.name {
        case "llama4": experts.shared?.hidden == experts.expert.hidden && !experts.sharedGate
        case "qwen2moe": experts.shared != nil && experts.sharedGate
        case "deepseek2":
            experts.shared.map { $0.hidden % max(1, experts.expert.hidden) == 0 && !$0.bias } ?? false
                && !experts.sharedGate
        default: experts.shared == nil
        }
    }

    private var rotaryFaults: [String] {
        var found: [String] = []
        let name = architecture.name
        let expected = name == "gemma3" || name == "olmo2" ? 1...2 : name == "gpt2" ? 0...0 : 1...1
        if !expected.contains(config.rotaries.count) { found.append("it has \(config.rotaries.count) rotary tables") }
        if config.rotaries.contains(where: { $0.basis != $0.dim }) {
            found.append("it turns an odd share of each head, which llama.cpp does not")
        }
        if let rotary = config.rotaries.first { found += faults(rotary) }
        if architecture.name == "gemma3", config.rotaries.count > 1, config.rotaries[1].scaling != .none {
            found.append("the rotary table of its sliding layers is scaled, which llama.cpp's gemma3 does not do")
        }
        if name == "olmo2", config.rotaries.count > 1,
            config.rotaries[1].scaling != .none || config.rotaries[1].theta != config.rotaries[0].theta
        {
            found.append("llama.cpp's olmo2 rotates sliding layers by the same base as the others, without scaling")
        }
        return found
    }

    /// What llama.cpp does not do of a table's scaling.
    private func faults(_ rotary: RotaryConfig) -> [String] {
        let name = architecture.name
        switch rotary.scaling {
        case .none, .linear: return []
        case .dynamic, .proportional: return ["its rotary scaling is not known to llama.cpp"]
        case .longRope where name == "phi3": return []
        case .longRope(let scaling) where scaling.shortFactors != scaling.longFactors:
            return ["its rotary scaling is not known to llama.cpp's \(name)"]
        case .llama3, .longRope:
            if architecture.readsFrequencyTable { return [] }
            return ["its rotary scaling takes a table of divisors, which llama.cpp's \(name) does not read"]
        case .yarn(var scaling):
            scaling.truncate = true
            if !architecture.readsYarnRamp { (scaling.betaFast, scaling.betaSlow) = (32, 1) }
            var theirs = rotary
            theirs.scaling = .yarn(scaling)
            let pairs = zip(
                RotaryFrequencies(rotary, length: 1).inverse, RotaryFrequencies(theirs, length: 1).inverse)
            if pairs.allSatisfy({ abs($0 - $1) <= 1e-6 * $1 }) { return [] }
            return [
                "llama.cpp's \(name) has YaRN's ramp from \(scaling.betaFast) rotations to \(scaling.betaSlow), its ends "
                    + "rounded, this model another (beta_fast, beta_slow, truncate)"
            ]
        }
    }
}
