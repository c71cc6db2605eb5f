extension ModelFamily {
    /// GPT-NeoX and Pythia: parallel residual, one matrix for query, key and value head by head, layer norms.
    static let gptNeoX = ModelFamily("gpt_neox", names: .gptNeoX) { reader in
        var sizes = reader.sizes(
            DecoderDefaults(
                vocabulary: 50432, hidden: 6144, feedForward: 24576, layers: 44, heads: 64, epsilon: 1e-5,
                epsilonKey: "layer_norm_eps", activation: "gelu"))
        sizes.keyValueHeads = sizes.heads
        sizes.headDim = max(1, sizes.hidden / sizes.heads)
        var attention = sizes.attention(bias: reader.flag("attention_bias", true))
        attention.projection = .fusedByGroup
        let layer = LayerConfig(
            mixer: .attention(attention), feedForward: sizes.dense(.plain, bias: true),
            arrangement: reader.flag("use_parallel_residual", true) ? .parallel : .pre)
        let rotary = reader.rotary(
            headDim: sizes.headDim, positions: sizes.positions, partial: 0.25, keys: ("rotary_emb_base", "rotary_pct"))
        return TransformerConfig(
            "gpt_neox", sizes, layers: sizes.uniform(layer), rotaries: [rotary],
            norm: NormConfig(.layer, epsilon: sizes.epsilon, hasBias: true))
    }
}

extension WeightNames {
    fileprivate static let gptNeoX = WeightNames(
        [
            Entry("embedding", "embed_in", .embedding),
            Entry("layers.*.attentionNorm", "layers.*.input_layernorm", .norm),
            Entry("layers.*.feedForwardNorm", "layers.*.post_attention_layernorm", .norm),
            Entry("layers.*.attention.queryKeyValue", "layers.*.attention.query_key_value"),
            Entry("layers.*.attention.output", "layers.*.attention.dense"),
            Entry("layers.*.feedForward.up", "layers.*.mlp.dense_h_to_4h"),
            Entry("layers.*.feedForward.down", "layers.*.mlp.dense_4h_to_h"),
            Entry("norm", "final_layer_norm", .norm),
            Entry("head", "lm_head", .head),
        ],
        modules: Prefix(base: "gpt_neox.", head: "lm_head"),
        files: [Prefix(base: "gpt_neox.", head: "embed_out"), Prefix(base: "", head: "embed_out")],
        ignorable: ["*.attention.bias", "*.attention.masked_bias", "*.rotary_emb.inv_freq"])
}
