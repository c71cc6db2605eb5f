extension WeightNames {
    /// The names that Llama gave its weights and most families kept.
    static let llama = WeightNames(
        [
            Entry("embedding", "embed_tokens", .embedding),
            Entry("layers.*.attention.query", "layers.*.self_attn.q_proj"),
            Entry("layers.*.attention.key", "layers.*.self_attn.k_proj"),
            Entry("layers.*.attention.value", "layers.*.self_attn.v_proj"),
            Entry("layers.*.attention.output", "layers.*.self_attn.o_proj"),
            Entry("layers.*.feedForward.gate", "layers.*.mlp.gate_proj"),
            Entry("layers.*.feedForward.up", "layers.*.mlp.up_proj"),
            Entry("layers.*.feedForward.down", "layers.*.mlp.down_proj"),
            Entry("layers.*.attentionNorm", "layers.*.input_layernorm", .norm),
            Entry("layers.*.feedForwardNorm", "layers.*.post_attention_layernorm", .norm),
            Entry("norm", "norm", .norm),
            Entry("head", "lm_head", .head),
        ],
        modules: Prefix(base: "model.", head: "lm_head"),
        files: [
            Prefix(base: "", head: "lm_head"),  // the base model saved alone
            Prefix(base: "language_model.model.", head: "language_model.lm_head"),  // inside a multimodal model
            Prefix(base: "model.language_model.", head: "lm_head"),  // the same, newer spelling
        ],
        ignorable: [
            "*.rotary_emb.inv_freq", "*.rotary_emb.cos_cached", "*.rotary_emb.sin_cached", "*vision_tower.*",
            "*vision_model.*", "*audio_tower.*", "*.activation_scale", "*multi_modal_projector.*", "*image_newline",
            "mtp.*", "model.mtp.*",
        ])

    /// The same with norms of queries and keys.
    static let llamaWithQueryKeyNorm = llama.setting([
        Entry("layers.*.attention.queryNorm", "layers.*.self_attn.q_norm", .norm),
        Entry("layers.*.attention.keyNorm", "layers.*.self_attn.k_norm", .norm),
    ])

    /// Norms around both parts of a block, as Gemma 2 and 3 name them.
    static let sandwichNorms = [
        Entry("layers.*.attentionNorm", "layers.*.input_layernorm", .norm),
        Entry("layers.*.attentionPostNorm", "layers.*.post_attention_layernorm", .norm),
        Entry("layers.*.feedForwardNorm", "layers.*.pre_feedforward_layernorm", .norm),
        Entry("layers.*.feedForwardPostNorm", "layers.*.post_feedforward_layernorm", .norm),
    ]

    /// These names, replaced or completed by others.
    func setting(_ changes: [Entry]) -> WeightNames {
        var names = self
        for change in changes {
            if let at = names.entries.firstIndex(where: { $0.logical == change.logical }) {
                names.entries[at] = change
            } else {
                names.entries.append(change)
            }
        }
        return names
    }

    /// These names without some logical paths.
    func removing(_ logical: String...) -> WeightNames {
        var names = self
        names.entries.removeAll { logical.contains($0.logical) }
        return names
    }

    /// These names as a multimodal model holds its text model: other module paths, every file place tried.
    func wrapped(modules: Prefix) -> WeightNames {
        var names = self
        names.files = [modules] + names.files.filter { $0 != modules }
        names.modules = modules
        // Until transformers 4.52 every multimodal class held a whole text model.
        let older = "language_model.model."
        if modules.base != older { names.olderBases = [older] }
        return names
    }
}
