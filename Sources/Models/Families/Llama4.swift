import OrderedJSON

extension ModelFamily {
    /// Llama 4, text: layers that see their own chunk and rotate, layers that see everything and do not, whose queries
    /// grow instead; experts weighed on their input.
    static let llama4 = ModelFamily("llama4_text", names: .llama4) { reader in
        let sizes = reader.sizes(
            DecoderDefaults(
                vocabulary: 202048, hidden: 5120, feedForward: 8192, layers: 48, heads: 40, keyValueHeads: 8,
                headDim: 128, positions: 4096 * 32, epsilon: 1e-5))
        let interval = reader.count("no_rope_layer_interval", 4)
        var rotates = (0..<sizes.layers).map { ($0 + 1) % interval != 0 }
        if let given = reader.indices("no_rope_layers"), !given.isEmpty {
            if given.count < sizes.layers { reader.fault("no_rope_layers", "has less than \(sizes.layers) entries") }
            rotates = (0..<sizes.layers).map { $0 >= given.count || given[$0] != 0 }
        }
        let reaches = reader.reaches(
            layers: sizes.layers, window: reader.nullableCount("attention_chunk_size", 8192),
            kind: .chunked
        ) { rotates[$0] }
        let step = reader.count("interleave_moe_layer_step", 1)
        let sparse = Set(
            reader.indices("moe_layers") ?? Array(stride(from: step - 1, to: sizes.layers, by: step)))
        var experts = reader.experts(
            counts: ["num_local_experts"], count: 16, perToken: 1,
            expert: DenseConfig(hidden: sizes.feedForward, activation: sizes.activation), routing: .sigmoidOnInput,
            storage: .stackedInputsFirst(interleaved: false))
        experts.shared = experts.expert
        var dense = experts.expert
        dense.hidden = reader.count("intermediate_size_mlp", 16384)
        let growth = AttentionConfig.QueryGrowth(
            beta: Float(reader.number("attn_scale", 0.1)), originalPositions: reader.count("floor_scale", 8192),
            shift: 1)
        // Llama 4's first files say 4 and mean true.
        let grows = reader.value("attn_temperature_tuning") == 4 || reader.flag("attn_temperature_tuning", true)
        let normed = reader.flag("use_qk_norm", true)
        var rotary = reader.rotary(
            headDim: sizes.headDim, positions: sizes.positions, theta: 500_000, pairing: .neighbours)
        // Queries and keys are turned, multiplied by the table's factor f, then normed: f·x / √(mean (f·x)² + ε)
        // is x / √(mean x² + ε / f²).
        let factor = normed ? rotary.removeAttentionFactor() : 1
        let bias = reader.flag("attention_bias", false)
        let layers = (0..<sizes.layers).map { i in
            var attention = sizes.attention(rotary: rotates[i] ? 0 : nil, reach: reaches[i], bias: bias)
            if rotates[i], normed {
                attention.queryKeyNorm = .perHeadUnweighted
                attention.queryKeyNormEpsilon = Float(Double(sizes.epsilon) / (factor * factor))
            }
            if !rotates[i], grows { attention.queryGrowth = growth }
            return LayerConfig(
                mixer: .attention(attention), feedForward: sparse.contains(i) ? .experts(experts) : .dense(dense))
        }
        return TransformerConfig("llama4_text", sizes, layers: layers, rotaries: [rotary])
    }
}

extension RotaryConfig {
    /// Makes the factor on cosines and sines 1, and returns what it was.
    fileprivate mutating func removeAttentionFactor() -> Double {
        switch scaling {
        case .yarn(var yarn):
            defer { scaling = .yarn(yarn) }
            return exchange(&yarn.attentionFactor, with: 1)
        case .longRope(var longRope):
            defer { scaling = .longRope(longRope) }
            return exchange(&longRope.attentionFactor, with: 1)
        default: return 1
        }
    }
}

extension WeightNames {
    /// Llama 4: `feed_forward` for `mlp`, experts always stacked with inputs first.
    fileprivate static let llama4 = llama.setting(
        ["gate", "up", "down"].map { Entry("layers.*.feedForward.\($0)", "layers.*.feed_forward.\($0)_proj") }
            + shared(as: "feed_forward.shared_expert") + [
                Entry("layers.*.feedForward.router", "layers.*.feed_forward.router", .router),
                Entry("layers.*.feedForward.experts.gateUp", "layers.*.feed_forward.experts.gate_up_proj", .tensor),
                Entry("layers.*.feedForward.experts.down", "layers.*.feed_forward.experts.down_proj", .tensor),
            ])
}
