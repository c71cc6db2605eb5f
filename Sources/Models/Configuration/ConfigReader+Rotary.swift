import OrderedJSON

extension ConfigReader {
    /// The rotary table of a model with one for all layers, from either spelling: `rope_theta` with `rope_scaling`
    /// (hub), or `rope_parameters` (transformers 5).
    ///
    /// - Parameters:
    ///   - headDim: width of a head.
    ///   - positions: `max_position_embeddings`.
    ///   - theta: the base when none is given.
    ///   - partial: the rotated share of a head when none is given; nil when the family always turns whole heads.
    ///   - keys: what the family calls base and share outside the dictionary.
    func rotary(
        headDim: Int, positions: Int, theta: Double = 10000, partial: Double? = nil,
        keys: (theta: String, partial: String) = ("rope_theta", "partial_rotary_factor"),
        pairing: RotaryConfig.Pairing = .halves
    ) -> RotaryConfig {
        let (name, members) = ropeMembers()
        return rotary(
            name: name, members: members, headDim: headDim, positions: positions, theta: theta, partial: partial,
            keys: keys, pairing: pairing)
    }

    /// The same from a given dictionary, called `name` in messages.
    func rotary(
        name: String, members: JSONObject, headDim: Int, positions: Int, theta: Double = 10000, partial: Double? = nil,
        keys: (theta: String, partial: String) = ("rope_theta", "partial_rotary_factor"),
        pairing: RotaryConfig.Pairing = .halves
    ) -> RotaryConfig {
        if let nested = members.members.first(where: { $0.value.objectValue != nil }) {
            fault("\(name).\(nested.key)", "is an object, but this family has one rotary table for all layers")
        }
        let rope = RopeReader(
            reader: self, name: name, members: members, headDim: headDim, positions: positions,
            theta: number(keys.theta, theta, above: 0), partial: optionalNumber(keys.partial, above: 0) ?? partial,
            takesPartial: partial != nil, pairing: pairing, truncates: nil)
        return rope.config()
    }

    /// The rotary table of one layer type, of a family that has one for each (Gemma 3, OLMo 3): from
    /// `rope_parameters.<type>`; `rope_scaling` concerns full attention only.
    func rotary(layerType: LayerType, headDim: Int, positions: Int, theta: Double) -> RotaryConfig {
        // With a type from the start, so that the old key `type` in `rope_scaling` says nothing: as in transformers.
        let unscaled = JSONObject([("rope_type", "default")])
        var members = value("rope_parameters")?[layerType.rawValue]?.objectValue ?? unscaled
        var name = "rope_parameters.\(layerType.rawValue)"
        if layerType == .full, let scaling = value("rope_scaling")?.objectValue {
            for (key, value) in scaling.members { members[key] = value }
            name = "rope_scaling"
        }
        // transformers looks for `truncate` outside the layer type's dictionary, so here it always rounds.
        return RopeReader(
            reader: self, name: name, members: members, headDim: headDim, positions: positions, theta: theta,
            partial: nil, takesPartial: false, pairing: .halves, truncates: true
        ).config()
    }

    /// `rope_scaling` if it says anything, else `rope_parameters`, else nothing.
    func ropeMembers() -> (name: String, members: JSONObject) {
        for key in ["rope_scaling", "rope_parameters"] {
            guard let value = value(key) else { continue }
            guard let members = value.objectValue else {
                fault(key, "is \(Self.shown(value)), not an object")
                continue
            }
            if !members.isEmpty { return (key, members) }
        }
        return ("rope_parameters", JSONObject())
    }
}
