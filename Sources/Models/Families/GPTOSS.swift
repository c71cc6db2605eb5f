import OrderedJSON

extension ModelFamily {
    /// gpt-oss: every other layer slides, each head has a sink, experts have biases and a clamped gate.
    static let gptOss = ModelFamily("gpt_oss", names: .gptOss) { reader in
        let sizes = reader.sizes(
            DecoderDefaults(
                vocabulary: 201088, hidden: 2880, feedForward: 2880, layers: 36, heads: 64, keyValueHeads: 8,
                headDim: 64, positions: 131072, epsilon: 1e-5))
        if reader.number("swiglu_alpha", 1.702) != 1.702 {
            reader.fault("swiglu_alpha", "must be 1.702, no other value is supported")
        }
        var experts = reader.experts(
            counts: ["num_local_experts", "num_experts"], count: 128, perToken: 4,
            expert: DenseConfig(hidden: sizes.feedForward, activation: sizes.activation, bias: true),
            routing: .choiceFirst, storage: .stackedInputsFirst(interleaved: true))
        experts.routerBias = true
        experts.clampedLimit = Float(reader.number("swiglu_limit", 7, above: 0))
        var (name, rope) = reader.ropeMembers()
        if rope.isEmpty, reader.value("rope_parameters") == nil {
            rope = JSONObject([
                ("rope_type", "yarn"), ("factor", 32.0), ("beta_fast", 32.0), ("beta_slow", 1.0), ("truncate", false),
                ("original_max_position_embeddings", 4096),
            ])
            name = "rope_parameters"
        }
        let bias = reader.flag("attention_bias", true)
        let reaches = reader.reaches(layers: sizes.layers, window: reader.nullableCount("sliding_window", 128)) {
            ($0 + 1) % 2 != 0
        }
        let layers = reaches.map { reach in
            var attention = sizes.attention(reach: reach, bias: bias)
            attention.sinks = true
            return LayerConfig(mixer: .attention(attention), feedForward: .experts(experts))
        }
        return TransformerConfig(
            "gpt_oss", sizes, layers: layers,
            rotaries: [
                reader.rotary(
                    name: name, members: rope, headDim: sizes.headDim, positions: sizes.positions, theta: 150_000)
            ])
    }
}

extension WeightNames {
    /// gpt-oss: experts stacked with inputs first and biases, a learned score beside each head's.
    fileprivate static let gptOss = llama.removingDenseFeedForward.setting([
        Entry("layers.*.attention.sinks", "layers.*.self_attn.sinks", .tensor),
        Entry("layers.*.feedForward.router", "layers.*.mlp.router", .router),
        Entry("layers.*.feedForward.experts.gateUp", "layers.*.mlp.experts.gate_up_proj", .tensor),
        Entry("layers.*.feedForward.experts.gateUpBias", "layers.*.mlp.experts.gate_up_proj_bias", .tensor),
        Entry("layers.*.feedForward.experts.down", "layers.*.mlp.experts.down_proj", .tensor),
        Entry("layers.*.feedForward.experts.downBias", "layers.*.mlp.experts.down_proj_bias", .tensor),
    ])
}
