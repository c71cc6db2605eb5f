import OrderedJSON

/// config.json of a merged model.
enum MergedConfiguration {
    /// config.json with the type of the weights: under the key it has already (`dtype` or `torch_dtype`), a nested
    /// `text_config` included. Everything else stays, in its order.
    ///
    /// - Parameters:
    ///   - plain: leaves out what says that weights are quantised, where they no longer are.
    ///   - untied: says that the head is not the embedding, for loaders that believe the configuration, not the file.
    static func of(_ json: JSONValue, dtype: String, plain: Bool, untied: Bool) -> JSONValue {
        guard case .object(var object) = json else { return json }
        let keys = ["dtype", "torch_dtype"].filter { object[$0] != nil }
        for key in keys.isEmpty ? ["torch_dtype"] : keys { object[key] = .string(dtype) }
        if plain { object["quantization_config"] = nil }
        if untied { object["tie_word_embeddings"] = false }
        if let text = object["text_config"], case .object(var inner) = text {
            for key in ["dtype", "torch_dtype"] where inner[key] != nil { inner[key] = .string(dtype) }
            if plain { inner["quantization_config"] = nil }
            if untied { inner["tie_word_embeddings"] = false }
            object["text_config"] = .object(inner)
        }
        return .object(object)
    }
}
