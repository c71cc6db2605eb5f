import Diagnostics
import Models
import Tensors

extension GGUFSettings {
    /// What a configuration has and llama.cpp's graph of its architecture has not.
    func faults(_ file: String) -> [Problem] {
        var found: [String] = []
        for (i, layer) in config.layers.enumerated() {
            switch layer.mixer {
            case .attention(let attention): found += faults(attention, i)
            case .latentAttention(let attention): found += faults(attention)
            }
            switch layer.feedForward {
            case .dense(let dense): found += faults(dense, i)
            case .experts(let experts): found += faults(experts, i)
            }
            if !graph.arrangements.contains(layer.arrangement) {
                found.append("its norms do not stand where llama.cpp's \(architecture.name) has them")
            }
        }
        found += rotaryFaults
        if config.tiedHead, !graph.canTieHead {
            found.append("llama.cpp's \(architecture.name) wants a head of its own, this model's is tied")
        }
        let once = found.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return once.map { Problem("cannot be written to GGUF: \($0)", file: file) }
    }

    /// What llama.cpp does otherwise than the model, and what that means for the user; nil where there is nothing.
    func note(_ own: TransformerConfig) -> String? {
        if config != own {
            let what =
                config.rotaries != own.rotaries
                ? "rounds where this model's YaRN ramp begins and ends"
                : "computes this model's GELU by the formula with tanh"
            return
                "llama.cpp \(what), so that its predictions differ a little from those of transformers; what is exported "
                + "is checked against the model as llama.cpp computes it"
        }
        if graph.readsTwoFactorLists, case .longRope(let scaling)? = config.rotaries.first?.scaling {
            return "llama.cpp turns by the long factors whenever its context (-c) is longer than "
                + "\(scaling.originalPositions) tokens, the model itself only where the text is: run it with a context of "
                + "that length where texts are shorter"
        }
        guard graph.reach == .everything else { return nil }
        for layer in config.layers {
            guard case .window(let width)? = layer.attention?.reach else { continue }
            return
                "this model looks back \(width) tokens; llama.cpp's \(architecture.name) attends to everything, so beyond "
                + "\(width) tokens its predictions are others"
        }
        return nil
    }

    // MARK: - Feed-forward networks

    private func faults(_ dense: DenseConfig, _ layer: Int) -> [String] {
        var found: [String] = []
        if architecture.hasExperts, !mayBeDense(layer) { found.append("layer \(layer) has no experts") }
        if dense.bias, graph.biases == .never {
            found.append("llama.cpp's \(architecture.name) has no biases in its feed-forward networks")
        }
        if dense.kind != graph.feedForward || dense.activation != graph.activation
            || (dense.kind == .plain && !dense.bias)
        {
            found.append("its feed-forward networks are not those of llama.cpp's \(architecture.name)")
        }
        return found
    }

    private func mayBeDense(_ layer: Int) -> Bool {
        switch graph.denseLayers {
        case .nowhere: false
        case .first: layer <= config.layers.prefix { !$0.hasExperts }.count
        case .between: (layer + 1) % expertStep != 0
        }
    }

    private func faults(_ experts: ExpertsConfig, _ layer: Int) -> [String] {
        var found: [String] = []
        if case .grouped(let grouped) = experts.routing, grouped.groups > 1, grouped.groupScore != .bestTwo {
            found.append("llama.cpp scores a group of experts by its two best ones, this model by the best")
        }
        let hasBiases = graph.biases == .always
        let isGated =
            experts.expert.kind == .gated && experts.expert.activation == .silu && experts.expert.bias == hasBiases
        if !isGated || !routes(experts.routing) || !shares(experts) || experts.routerBias != hasBiases
            || experts.clampedLimit != graph.expertLimit || (experts.weightScale != 1 && !graph.canScaleExperts)
        {
            found.append("its experts are not those of llama.cpp's \(architecture.name)")
        }
        if graph.denseLayers == .between, (layer + 1) % expertStep != 0 {
            found.append("its layers with experts are not those of llama.cpp's \(architecture.name)")
        }
        return found
    }

    private func routes(_ routing: ExpertsConfig.Routing) -> Bool {
        if case .grouped(let grouped) = routing {
            return graph.canGroupExperts && grouped.sigmoid == grouped.correction
        }
        return graph.routings.contains(routing)
    }

    private func shares(_ experts: ExpertsConfig) -> Bool {
        let width = experts.expert.hidden
        switch graph.sharedExpert {
        case .none: return experts.shared == nil
        case .gated: return experts.shared != nil && experts.sharedGate
        case .asWideAsOne: return experts.shared?.hidden == width && !experts.sharedGate
        case .asWideAsSeveral:
            guard let shared = experts.shared else { return false }
            return shared.hidden % max(1, width) == 0 && !shared.bias && !experts.sharedGate
        }
    }
}
