import Diagnostics
import OrderedJSON
import Tensors

/// What transformers' config class of a family fills in for absent keys.
struct DecoderDefaults {
    var vocabulary = 32000
    var hidden = 4096
    var feedForward = 11008
    var layers = 32
    var heads = 32
    /// nil: as many as heads.
    var keyValueHeads: Int?
    /// nil: hidden / heads.
    var headDim: Int?
    var positions = 2048
    var epsilon = 1e-6
    var epsilonKey = "rms_norm_eps"
    var activation = "silu"
    var activationKey = "hidden_act"
    var tied = false
}

/// The sizes every decoder has.
struct DecoderSizes {
    var vocabulary: Int
    var hidden: Int
    var feedForward: Int
    var layers: Int
    var heads: Int
    var keyValueHeads: Int
    var headDim: Int
    var positions: Int
    var epsilon: Float
    var activation: Activation
    var tied: Bool
}

extension ConfigReader {
    /// The sizes under their usual keys; notes those that contradict each other.
    func sizes(_ defaults: DecoderDefaults) -> DecoderSizes {
        let hidden = count("hidden_size", defaults.hidden)
        let heads = count("num_attention_heads", defaults.heads, in: 1...65536)
        let keyValueHeads =
            nullableCount("num_key_value_heads", defaults.keyValueHeads ?? heads, in: 1...65536) ?? heads
        if heads % keyValueHeads != 0 {
            fault("num_attention_heads", "is \(heads), no multiple of num_key_value_heads \(keyValueHeads)")
        }
        return sizes(
            defaults, hidden: hidden, heads: heads, keyValueHeads: keyValueHeads,
            headDim: headDim(defaults.headDim, hidden: hidden, heads: heads))
    }

    /// The same for a family that sizes its heads in a way of its own.
    func sizes(
        _ defaults: DecoderDefaults, hidden: Int, heads: Int, keyValueHeads: Int, headDim: Int
    ) -> DecoderSizes {
        DecoderSizes(
            vocabulary: count("vocab_size", defaults.vocabulary, in: 1...(1 << 24)), hidden: hidden,
            feedForward: count("intermediate_size", defaults.feedForward),
            layers: count("num_hidden_layers", defaults.layers, in: 1...1000), heads: heads,
            keyValueHeads: keyValueHeads, headDim: headDim,
            positions: count("max_position_embeddings", defaults.positions, in: 1...(1 << 40)),
            epsilon: Float(number(defaults.epsilonKey, defaults.epsilon, above: 0)),
            activation: activation(defaults.activationKey, defaults.activation),
            tied: flag("tie_word_embeddings", defaults.tied))
    }

    /// `head_dim`, or the hidden size shared among the heads, rounded down as transformers does.
    private func headDim(_ fallback: Int?, hidden: Int, heads: Int) -> Int {
        if let given = nullableCount("head_dim", fallback, in: 1...65536) { return given }
        if hidden < heads {
            fault("hidden_size", "is \(hidden), less than num_attention_heads \(heads), and head_dim is not given")
        }
        return max(1, hidden / heads)
    }

    /// The nonlinearity, by its name in transformers.
    func activation(_ key: String, _ fallback: String) -> Activation {
        let name = string(key, fallback)
        if let kind = Self.activations[name] { return kind }
        fault(key, names: name, insteadOf: Self.activations.keys.sorted())
        return .silu
    }

    private static let activations: [String: Activation] = [
        "silu": .silu, "swish": .silu, "gelu": .gelu, "gelu_python": .gelu, "gelu_new": .geluTanh,
        "gelu_pytorch_tanh": .geluTanh, "gelu_python_tanh": .geluTanh, "gelu_fast": .geluTanh,
        "gelu_accurate": .geluTanh, "relu": .relu, "relu2": .reluSquared,
    ]

    /// How far each layer sees: by `layer_types`, or where that is absent by `isSliding`.
    ///
    /// - Parameters:
    ///   - layers: how many layers there are.
    ///   - window: the width of a sliding layer, nil when the model has none.
    ///   - kind: what a layer that does not see everything is.
    ///   - isSliding: whether layer `i` slides when `layer_types` does not say.
    func reaches(
        layers: Int, window: Int?, kind: LayerType = .sliding, isSliding: (Int) -> Bool
    ) -> [AttentionConfig.Reach] {
        let types = layerTypes(layers: layers) ?? (0..<layers).map { isSliding($0) ? kind : .full }
        return types.map { type in
            switch type {
            case .full: return .full
            case .sliding, .chunked:
                guard let window else { break }
                return type == .sliding ? .window(window) : .chunk(window)
            }
            if !problems.contains(where: { $0.message.contains("layer_types asks") }) {
                fault("layer_types", "asks for \(type.rawValue), but no width is given for it")
            }
            return .full
        }
    }

    /// What `layer_types` may say of a layer.
    enum LayerType: String, CaseIterable {
        case full = "full_attention"
        case sliding = "sliding_attention"
        case chunked = "chunked_attention"
    }

    /// `layer_types`, checked; nil when absent.
    func layerTypes(layers: Int) -> [LayerType]? {
        guard let value = value("layer_types") else { return nil }
        guard let list = value.arrayValue, list.count == layers else {
            fault("layer_types", "must be a list of \(layers) entries, one a layer")
            return nil
        }
        var types: [LayerType] = []
        for (i, entry) in list.enumerated() {
            guard let name = entry.stringValue else {
                fault("layer_types[\(i)]", "is \(Self.shown(entry)), not a string")
                return nil
            }
            guard let type = name == "attention" ? .full : LayerType(rawValue: name) else {
                fault("layer_types[\(i)]", names: name, insteadOf: LayerType.allCases.map(\.rawValue))
                return nil
            }
            types.append(type)
        }
        return types
    }
}
