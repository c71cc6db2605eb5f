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
    static let ranks = 1...65536

    /// A configuration.
    public init(settings: LoRASettings, baseModel: String?, revision: String? = nil) {
        self.settings = settings
        self.baseModel = baseModel
        self.revision = revision
    }

    /// Reads the file's JSON. What the file asks for and Graft does not have, and what is no value of its key, is a
    /// problem; all of them are thrown together.
    public init(_ json: JSONValue, file: String) throws(Problems) {
        var reader = PEFTConfigReader(json: json, file: file)
        reader.refuseWhatIsNotSupported()
        var settings = LoRASettings()
        let ranks = "\(Self.ranks.lowerBound) to \(Self.ranks.upperBound)"
        if let r = reader.value("r", "a whole number from \(ranks)", PEFTConfigReader.rank) {
            settings.rank = r
        } else if json["r"]?.isNull ?? true {
            reader.refuse("r (the rank) is missing")
        }
        settings.alpha = reader.value("lora_alpha", "a number", PEFTConfigReader.number) ?? 8
        settings.dropout =
            reader.value("lora_dropout", "a number from 0, below 1") {
                $0.doubleValue.flatMap { (0..<1).contains($0) ? $0 : nil }
            } ?? 0
        settings.useRSLoRA = reader.value("use_rslora", "true or false", \.boolValue) ?? false
        settings.parameters = reader.value("target_parameters", "a list of names", PEFTConfigReader.names) ?? []
        let selection = "a list of names or one regular expression"
        settings.targets =
            reader.value("target_modules", selection, PEFTConfigReader.selection)
            ?? (settings.parameters.isEmpty ? .allLinear : .names([]))
        // Empty lists exclude nothing and restrict to nothing, as in PEFT.
        let excluded = reader.value("exclude_modules", selection, PEFTConfigReader.selection)
        settings.excluded = excluded == .names([]) ? nil : excluded
        let layers = reader.value("layers_to_transform", "a block number or a list of them", PEFTConfigReader.numbers)
        settings.layers = layers == [] ? nil : layers
        settings.rankPattern = reader.patterns("rank_pattern", "a rank from \(ranks)", PEFTConfigReader.rank)
        settings.alphaPattern = reader.patterns("alpha_pattern", "a number", PEFTConfigReader.number)
        try Problems(reader.problems).throwIfAny()
        self.init(
            settings: settings, baseModel: json["base_model_name_or_path"]?.stringValue,
            revision: json["revision"]?.stringValue)
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
