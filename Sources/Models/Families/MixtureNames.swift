extension WeightNames {
    /// These names without the dense feed-forward.
    var removingDenseFeedForward: WeightNames {
        removing("layers.*.feedForward.gate", "layers.*.feedForward.up", "layers.*.feedForward.down")
    }

    /// Experts stored as modules or, as transformers 5 holds them, stacked, below a module of this name.
    static func experts(in block: String, gate: String, up: String, down: String) -> [Entry] {
        [
            Entry("layers.*.feedForward.router", "layers.*.\(block).gate", .router),
            Entry("layers.*.feedForward.experts.*.gate", "layers.*.\(block).experts.*.\(gate)"),
            Entry("layers.*.feedForward.experts.*.up", "layers.*.\(block).experts.*.\(up)"),
            Entry("layers.*.feedForward.experts.*.down", "layers.*.\(block).experts.*.\(down)"),
            Entry("layers.*.feedForward.experts.gateUp", "layers.*.\(block).experts.gate_up_proj", .tensor),
            Entry("layers.*.feedForward.experts.down", "layers.*.\(block).experts.down_proj", .tensor),
        ]
    }

    /// A shared network, with the usual names of its matrices.
    static func shared(as name: String) -> [Entry] {
        ["gate", "up", "down"].map {
            Entry("layers.*.feedForward.shared.\($0)", "layers.*.\(name).\($0)_proj")
        }
    }

    /// Mixtral's experts have numbered matrices: w1 gate, w2 down, w3 up.
    static let mixtral = llama.removingDenseFeedForward.setting(
        experts(in: "block_sparse_moe", gate: "w1", up: "w3", down: "w2"))

    /// Qwen's mixtures and OLMoE; layers without experts have the usual dense names.
    static let qwenMoe = llamaWithQueryKeyNorm.setting(
        experts(in: "mlp", gate: "gate_proj", up: "up_proj", down: "down_proj") + shared(as: "mlp.shared_expert") + [
            Entry("layers.*.feedForward.sharedGate", "layers.*.mlp.shared_expert_gate")
        ])

    /// DeepSeek V2 and V3.
    static let deepseek: WeightNames = {
        var names = llama.removing("layers.*.attention.key", "layers.*.attention.value").setting(
            experts(in: "mlp", gate: "gate_proj", up: "up_proj", down: "down_proj") + shared(as: "mlp.shared_experts")
                + [
                    Entry(
                        "layers.*.feedForward.routerCorrection", "layers.*.mlp.gate.e_score_correction_bias", .tensor),
                    Entry("layers.*.attention.queryDown", "layers.*.self_attn.q_a_proj"),
                    Entry("layers.*.attention.queryDownNorm", "layers.*.self_attn.q_a_layernorm", .norm),
                    Entry("layers.*.attention.queryUp", "layers.*.self_attn.q_b_proj"),
                    Entry("layers.*.attention.keyValueDown", "layers.*.self_attn.kv_a_proj_with_mqa"),
                    Entry("layers.*.attention.keyValueNorm", "layers.*.self_attn.kv_a_layernorm", .norm),
                    Entry("layers.*.attention.keyValueUp", "layers.*.self_attn.kv_b_proj"),
                ])
        names.extraLayers = true
        return names
    }()

    /// Llama 4: `feed_forward` for `mlp`, experts always stacked with inputs first.
    static let llama4 = llama.setting(
        ["gate", "up", "down"].map { Entry("layers.*.feedForward.\($0)", "layers.*.feed_forward.\($0)_proj") }
            + shared(as: "feed_forward.shared_expert") + [
                Entry("layers.*.feedForward.router", "layers.*.feed_forward.router", .router),
                Entry("layers.*.feedForward.experts.gateUp", "layers.*.feed_forward.experts.gate_up_proj", .tensor),
                Entry("layers.*.feedForward.experts.down", "layers.*.feed_forward.experts.down_proj", .tensor),
            ])

    /// gpt-oss: experts stacked with inputs first and biases, a learned score beside each head's.
    static let gptOss = llama.removingDenseFeedForward.setting([
        Entry("layers.*.attention.sinks", "layers.*.self_attn.sinks", .tensor),
        Entry("layers.*.feedForward.router", "layers.*.mlp.router", .router),
        Entry("layers.*.feedForward.experts.gateUp", "layers.*.mlp.experts.gate_up_proj", .tensor),
        Entry("layers.*.feedForward.experts.gateUpBias", "layers.*.mlp.experts.gate_up_proj_bias", .tensor),
        Entry("layers.*.feedForward.experts.down", "layers.*.mlp.experts.down_proj", .tensor),
        Entry("layers.*.feedForward.experts.downBias", "layers.*.mlp.experts.down_proj_bias", .tensor),
    ])
}
