extension ModelFamily {
    /// Qwen 2 and 2.5: biases on query, key and value.
    static let qwen2 = ModelFamily("qwen2", names: .llama) { reader in
        let sizes = reader.sizes(DecoderDefaults.qwen(headDim: nil))
        return .qwen("qwen2", reader, sizes) { attention in attention.inputBias = true }
    }

    /// Qwen 3: norms on each query and key head.
    static let qwen3 = ModelFamily("qwen3", names: .llamaWithQueryKeyNorm) { reader in
        let sizes = reader.sizes(DecoderDefaults.qwen(headDim: 128))
        let bias = reader.flag("attention_bias", false)
        return .qwen("qwen3", reader, sizes) { attention in
            attention.queryKeyNorm = .perHead
            attention.inputBias = bias
            attention.outputBias = bias
        }
    }
}

extension DecoderDefaults {
    /// What Qwen's config classes share.
    static func qwen(headDim: Int?) -> DecoderDefaults {
        DecoderDefaults(
            vocabulary: 151936, feedForward: 22016, keyValueHeads: 32, headDim: headDim, positions: 32768)
    }
}

extension ConfigReader {
    /// How far each layer of a dense Qwen sees: those from `max_window_layers` on slide where `use_sliding_window` says
    /// so.
    func qwenReaches(layers: Int) -> [AttentionConfig.Reach] {
        let window = flag("use_sliding_window", false) ? nullableCount("sliding_window", 4096) : nil
        let firstSliding = count("max_window_layers", 28, in: 0...Self.largest)
        return reaches(layers: layers, window: window) { window != nil && $0 >= firstSliding }
    }
}

extension TransformerConfig {
    /// A dense Qwen, whose attention `adjust` completes.
    static func qwen(
        _ family: String, _ reader: ConfigReader, _ sizes: DecoderSizes, adjust: (inout AttentionConfig) -> Void
    ) -> TransformerConfig {
        let layers = reader.qwenReaches(layers: sizes.layers).map { reach in
            var attention = sizes.attention(reach: reach)
            adjust(&attention)
            return LayerConfig(mixer: .attention(attention), feedForward: sizes.dense())
        }
        return TransformerConfig(
            family, sizes, layers: layers,
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions)])
    }
}
