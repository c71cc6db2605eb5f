import Diagnostics
import Foundation
import OrderedJSON

/// What `adapter_config.json` of an adapter to continue from fixes (PEFT's names).
struct HeldAdapter {
    /// The recipe keys that the file decides.
    static let keys = [
        "adapter.rank", "adapter.alpha", "adapter.use_rslora", "adapter.target_modules", "adapter.exclude_modules",
        "adapter.target_parameters", "adapter.layers_to_transform", "adapter.rank_pattern", "adapter.alpha_pattern",
    ]

    private let config: JSONValue
    private let rank: Int
    private let alpha: Double

    /// Reads the file in `directory`.
    init(directory: String) throws(Problem) {
        let path = directory + (directory.hasSuffix("/") ? "" : "/") + "adapter_config.json"
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw Problem("'\(path)' cannot be read", advice: "adapter.init_from names a PEFT adapter directory")
        }
        do {
            config = try JSONValue(parsing: Array(bytes))
        } catch {
            throw Problem("'\(path)' is \(error)")
        }
        if let type = config["peft_type"]?.stringValue, type != "LORA" {
            throw Problem("'\(path)' is an adapter of type \(type), not LORA")
        }
        guard let rank = config["r"]?.intValue, rank > 0, let alpha = config["lora_alpha"]?.doubleValue else {
            throw Problem("'\(path)' has no usable 'r' and 'lora_alpha'")
        }
        self.rank = rank
        self.alpha = alpha
    }

    /// Puts the adapter's own values in the place of the recipe's.
    func apply(to adapter: inout AdapterSettings) {
        adapter.rank = rank
        adapter.alpha = alpha
        adapter.useRSLoRA = config["use_rslora"]?.boolValue ?? false
        let parameters = config["target_parameters"]?.arrayValue?.compactMap(\.stringValue) ?? []
        adapter.targetModules =
            Self.selection(config["target_modules"], like: adapter.targetModules)
            ?? (parameters.isEmpty ? .allLinear : .names([]))
        if parameters.isEmpty || Set(parameters) != Set(adapter.targetParameters ?? []) {
            adapter.targetParameters = parameters.isEmpty ? nil : parameters
        }
        adapter.excludeModules = Self.selection(config["exclude_modules"], like: adapter.excludeModules)
        adapter.layersToTransform = Self.numbers(config["layers_to_transform"])
        adapter.rankPattern = Self.patterns(config["rank_pattern"], \.intValue)
        adapter.alphaPattern = Self.patterns(config["alpha_pattern"], \.doubleValue)
    }

    /// PEFT saves names as a set in no particular order; equal names in the recipe's order count as equal.
    private static func selection(_ value: JSONValue?, like stated: ModuleSelection?) -> ModuleSelection? {
        if let text = value?.stringValue { return text == "all-linear" ? .allLinear : .pattern(text) }
        guard let names = value?.arrayValue?.compactMap(\.stringValue), !names.isEmpty else { return nil }
        if case .names(let own)? = stated, Set(own) == Set(names) { return .names(own) }
        return .names(names)
    }

    private static func numbers(_ value: JSONValue?) -> [Int]? {
        if let one = value?.intValue { return [one] }
        let many = value?.arrayValue?.compactMap(\.intValue) ?? []
        return many.isEmpty ? nil : many
    }

    private static func patterns<Value>(
        _ value: JSONValue?, _ read: (JSONValue) -> Value?
    ) -> [PatternValue<Value>]? {
        let members = value?.objectValue?.members ?? []
        let patterns = members.compactMap { member in
            read(member.value).map { PatternValue(pattern: member.key, value: $0) }
        }
        return patterns.isEmpty ? nil : patterns
    }
}
