import Models

extension GGUFSettings {
    /// Rows a shorter window than this would matter for in every conversation; a longer one is said and accepted.
    private static let shortestIgnoredWindow = 512

    /// What a layer's attention has and llama.cpp's graph of its architecture has not.
    func faults(_ attention: AttentionConfig, _ layer: Int) -> [String] {
        var found: [String] = []
        let name = architecture.name
        let turns = graph.unrotatedEvery.map { (layer + 1) % $0 != 0 } ?? true
        if graph.hasLatentAttention { found.append("llama.cpp's \(name) has latent attention, this model has not") }
        found += reachFaults(attention, layer, turns: turns)
        if attention.projection != graph.projection { found.append("its layers are not stored as \(name)'s are") }
        if (attention.rotary != nil) != turns {
            found.append("its layers without rotation are not those of llama.cpp's \(name)")
        }
        if attention.outputBias, graph.biases == .never {
            found.append("llama.cpp's \(name) has no bias on the output of its attention")
        }
        if !attention.outputBias, graph.biases == .always {
            found.append("llama.cpp's \(name) has biases in its attention, this model has none")
        }
        if attention.queryKeyNorm != .none, !graph.hasQueryKeyNorms {
            found.append("norms of queries and keys are not written for llama.cpp's \(name)")
        }
        if attention.keyValueHeads != attention.heads, !graph.groupsHeads {
            found.append("llama.cpp's \(name) has as many key heads as query heads")
        }
        if attention.projectionClip != nil, !graph.canClampProjections {
            found.append("llama.cpp's \(name) does not clamp projections")
        }
        if attention.sinks, !graph.canHaveSinks { found.append("llama.cpp's \(name) has no attention sinks") }
        if attention.heads * attention.headDim != config.hiddenSize, graph.headsFillWidth {
            found.append("llama.cpp's \(name) has heads that are together as wide as the model")
        }
        return found + growthFaults(attention, turns: turns) + scaleFaults(attention)
    }

    private func reachFaults(_ attention: AttentionConfig, _ layer: Int, turns: Bool) -> [String] {
        let name = architecture.name
        switch graph.reach {
        case .windows(let every, let always):
            let anySlides = config.layers.contains { $0.attention?.reach != .full }
            if always, !anySlides { return ["llama.cpp's \(name) has sliding layers, this model has none"] }
            let slides = anySlides && (layer + 1) % every != 0
            return (attention.reach != .full) == slides
                ? [] : ["its sliding layers are not those of llama.cpp's \(name)"]
        case .chunks(let width):
            if attention.reach == (turns ? .chunk(width) : .full) { return [] }
            return ["llama.cpp's \(name) attends in chunks of \(width) tokens where it rotates, this model otherwise"]
        case .listedWindows, .everything: break
        }
        switch attention.reach {
        case .chunk: return ["llama.cpp's \(name) has no chunks to attend in"]
        case .window(let width) where graph.reach == .everything && width < Self.shortestIgnoredWindow:
            return ["llama.cpp's \(name) has no sliding window, this model has one of \(width) tokens"]
        default: return []
        }
    }

    /// How queries grow with their position, which llama.cpp has for two architectures, each in its own way.
    private func growthFaults(_ attention: AttentionConfig, turns: Bool) -> [String] {
        var found: [String] = []
        var growth: AttentionConfig.QueryGrowth?
        switch architecture.name {
        case "llama4":
            if !turns { growth = .init(beta: 0.1, originalPositions: 8192, shift: 1) }
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
        default: break
        }
        if attention.queryGrowth != growth {
            found.append("llama.cpp's \(architecture.name) does not let queries grow as this model does")
        }
        return found
    }

    private var expertCount: Int? {
        for layer in config.layers { if case .experts(let experts) = layer.feedForward { return experts.count } }
        return nil
    }

    private func scaleFaults(_ attention: AttentionConfig) -> [String] {
        func isInverseRoot(of width: Int) -> Bool { abs(attention.scale * Float(width).squareRoot() - 1) <= 1e-5 }
        switch graph.scoreScale {
        case .stored: return []
        case .inverseRootOfHeadDim:
            return isInverseRoot(of: attention.headDim)
                ? [] : ["the scale of its scores is not 1/√\(attention.headDim)"]
        case .inverseRootOfHeadShare(let layers):
            let share = config.hiddenSize / max(1, attention.heads)
            if isInverseRoot(of: config.layers.count == layers ? share : attention.headDim) { return [] }
            return ["the scale of its scores is not the one llama.cpp's \(architecture.name) has at this size"]
        }
    }

    /// What latent attention has and llama.cpp's has not.
    func faults(_ attention: LatentAttentionConfig) -> [String] {
        let name = architecture.name
        guard graph.hasLatentAttention else { return ["llama.cpp's \(name) has no latent attention"] }
        var found: [String] = []
        if attention.bias { found.append("llama.cpp's \(name) has no biases in its attention") }
        if attention.normEpsilon != config.norm.epsilon {
            found.append("its narrow norms have another ε than the others, llama.cpp's \(name) has one for all")
        }
        guard let rotary = config.rotaries.first, rotary.pairing == .neighbours else {
            return found + ["llama.cpp's \(name) turns neighbouring numbers, this model others (rope_interleave)"]
        }
        let growth = attention.scale * Float(attention.plainDim + attention.rotaryDim).squareRoot()
        switch rotary.scaling {
        case .none where abs(growth - 1) < 1e-5: break
        case .yarn(let yarn) where abs(yarn.attentionFactor - 1) < 1e-6 && latentStrength(attention) ?? 0 > 0: break
        default: found.append("llama.cpp's \(name) scales scores with mscale equal to mscale_all_dim, or not at all")
        }
        return found
    }
}
