import Diagnostics
import OrderedJSON

/// adapter_config.json as peft 0.21 writes and reads it.
public struct PEFTConfig: Sendable, Equatable {
    /// What is adapted and how.
    public var settings: LoRASettings
    /// The base model's path or name, as trained on.
    public var baseModel: String?
    /// The base's revision.
    public var revision: String?

    /// Ranks that there are.
    private static let ranks = 1...65536

    /// A configuration.
    public init(settings: LoRASettings, baseModel: String?, revision: String? = nil) {
        self.settings = settings
        self.baseModel = baseModel
        self.revision = revision
    }

    /// Reads the file's JSON. What the file asks for and Graft does not have is a problem, all of them thrown together.
    public init(_ json: JSONValue, file: String) throws(Problems) {
        var problems: [Problem] = []
        func refuse(_ message: String, advice: String? = nil) {
            problems.append(Problem(message, file: file, advice: advice))
        }
        if let type = json["peft_type"]?.stringValue, type != "LORA" {
            refuse("peft_type is \(type); only LORA is supported")
        }
        if json["use_dora"]?.boolValue == true { refuse("use_dora: DoRA adapters are not supported") }
        if json["lora_bias"]?.boolValue == true { refuse("lora_bias: a bias in B is not supported") }
        if let bias = json["bias"]?.stringValue, bias != "none" {
            refuse("bias is \"\(bias)\"; only \"none\" is supported")
        }
        for key in ["modules_to_save", "trainable_token_indices"] {
            if let value = json[key], !value.isNull, value.arrayValue?.isEmpty != true {
                refuse("\(key) is not supported")
            }
        }
        // What these start from is not the base model but what is left of it.
        if let start = json["init_lora_weights"]?.stringValue,
            ["pissa", "olora", "corda", "loftq"].contains(where: start.lowercased().hasPrefix)
        {
            refuse(
                "init_lora_weights is \"\(start)\", which changes the base model",
                advice: "save the adapter with PEFT's path_initial_model_for_weight_conversion")
        }
        for key in ["layer_replication", "alora_invocation_tokens"] {
            if let value = json[key], !value.isNull { refuse("\(key) is not supported") }
        }
        if json["use_qalora"]?.boolValue == true { refuse("use_qalora is not supported") }
        var settings = LoRASettings()
        func rank(_ value: JSONValue?) -> Int? { value?.intValue.flatMap { Self.ranks.contains($0) ? $0 : nil } }
        if let r = rank(json["r"]) {
            settings.rank = r
        } else {
            refuse("r (the rank) is missing or no number from \(Self.ranks.lowerBound) to \(Self.ranks.upperBound)")
        }
        settings.alpha = json["lora_alpha"]?.doubleValue ?? 8
        if let alpha = json["lora_alpha"], !alpha.isNull, alpha.doubleValue?.isFinite != true {
            refuse("lora_alpha is no number")
        }
        if let flag = json["use_rslora"], !flag.isNull, flag.boolValue == nil {
            refuse("use_rslora is neither true nor false")
        }
        settings.dropout = json["lora_dropout"]?.doubleValue ?? 0
        settings.useRSLoRA = json["use_rslora"]?.boolValue ?? false
        settings.parameters = json["target_parameters"]?.arrayValue?.compactMap(\.stringValue) ?? []
        settings.targets =
            Self.selection(json["target_modules"]) ?? (settings.parameters.isEmpty ? .allLinear : .names([]))
        settings.excluded = Self.selection(json["exclude_modules"])
        if let one = json["layers_to_transform"]?.intValue { settings.layers = [one] }
        // An empty list means all, as in PEFT.
        if let many = json["layers_to_transform"]?.arrayValue, !many.isEmpty {
            settings.layers = many.compactMap(\.intValue)
        }
        for (key, value) in json["rank_pattern"]?.objectValue?.members ?? [] {
            if let rank = rank(value) {
                settings.rankPattern.append((key, rank))
            } else {
                refuse(
                    "rank_pattern: '\(key)' has no rank from \(Self.ranks.lowerBound) to \(Self.ranks.upperBound)")
            }
        }
        for (key, value) in json["alpha_pattern"]?.objectValue?.members ?? [] {
            if let alpha = value.doubleValue, alpha.isFinite {
                settings.alphaPattern.append((key, alpha))
            } else {
                refuse("alpha_pattern: '\(key)' has no number")
            }
        }
        try Problems(problems).throwIfAny()
        self.init(
            settings: settings, baseModel: json["base_model_name_or_path"]?.stringValue,
            revision: json["revision"]?.stringValue)
    }

    private static func selection(_ value: JSONValue?) -> LoRASettings.Selection? {
        switch value {
        case .string("all-linear"): .allLinear
        case .string(let pattern): .pattern(pattern)
        case .array(let names) where !names.isEmpty: .names(names.compactMap(\.stringValue))
        default: nil
        }
    }

    /// The file's JSON, every key that peft 0.21 writes, sorted.
    ///
    /// - Parameter modules: last parts of the adapted modules' names, in place of "all-linear" (PEFT resolves it too).
    public func json(modules: [String]) -> JSONValue {
        func selection(_ selection: LoRASettings.Selection?) -> JSONValue {
            switch selection {
            case nil: .null
            case .allLinear: .array(modules.map(JSONValue.string))
            case .names(let names): .array(names.map(JSONValue.string))
            case .pattern(let pattern): .string(pattern)
            }
        }
        func number(_ value: Double) -> JSONValue { Int(exactly: value).map(JSONValue.integer) ?? .number(value) }
        let ranks = settings.rankPattern.map { (key: $0.pattern, value: JSONValue.integer($0.value)) }
        let alphas = settings.alphaPattern.map { (key: $0.pattern, value: number($0.value)) }
        return [
            "alora_invocation_tokens": nil, "alpha_pattern": .object(JSONObject(alphas)), "arrow_config": nil,
            "auto_mapping": nil, "base_model_name_or_path": baseModel.map(JSONValue.string) ?? nil, "bias": "none",
            "corda_config": nil, "ensure_weight_tying": false, "eva_config": nil,
            "exclude_modules": selection(settings.excluded), "fan_in_fan_out": false, "inference_mode": true,
            "init_lora_weights": true, "layer_replication": nil, "layers_pattern": nil,
            "layers_to_transform": settings.layers.map { .array($0.map(JSONValue.integer)) } ?? nil,
            "loftq_config": [:], "lora_alpha": number(settings.alpha), "lora_bias": false,
            "lora_dropout": .number(settings.dropout), "megatron_config": nil, "megatron_core": "megatron.core",
            "modules_to_save": nil, "peft_type": "LORA", "peft_version": "0.21.2", "qalora_group_size": 16,
            "r": .integer(settings.rank), "rank_pattern": .object(JSONObject(ranks)),
            "revision": revision.map(JSONValue.string) ?? nil, "target_modules": selection(settings.targets),
            "target_parameters": settings.parameters.isEmpty
                ? nil : .array(settings.parameters.map(JSONValue.string)),
            "task_type": "CAUSAL_LM", "trainable_token_indices": nil, "use_dora": false,
            "use_qalora": false, "use_rslora": .bool(settings.useRSLoRA),
        ]
    }
}
