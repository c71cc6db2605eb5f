import OrderedJSON

extension ConfigReader {
    /// A mixture of experts; notes when more are chosen than there are.
    ///
    /// - Parameters:
    ///   - counts: the keys the number of experts may stand under.
    ///   - count: that number when none is there.
    ///   - perToken: `num_experts_per_tok` when absent.
    ///   - expert: one expert.
    func experts(
        counts: [String], count: Int, perToken: Int, expert: DenseConfig, routing: ExpertsConfig.Routing,
        storage: ExpertsConfig.Storage = .modules
    ) -> ExpertsConfig {
        let key = counts.first { value($0) != nil } ?? counts[0]
        let total = self.count(key, count, in: 1...4096)
        let chosen = self.count("num_experts_per_tok", perToken, in: 1...4096)
        if chosen > total { fault("num_experts_per_tok", "is \(chosen), more than \(key) \(total)") }
        return ExpertsConfig(
            count: total, perToken: min(chosen, total), expert: expert, routing: routing, storage: storage)
    }

    /// Which layers have experts in Qwen's mixtures: every `decoder_sparse_step`-th but those in `mlp_only_layers`.
    func qwenSparseLayers(_ layers: Int) -> [Bool] {
        let step = count("decoder_sparse_step", 1)
        let dense = Set(indices("mlp_only_layers") ?? [])
        return (0..<layers).map { !dense.contains($0) && ($0 + 1) % step == 0 }
    }

    /// A list of whole numbers, or nil when absent or null.
    func indices(_ key: String) -> [Int]? {
        guard let value = value(key) else { return nil }
        let numbers = value.arrayValue?.compactMap(\.intValue)
        if let numbers, numbers.count == value.arrayValue?.count { return numbers }
        fault(key, "is \(Self.shown(value)), not a list of whole numbers")
        return []
    }
}
