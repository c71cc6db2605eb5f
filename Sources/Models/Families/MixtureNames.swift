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
}
