import Diagnostics
import Foundation
import Models
import WeightFiles

/// The settings of a model as llama.cpp's converter writes them.
struct GGUFSettings {
    let architecture: GGUFArchitecture
    let config: TransformerConfig
    /// Divisors of the rotary frequencies, a tensor of their own.
    private(set) var rotaryDivisors: [Float]?
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
        config = files.description.config
        try Problems(faults(files.path)).throwIfAny()
        let layer = config.layers.first
        guard let attention = layer?.attention, case .dense(let dense) = layer?.feedForward else {
            throw Problem("has no layers", file: files.path)
        }
        metadata["general.architecture"] = .string(architecture.name)
        metadata["general.type"] = .string("model")
        metadata["general.name"] = .string(name)
        let parameters = config.moduleShapes.values.reduce(0) { $0 + $1.weight.reduce(1, *) + ($1.bias ?? 0) }
        metadata["general.size_label"] = .string(Self.sizeLabel(parameters))
        set("block_count", .count(config.layers.count))
        set("context_length", .count(config.maximumPositions))
        set("embedding_length", .count(config.hiddenSize))
        set("feed_forward_length", .count(dense.hidden))
        set("attention.head_count", .count(attention.heads))
        set("attention.head_count_kv", .count(attention.keyValueHeads))
        set("attention.layer_norm_rms_epsilon", .float32(config.norm.epsilon))
        set("attention.key_length", .count(attention.headDim))
        set("attention.value_length", .count(attention.headDim))
        set("vocab_size", .count(config.vocabularySize))
        if architecture.name == "granite" {
            set("attention.scale", .float32(attention.scale))
            set("embedding_scale", .float32(config.embeddingScale))
            set("residual_scale", .float32(layer?.residualScale ?? 1))
            set("logit_scale", .float32(1 / config.logitScale))
        }
        setRotary(config.rotaries[0])
    }

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
        case .llama3(let scaling): rotaryDivisors = Self.divisors(rotary, scaling)
        case .longRope(let scaling): rotaryDivisors = scaling.shortFactors.map { Float($0) }
        default: break
        }
    }

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

    private func faults(_ file: String) -> [Problem] {
        var found: [String] = []
        for (i, layer) in config.layers.enumerated() {
            guard let attention = layer.attention, case .dense(let dense) = layer.feedForward else {
                found.append("layer \(i) is no plain attention and feed-forward network")
                continue
            }
            if attention.reach != .full {
                found.append("llama.cpp's \(architecture.name) has no sliding window, this model has one")
            }
            if attention.projection != .separate || dense.kind != .gated || dense.activation != .silu {
                found.append("its layers are not stored as \(architecture.name)'s are")
            }
            // llama.cpp leaves the rotation out in every fourth layer of SmolLM3 and nowhere else.
            if (attention.rotary == nil) != (architecture.name == "smollm3" && (i + 1) % 4 == 0) {
                found.append("its layers without rotation are not those of llama.cpp's \(architecture.name)")
            }
        }
        if config.rotaries.count != 1 { found.append("it has \(config.rotaries.count) rotary tables") }
        switch config.rotaries.first?.scaling {
        case .dynamic, .proportional: found.append("its rotary scaling is not known to llama.cpp")
        case .longRope(let scaling) where scaling.shortFactors != scaling.longFactors:
            found.append("its rotary scaling is not known to llama.cpp's \(architecture.name)")
        default: break
        }
        let once = found.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return once.map { Problem("cannot be written to GGUF: \($0)", file: file) }
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

extension GGUFValue {
    /// A count, as llama.cpp stores it.
    static func count(_ value: Int) -> GGUFValue { .uint32(UInt32(clamping: value)) }
}
