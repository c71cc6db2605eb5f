import Diagnostics
import Models

extension GGUFSettings {
    /// Rows a shorter window than this would matter for in every conversation; a longer one is said and accepted.
    private static let shortestIgnoredWindow = 512

    /// What a configuration has and llama.cpp's graph of its architecture has not.
    func faults(_ file: String) -> [Problem] {
        var found: [String] = []
        for (i, layer) in config.layers.enumerated() {
            guard let attention = layer.attention else {
                found.append("layer \(i) has no plain attention")
                continue
            }
            found += faults(attention, i)
            switch layer.feedForward {
            case .dense(let dense):
                if architecture.hasExperts { found.append("layer \(i) has no experts") }
                if dense.kind != kind || !activations.contains(dense.activation) {
                    found.append("its feed-forward networks are not those of llama.cpp's \(architecture.name)")
                }
            case .experts(let experts): found += faults(experts)
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
        default: nil
        }
    }

    private var kind: DenseConfig.Kind {
        switch architecture.name {
        case "phi3": .gatedFused
        case "gptneox": .plain
        default: .gated
        }
    }

    private var projection: AttentionConfig.Projection {
        switch architecture.name {
        case "phi3": .fused
        case "gptneox": .fusedByGroup
        default: .separate
        }
    }

    private var activations: [ActivationKind] {
        switch architecture.name {
        case "gemma2", "gemma3": [.geluTanh]
        case "gptneox": [.gelu, .geluTanh]
        default: [.silu]
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
        } else if case .window(let width) = attention.reach, width < Self.shortestIgnoredWindow {
            found.append("llama.cpp's \(name) has no sliding window, this model has one of \(width) tokens")
        } else if case .chunk = attention.reach {
            found.append("llama.cpp's \(name) has no chunks to attend in")
        }
        if attention.projection != projection { found.append("its layers are not stored as \(name)'s are") }
        // llama.cpp leaves the rotation out in every fourth layer of SmolLM3 and nowhere else.
        if (attention.rotary == nil) != (name == "smollm3" && (layer + 1) % 4 == 0) {
            found.append("its layers without rotation are not those of llama.cpp's \(name)")
        }
        if name == "gemma2" || name == "gemma3" {
            let large = config.layers.count == (name == "gemma2" ? 46 : 62)
            let width = large ? config.hiddenSize / max(1, attention.heads) : attention.headDim
            if abs(attention.scale * Float(width).squareRoot() - 1) > 1e-5 {
                found.append("the scale of its scores is not the one llama.cpp's \(name) has at this size")
            }
        } else if name != "granite", abs(attention.scale * Float(attention.headDim).squareRoot() - 1) > 1e-5 {
            found.append("the scale of its scores is not 1/√\(attention.headDim)")
        }
        return found
    }

    private func faults(_ experts: ExpertsConfig) -> [String] {
        var found: [String] = []
        if case .stackedInputsFirst = experts.storage { found.append("its experts are stored inputs first") }
        if experts.routing != .softmaxFirst(normalized: true) || experts.weightScale != 1 || experts.routerBias
            || experts.shared != nil || experts.clampedLimit != nil || experts.expert.kind != .gated
            || experts.expert.activation != .silu || experts.expert.bias
        {
            found.append("its experts are not those of llama.cpp's \(architecture.name)")
        }
        return found
    }

    private var rotaryFaults: [String] {
        var found: [String] = []
        let expected = architecture.name == "gemma3" ? 1...2 : 1...1
        if !expected.contains(config.rotaries.count) { found.append("it has \(config.rotaries.count) rotary tables") }
        if config.rotaries.contains(where: { $0.basis != $0.dim }) {
            found.append("it turns an odd share of each head, which llama.cpp does not")
        }
        switch config.rotaries.first?.scaling {
        case .dynamic, .proportional: found.append("its rotary scaling is not known to llama.cpp")
        case .longRope(let scaling)
        where scaling.shortFactors != scaling.longFactors && architecture.name != "phi3":
            found.append("its rotary scaling is not known to llama.cpp's \(architecture.name)")
        default: break
        }
        if architecture.name == "gemma3", config.rotaries.count > 1, config.rotaries[1].scaling != .none {
            found.append("the rotary table of its sliding layers is scaled, which llama.cpp's gemma3 does not do")
        }
        return found
    }
}
