import Glibc
import OrderedJSON

/// Reads one dictionary of rotary parameters, as transformers' `modeling_rope_utils` understands them.
struct RopeReader {
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
        let given = number("partial_rotary_factor") ?? partial ?? 1
        let share = (0...1).contains(given) ? given : 1
        // Families that turn whole heads ignore a share with the default type, as transformers does.
        let usesShare = takesPartial || kind != "default"
        if usesShare, share != given {
            reader.fault("\(name).partial_rotary_factor", "is \(given), outside 0 to 1")
        }
        let dim = usesShare && kind != "proportional" ? Int(Double(headDim) * share) : headDim
        if !takesPartial, kind != "default", kind != "proportional", share != 1 {
            reader.fault("\(name).partial_rotary_factor", "is \(share), but this family turns whole heads")
        }
        // An odd share is rounded up, except by the kinds whose tables transformers then cannot make.
        let takesOdd = ["default", "linear", "dynamic", "llama3"].contains(kind)
        if dim < 1 || dim + dim % 2 > headDim || (dim % 2 != 0 && !takesOdd) {
            reader.fault(
                "head_dim",
                "\(headDim) with partial_rotary_factor \(share) leaves \(dim) rotated values; rope_type \"\(kind)\" "
                    + "takes an even number from 2 to head_dim")
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
            reader.fault(
                "\(name).rope_type", names: kind,
                insteadOf: ["default", "linear", "dynamic", "llama3", "yarn", "longrope", "proportional"])
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
