import Diagnostics
import OrderedJSON

/// Reads the keys of an adapter_config.json and collects what is wrong with them.
struct PEFTConfigReader {
    let json: JSONValue
    let file: String
    private(set) var problems: [Problem] = []

    /// Notes a problem.
    mutating func refuse(_ message: String, advice: String? = nil) {
        problems.append(Problem(message, file: file, advice: advice))
    }

    /// The value of a key; nil where it is absent, null or, which is a problem, not `what`.
    mutating func value<Value>(_ key: String, _ what: String, _ convert: (JSONValue) -> Value?) -> Value? {
        guard let given = json[key], !given.isNull else { return nil }
        let converted = convert(given)
        if converted == nil { refuse("\(key) is \(given.serialized().prefix(60)), not \(what)") }
        return converted
    }

    /// The values of a mapping from patterns, in the file's order.
    mutating func patterns<Value>(
        _ key: String, _ what: String, _ convert: (JSONValue) -> Value?
    ) -> [(pattern: String, value: Value)] {
        var patterns: [(pattern: String, value: Value)] = []
        for (pattern, given) in value(key, "a mapping from names", \.objectValue)?.members ?? [] {
            if let converted = convert(given) {
                patterns.append((pattern, converted))
            } else {
                refuse("\(key): '\(pattern)' has \(given.serialized().prefix(60)), not \(what)")
            }
        }
        return patterns
    }

    /// Any number.
    static func number(_ value: JSONValue) -> Double? { value.doubleValue.flatMap { $0.isFinite ? $0 : nil } }
    /// A rank.
    static func rank(_ value: JSONValue) -> Int? {
        value.intValue.flatMap { PEFTConfig.ranks.contains($0) ? $0 : nil }
    }
    /// One whole number or a list of them.
    static func numbers(_ value: JSONValue) -> [Int]? { value.intValue.map { [$0] } ?? all(value, \.intValue) }
    /// A list of names.
    static func names(_ value: JSONValue) -> [String]? { all(value, \.stringValue) }
    /// Names, one regular expression or all linear layers.
    static func selection(_ value: JSONValue) -> LoRASettings.Selection? {
        if let pattern = value.stringValue { return pattern == "all-linear" ? .allLinear : .pattern(pattern) }
        return names(value).map(LoRASettings.Selection.names)
    }

    private static func all<Element>(_ value: JSONValue, _ convert: (JSONValue) -> Element?) -> [Element]? {
        guard let list = value.arrayValue else { return nil }
        let elements = list.compactMap(convert)
        return elements.count == list.count ? elements : nil
    }
}

extension PEFTConfigReader {
    /// What makes an adapter another than A and B beside each layer, or its base another than the published one.
    mutating func refuseWhatIsNotSupported() {
        if let type = json["peft_type"]?.stringValue, type != "LORA" {
            refuse("peft_type is \(type); only LORA is supported")
        }
        if json["use_dora"]?.boolValue == true { refuse("use_dora: DoRA adapters are not supported") }
        if json["lora_bias"]?.boolValue == true { refuse("lora_bias: a bias in B is not supported") }
        if let bias = json["bias"]?.stringValue, bias != "none" {
            refuse("bias is \"\(bias)\"; only \"none\" is supported")
        }
        for key in [
            "modules_to_save", "trainable_token_indices", "layer_replication", "alora_invocation_tokens", "use_qalora",
            "use_bdlora", "arrow_config", "kasa_config",
        ] {
            guard let value = json[key], !value.isNull, value != false, value.arrayValue?.isEmpty != true else {
                continue
            }
            refuse("\(key) is not supported")
        }
        // What these start from is not the base model but what is left of it.
        if let start = json["init_lora_weights"]?.stringValue,
            ["pissa", "olora", "corda", "loftq", "lora_ga"].contains(where: start.lowercased().hasPrefix)
        {
            refuse(
                "init_lora_weights is \"\(start)\", which changes the base model",
                advice: "save the adapter with PEFT's path_initial_model_for_weight_conversion")
        }
    }
}
