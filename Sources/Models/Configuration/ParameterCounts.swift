extension TransformerConfig {
    /// Numbers in the weights that the decoder takes; a tied head counts once.
    public var parameterCount: Int { moduleShapes.values.reduce(0) { $0 + $1.count } }

    /// Numbers that work on one token: of a mixture's experts only as many as are chosen.
    public var activeParameterCount: Int {
        var active = 0
        var inExperts = Array(repeating: 0, count: layers.count)
        for (path, shape) in moduleShapes {
            let parts = path.split(separator: ".")
            if parts.count > 3, parts[3] == "experts", let layer = Int(parts[1]) {
                inExperts[layer] += shape.count
            } else {
                active += shape.count
            }
        }
        for (layer, numbers) in zip(layers, inExperts) {
            if case .experts(let mixture) = layer.feedForward { active += numbers * mixture.perToken / mixture.count }
        }
        return active
    }
}

extension ModuleShape {
    /// Numbers in weight and bias.
    public var count: Int { weight.reduce(1, *) + (bias ?? 0) }
}
