import OrderedJSON

extension ModelFamily {
    /// SmolLM3: every fourth layer has no rotation.
    static let smolLM3 = ModelFamily("smollm3", names: .llama) { reader in
        let sizes = reader.sizes(
            DecoderDefaults(
                vocabulary: 128256, hidden: 2048, layers: 36, heads: 16, keyValueHeads: 4, positions: 32768, tied: true)
        )
        let interval = reader.count("no_rope_layer_interval", 4)
        var rotates = (0..<sizes.layers).map { ($0 + 1) % interval != 0 }
        if let given = reader.value("no_rope_layers") {
            // The key says the opposite of what it means: 1 is a layer that rotates.
            let list = given.arrayValue?.compactMap { $0.intValue ?? ($0.boolValue.map { $0 ? 1 : 0 }) } ?? []
            if list.count == given.arrayValue?.count, list.count >= sizes.layers {
                rotates = list.prefix(sizes.layers).map { $0 != 0 }
            } else {
                reader.fault("no_rope_layers", "must be a list of at least \(sizes.layers) zeros and ones")
            }
        }
        let window = reader.flag("use_sliding_window", false) ? reader.optionalCount("sliding_window") : nil
        let reaches = reader.reaches(layers: sizes.layers, window: window) { window != nil && !rotates[$0] }
        let (bias, feedBias) = (reader.flag("attention_bias", false), reader.flag("mlp_bias", false))
        let layers = zip(rotates, reaches).map { rotates, reach in
            LayerConfig(
                mixer: .attention(sizes.attention(rotary: rotates ? 0 : nil, reach: reach, bias: bias)),
                feedForward: sizes.dense(bias: feedBias))
        }
        return TransformerConfig(
            "smollm3", sizes, layers: layers,
            rotaries: [reader.rotary(headDim: sizes.headDim, positions: sizes.positions, theta: 2_000_000)])
    }
}
