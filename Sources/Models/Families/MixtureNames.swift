extension WeightNames {
    /// These names without the dense feed-forward.
    var removingDenseFeedForward: WeightNames {
        removing("layers.*.feedForward.gate", "layers.*.feedForward.up", "layers.*.feedForward.down")
    }

    /// Experts stored as modules below a module of this name or, as transformers 5 holds them, stacked below `mlp`.
    static func experts(in block: String, gate: String, up: String, down: String) -> [Entry] {
        let older = block == "mlp" ? [] : ["layers.*.\(block).gate"]
        return [
            Entry("layers.*.feedForward.router", "layers.*.mlp.gate", .router, older: older),
            Entry("layers.*.feedForward.experts.*.gate", "layers.*.\(block).experts.*.\(gate)"),
            Entry("layers.*.feedForward.experts.*.up", "layers.*.\(block).experts.*.\(up)"),
            Entry("layers.*.feedForward.experts.*.down", "layers.*.\(block).experts.*.\(down)"),
            Entry("layers.*.feedForward.experts.gateUp", "layers.*.mlp.experts.gate_up_proj", .tensor),
            Entry("layers.*.feedForward.experts.down", "layers.*.mlp.experts.down_proj", .tensor),
        ]
    }

    /// A shared network, with the usual names of its matrices.
    static func shared(as name: String) -> [Entry] {
        ["gate", "up", "down"].map {
            Entry("layers.*.feedForward.shared.\($0)", "layers.*.\(name).\($0)_proj")
        }
    }
}
