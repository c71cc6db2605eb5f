extension ModelFamily {
    /// GPT-2: learned positions, matrices stored inputs first.
    static let gpt2 = ModelFamily("gpt2", names: .gpt2) { reader in
        reader.refuse("add_cross_attention", because: "only decoders without an encoder are supported")
        let hidden = reader.count("n_embd", 768)
        let heads = reader.count("n_head", 12, in: 1...65536)
        if hidden % heads != 0 { reader.fault("n_embd", "is \(hidden), no multiple of n_head \(heads)") }
        let sizes = DecoderSizes(
            vocabulary: reader.count("vocab_size", 50257, in: 1...(1 << 24)), hidden: hidden,
            feedForward: reader.optionalCount("n_inner") ?? 4 * hidden,
            layers: reader.count("n_layer", 12, in: 1...1000), heads: heads, keyValueHeads: heads,
            headDim: max(1, hidden / heads), positions: reader.count("n_positions", 1024, in: 1...(1 << 24)),
            epsilon: Float(reader.number("layer_norm_epsilon", 1e-5, above: 0)),
            activation: reader.activation("activation_function", "gelu_new"),
            tied: reader.flag("tie_word_embeddings", true))
        let scale = reader.flag("scale_attn_weights", true) ? 1 / Double(sizes.headDim).squareRoot() : 1
        let byLayer = reader.flag("scale_attn_by_inverse_layer_idx", false)
        let layers = (0..<sizes.layers).map { layer in
            var attention = sizes.attention(
                scale: Float(byLayer ? scale / Double(layer + 1) : scale), rotary: nil, bias: true)
            attention.projection = .fused
            return LayerConfig(mixer: .attention(attention), feedForward: sizes.dense(.plain, bias: true))
        }
        var config = TransformerConfig(
            "gpt2", sizes, layers: layers, rotaries: [],
            norm: NormConfig(.layer, epsilon: sizes.epsilon, hasBias: true))
        config.learnedPositions = true
        return config
    }
}

extension WeightNames {
    fileprivate static let gpt2 = WeightNames(
        [
            Entry("embedding", "wte", .embedding),
            Entry("positions", "wpe", .embedding),
            Entry("layers.*.attentionNorm", "h.*.ln_1", .norm),
            Entry("layers.*.attention.queryKeyValue", "h.*.attn.c_attn", .linearInputsFirst),
            Entry("layers.*.attention.output", "h.*.attn.c_proj", .linearInputsFirst),
            Entry("layers.*.feedForwardNorm", "h.*.ln_2", .norm),
            Entry("layers.*.feedForward.up", "h.*.mlp.c_fc", .linearInputsFirst),
            Entry("layers.*.feedForward.down", "h.*.mlp.c_proj", .linearInputsFirst),
            Entry("norm", "ln_f", .norm),
            Entry("head", "lm_head", .head),
        ],
        modules: Prefix(base: "transformer.", head: "lm_head"),
        files: [Prefix(base: "", head: "lm_head")],
        ignorable: ["*attn.bias", "*attn.masked_bias"])
}
