import Diagnostics
import Models
import Patterns

/// Which layer of a model gets an adapter of which size: ``LoRASettings`` applied to its modules by PEFT's rules
/// (peft 0.21, `tuners_utils.check_target_module_exists`, `utils/other.get_pattern_key`).
public struct AdapterPlan: Sendable, Equatable {
    /// Published path → settings.
    public private(set) var specs: [String: AdapterSpec] = [:]

    /// The plan for a model. Every name or pattern that matches nothing, and every target that cannot have an adapter,
    /// is a problem; they are thrown together.
    public init(_ settings: LoRASettings, for files: ModelFiles) throws {
        var problems: [Problem] = []
        let targets = try Matcher(settings.targets, key: "adapter.target_modules")
        let excluded = try settings.excluded.map { try Matcher($0, key: "adapter.exclude_modules") }
        let sizes = try Self.sizes(settings)
        if case .pattern = settings.targets, settings.layers != nil {
            problems.append(
                Problem(
                    "adapter.layers_to_transform does not apply when target_modules is a regular expression",
                    advice: "put the layer numbers into the expression"))
        }
        var unmatched = targets.names
        let parameters = ParameterTargets(settings, in: files.plan)
        for (path, key) in parameters.keys { specs[path] = try sizes(key).withoutDropout }
        problems += parameters.problems
        for module in files.plan.modules where module.shape.weight.count == 2 {
            let path = module.name.path
            guard try targets.matches(path, isLinear: module.name.isLinear) else { continue }
            unmatched.removeAll { Matcher.name($0, matches: path) }
            // What a parameter covers is adapted once.
            if parameters.cover(module.name) { continue }
            if let layers = settings.layers, !targets.names.contains(path) {
                guard let layer = Self.layer(of: path), layers.contains(layer) else { continue }
            }
            if try excluded?.matches(path, isLinear: true) == true { continue }
            guard module.name.isAdaptable else {
                problems.append(Self.refusal(of: module, in: files))
                continue
            }
            specs[path] = try sizes(path)
        }
        let known = Set(
            files.plan.modules.filter(\.name.isAdaptable).compactMap {
                $0.name.path.split(separator: ".").last.map(String.init)
            })
        for name in unmatched {
            if let head = files.tiedHead, Matcher.name(name, matches: head) {
                problems.append(Self.tiedHead(named: head))
                continue
            }
            let near = suggestion(for: name, among: known).map { "did you mean '\($0)'? " } ?? ""
            problems.append(
                Problem(
                    "adapter.target_modules: no module is named '\(name)'",
                    advice: near + "this model's linear modules are " + known.sorted().joined(separator: ", ")))
        }
        if problems.isEmpty && specs.isEmpty {
            problems.append(Problem("adapter.target_modules matches no module of \(files.path)"))
        }
        try Problems(problems).throwIfAny()
    }

    /// A plan from explicit settings, for adapters read from files.
    public init(specs: [String: AdapterSpec]) { self.specs = specs }

    /// What ``TrainingMode/adapters(_:)`` asks.
    public var mode: TrainingMode { .adapters { [specs] in specs[$0.path] } }

    private static func refusal(of module: WeightPlan.Module, in files: ModelFiles) -> Problem {
        let what = "adapter.target_modules: \(module.name.path)"
        switch module.name.kind {
        case .embedding: return Problem("\(what) is an embedding; adapters on it are not supported yet")
        default: return Problem("\(what) cannot have an adapter")
        }
    }

    private static func tiedHead(named path: String) -> Problem {
        Problem(
            "adapter.target_modules: \(path) is the embedding in this model, which has no adapter",
            advice: "leave it out: other programs would add an adapter to one use of the matrix and not to the other")
    }

    /// The layer number PEFT reads from a path: the first number after two names (`.*?\.[^.]*\.(\d+)\.`), which in a
    /// mixture is the block's and not the expert's.
    static func layer(of path: String) -> Int? {
        let parts = path.split(separator: ".")
        for i in parts.indices.dropLast() where i >= 2 {
            if let number = Int(parts[i]) { return number }
        }
        return nil
    }
}

extension AdapterPlan {
    /// Settings → the size of each module's adapter, whether or not the settings select the module.
    static func sizes(_ settings: LoRASettings) throws -> (String) throws -> AdapterSpec {
        let ranks = try settings.rankPattern.map { (try Suffix($0.pattern, key: "adapter.rank_pattern"), $0.value) }
        let alphas = try settings.alphaPattern.map { (try Suffix($0.pattern, key: "adapter.alpha_pattern"), $0.value) }
        return { path in
            let rank = try ranks.first { try $0.0.matches(path) }?.1 ?? settings.rank
            let alpha = try alphas.first { try $0.0.matches(path) }?.1 ?? settings.alpha
            let scale = settings.useRSLoRA ? alpha / Double(rank).squareRoot() : alpha / Double(rank)
            return AdapterSpec(rank: rank, alpha: Float(alpha), scale: Float(scale), dropout: Float(settings.dropout))
        }
    }
}

extension ModelFiles {
    /// The path of a head that is the embedding and hence no module; nil where it has a matrix of its own.
    var tiedHead: String? { description.config.tiedHead ? description.names.modules.head : nil }
}

/// A selection of modules, ready to match.
private struct Matcher {
    private let selection: LoRASettings.Selection
    private let expression: WholeMatch?

    init(_ selection: LoRASettings.Selection, key: String) throws(Problem) {
        self.selection = selection
        if case .pattern(let pattern) = selection {
            expression = try WholeMatch(pattern, key: key)
        } else {
            expression = nil
        }
    }

    var names: [String] { if case .names(let names) = selection { names } else { [] } }

    func matches(_ path: String, isLinear: Bool) throws(Problem) -> Bool {
        switch selection {
        case .allLinear: isLinear
        case .names(let names): names.contains { Self.name($0, matches: path) }
        case .pattern: try expression?.matches(path) ?? false
        }
    }

    static func name(_ name: String, matches path: String) -> Bool { path == name || path.hasSuffix("." + name) }
}

/// A regular expression that must match a whole name.
private struct WholeMatch {
    private let pattern: PythonPattern
    private let key: String

    /// `frame` is the expression around the pattern, `%` standing for it.
    init(_ pattern: String, in frame: String = "%", key: String) throws(Problem) {
        do {
            _ = try PythonPattern(pattern)
            self.pattern = try PythonPattern(frame.replacing("%", with: pattern))
        } catch { throw Problem("\(key): '\(pattern)' is no regular expression: \(error)") }
        self.key = key
    }

    func matches(_ text: String) throws(Problem) -> Bool {
        do { return try pattern.matchesAll(of: text) } catch {
            throw Problem("\(key): '\(pattern.text)' on '\(text)': \(error)")
        }
    }
}

/// A pattern that matches the end of a name at a full stop: `(.*\.)?(pattern)$`.
private struct Suffix {
    private let whole: WholeMatch
    init(_ pattern: String, key: String) throws(Problem) {
        whole = try WholeMatch(pattern, in: "(.*\\.)?(%)", key: key)
    }
    func matches(_ path: String) throws(Problem) -> Bool { try whole.matches(path) }
}
