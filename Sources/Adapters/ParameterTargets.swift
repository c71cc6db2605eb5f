import Diagnostics
import Models

/// Which tensors `target_parameters` names, by PEFT's rule (`tuners_utils._inject_parameters`): a name is a tensor's
/// whole name or the end of it after a full stop.
struct ParameterTargets {
    /// The path that an adapter plan knows it by → the tensor's name, which patterns are matched with.
    private(set) var keys: [String: String] = [:]
    /// Names that match nothing, or something that cannot have an adapter.
    private(set) var problems: [Problem] = []
    private var covered: Set<String> = []

    /// The tensors of a model that settings name.
    init(_ settings: LoRASettings, in plan: WeightPlan) {
        guard !settings.parameters.isEmpty else { return }
        if settings.dropout > 0 {
            problems.append(
                Problem(
                    "adapter.target_parameters does not go with dropout, which PEFT refuses too",
                    advice: "set adapter.dropout to 0"))
        }
        var unmatched = settings.parameters
        func names(_ key: String) -> Bool {
            let found = settings.parameters.filter { key == $0 || key.hasSuffix("." + $0) }
            unmatched.removeAll(where: found.contains)
            return !found.isEmpty
        }
        for parameter in plan.parameters where names(parameter.name.path) {
            keys[parameter.name.path] = parameter.name.path
            covered.insert(parameter.name.logical)
        }
        for module in plan.modules where module.name.isAdaptable && names(module.name.path + ".weight") {
            keys[module.name.path] = module.name.path + ".weight"
            covered.insert(module.name.logical)
        }
        let known = Set(plan.parameters.map { $0.container.lastTwoParts + "." + $0.name.path.lastPart }).sorted()
        problems += unmatched.map { name in
            Problem(
                "adapter.target_parameters: no parameter is named '\(name)'",
                advice: known.isEmpty
                    ? "this model has no experts; name layers in adapter.target_modules"
                    : "this model's are " + known.joined(separator: ", "))
        }
    }

    /// Whether a module is adapted by one of these parameters.
    func cover(_ name: ModuleName) -> Bool {
        if covered.contains(name.logical) { return true }
        // layers.3.feedForward.experts.7.gate is a part of layers.3.feedForward.experts.gateUp
        let parts = name.logical.split(separator: ".")
        guard parts.count > 2, parts[parts.count - 3] == "experts" else { return false }
        return covered.contains(
            (parts.dropLast(2) + [parts.last == "down" ? "down" : "gateUp"]).joined(separator: "."))
    }
}

extension AdapterSpec {
    /// The same without dropout.
    var withoutDropout: AdapterSpec {
        var spec = self
        spec.dropout = 0
        return spec
    }
}

extension String {
    /// What stands after the last full stop.
    var lastPart: String { split(separator: ".").last.map(String.init) ?? self }
    /// What stands after the last full stop but one.
    var lastTwoParts: String { split(separator: ".").suffix(2).joined(separator: ".") }
}
