import Glibc
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

/// Reads one dictionary of rotary parameters, as transformers' `modeling_rope_utils` understands them.
private struct RopeReader {
    let reader: ConfigReader
    let name: String
    let members: JSONObject
    let headDim: Int
    let positions: Int
    let theta: Double
    let partial: Double?
    let takesPartial: Bool
    let pairing: RotaryConfig.Pairing
    let truncates: Bool?

    /// The table; problems go to the reader.
    func config() -> RotaryConfig {
        let theta = number("rope_theta") ?? self.theta
        if theta <= 1 { reader.fault("\(name).rope_theta", "is \(theta), must be more than 1") }
        var kind = string("rope_type") ?? string("type") ?? "default"
        if reader.json["model_type"]?.stringValue == "phi3", ["su", "yarn"].contains(kind) {
            kind = "longrope"  // what Phi-3's first configurations called it
        }
        let share = number("partial_rotary_factor") ?? partial ?? 1
        // Families that turn whole heads ignore a share with the default type, as transformers does.
        let usesShare = takesPartial || kind != "default"
        let dim = usesShare && kind != "proportional" ? Int(Double(headDim) * share) : headDim
        if !takesPartial, kind != "default", kind != "proportional", share != 1 {
            reader.fault("\(name).partial_rotary_factor", "is \(share), but this family turns whole heads")
        }
        // An odd share is rounded up, except by the kinds whose tables transformers then cannot make.
        let takesOdd = ["default", "linear", "dynamic", "llama3"].contains(kind)
        if dim < 1 || dim + dim % 2 > headDim || (dim % 2 != 0 && !takesOdd) {
            reader.fault(
                "head_dim",
                "\(headDim) with partial_rotary_factor \(share) leaves \(dim) rotated values; it must be "
                    + "an even number from 2 to head_dim")
        }
        return RotaryConfig(theta: theta, dim: dim, pairing: pairing, scaling: scaling(kind, dim: dim, share: share))
    }

    private func scaling(_ kind: String, dim: Int, share: Double) -> RotaryConfig.Scaling {
        switch kind {
        case "default": return .none
        case "linear": return .linear(factor: required("factor"))
        case "dynamic": return .dynamic(factor: required("factor"), positions: positions)
        case "llama3":
            let low = required("low_freq_factor")
            let high = required("high_freq_factor")
            if high <= low {
                reader.fault("\(name).high_freq_factor", "is \(high), must be more than low_freq_factor \(low)")
            }
            return .llama3(
                Llama3Scaling(
                    factor: required("factor"), lowFrequencyFactor: low, highFrequencyFactor: high,
                    originalPositions: originalPositions))
        case "yarn": return .yarn(yarn())
        case "longrope": return .longRope(longRope(dim: dim))
        case "proportional":
            return .proportional(
                angles: Int((share * Double(headDim) / 2).rounded(.down)), factor: number("factor") ?? 1)
        default:
            reader.fault("\(name).rope_type", "is \"\(kind)\", which is not supported")
            return .none
        }
    }

    private func yarn() -> YarnScaling {
        let isNull = members["factor"]?.isNull == true
        let factor = isNull ? Double(positions) / Double(originalPositions) : required("factor")
        func magnitude(_ strength: Double) -> Double { factor <= 1 ? 1 : 0.1 * strength * log(factor) + 1 }
        let inferred: Double
        if let mscale = number("mscale"), let all = number("mscale_all_dim"), mscale != 0, all != 0 {
            inferred = magnitude(mscale) / magnitude(all)
        } else {
            inferred = magnitude(1)
        }
        func orDefault(_ value: Double?, _ fallback: Double) -> Double { value == 0 ? fallback : value ?? fallback }
        return YarnScaling(
            factor: factor, originalPositions: originalPositions, betaFast: orDefault(number("beta_fast"), 32),
            betaSlow: orDefault(number("beta_slow"), 1),
            truncate: truncates ?? (members["truncate"]?.boolValue ?? true),
            attentionFactor: number("attention_factor") ?? inferred)
    }

    private func longRope(dim: Int) -> LongRopeScaling {
        let original = Double(originalPositions)
        let factor = number("factor") ?? Double(positions) / original
        let inferred = factor <= 1 ? 1 : (1 + log(factor) / log(max(original, 2))).squareRoot()
        return LongRopeScaling(
            shortFactors: list("short_factor", count: dim / 2), longFactors: list("long_factor", count: dim / 2),
            originalPositions: originalPositions, attentionFactor: number("attention_factor") ?? inferred)
    }

    /// The length the model was first trained for; Phi-3 keeps it outside the dictionary.
    private var originalPositions: Int {
        let key = "original_max_position_embeddings"
        if reader.json["model_type"]?.stringValue == "phi3" { return reader.count(key, 4096, in: 2...(1 << 40)) }
        // Beside the dictionary it has priority, as in transformers.
        if name.hasSuffix("rope_scaling") || name.hasSuffix("rope_parameters"), reader.value(key) != nil {
            return reader.count(key, positions, in: 2...(1 << 40))
        }
        guard let value = members[key], !value.isNull else { return positions }
        guard let whole = value.intValue, whole > 1, whole < 1 << 40 else {
            reader.fault("\(name).\(key)", "is \(ConfigReader.shown(value)), not a length")
            return positions
        }
        return whole
    }

    private func required(_ key: String) -> Double {
        if let value = number(key) {
            if value > 0 { return value }
            reader.fault("\(name).\(key)", "is \(value), must be more than 0")
        } else if members[key].map(\.isNull) ?? true {
            reader.fault("\(name).\(key)", "is missing")
        }
        return 1
    }

    private func number(_ key: String) -> Double? {
        guard let value = members[key], !value.isNull else { return nil }
        return reader.number(value, named: "\(name).\(key)", above: nil)
    }

    private func string(_ key: String) -> String? {
        guard let value = members[key], !value.isNull else { return nil }
        if value.stringValue == nil { reader.fault("\(name).\(key)", "is \(ConfigReader.shown(value)), not a string") }
        return value.stringValue
    }

    private func list(_ key: String, count: Int) -> [Double] {
        let values = members[key]?.arrayValue?.map(\.doubleValue) ?? []
        let numbers = values.compactMap { $0 }.filter { $0 > 0 && $0.isFinite }
        if numbers.count == values.count, numbers.count == count { return numbers }
        reader.fault("\(name).\(key)", "must be a list of \(count) positive numbers, one for each rotated pair")
        return Array(repeating: 1, count: max(count, 0))
    }
}
