/// How a family's files name what the decoder calls by its own plain names.
///
/// A *logical* path says what a module is, the same for every family: `embedding`, `positions`, `norm`, `head`, and in
/// a layer `layers.3.attentionNorm`, `.attentionPostNorm`, `.feedForwardNorm`, `.feedForwardPostNorm`,
/// `.attention.{query,key,value,queryKeyValue,output,queryNorm,keyNorm,sinks}`, of latent attention
/// `.attention.{queryDown,queryDownNorm,queryUp,keyValueDown,keyValueNorm,keyValueUp}`,
/// `.feedForward.{gate,up,gateUp,down}`, and of a mixture `.feedForward.{router,routerCorrection,sharedGate}`,
/// `.feedForward.shared.{gate,up,down}`, `.feedForward.experts.7.{gate,up,down}` or, stacked,
/// `.feedForward.experts.{gateUp,down,gateUpBias,downBias}`. A *published* path is the module's name in transformers,
/// which PEFT writes into adapter files and recipes name in `target_modules`.
public struct WeightNames: Sendable, Equatable {
    /// What a module is, hence which tensors it stores and whether an adapter can attach to it.
    public enum Kind: Sendable, Equatable {
        /// A matrix `weight` [outputs, inputs] and perhaps a `bias`; `all-linear` means these.
        case linear
        /// The same stored as [inputs, outputs] (GPT-2's Conv1D).
        case linearInputsFirst
        /// A matrix that `all-linear` leaves out: the router of a mixture.
        case router
        /// The output head, which `all-linear` leaves out.
        case head
        /// A table of rows.
        case embedding
        /// `weight` and perhaps `bias`, one value a channel.
        case norm
        /// A tensor whose name has no `.weight` behind it: stacked experts, attention sinks, router corrections.
        case tensor
    }

    /// A logical pattern and its published one; each `*` stands for a number, the same in both.
    public struct Entry: Sendable, Equatable {
        /// The decoder's name, e.g. `layers.*.attention.query`.
        public var logical: String
        /// The file's name below the base model, e.g. `layers.*.self_attn.q_proj`.
        public var published: String
        /// What it is.
        public var kind: Kind
        /// Other names that files and older adapters have for it, tried before the published one.
        public var older: [String]
        /// An entry.
        public init(_ logical: String, _ published: String, _ kind: Kind = .linear, older: [String] = []) {
            self.logical = logical
            self.published = published
            self.kind = kind
            self.older = older
        }
    }

    /// Where a checkpoint keeps the base model and the head.
    public struct Prefix: Sendable, Equatable {
        /// Before every published name, with its full stop: `model.`, or nothing.
        public var base: String
        /// The head's whole name.
        public var head: String
        /// A place.
        public init(base: String, head: String) {
            self.base = base
            self.head = head
        }
    }

    /// The modules in published order.
    public var entries: [Entry]
    /// Module paths in transformers: what adapters are named by.
    public var modules: Prefix
    /// Places that files use, the most usual first; the first that holds the embedding counts.
    public var files: [Prefix]
    /// Tensors that a file may hold and the decoder does not need, e.g. `*.rotary_emb.inv_freq`; `*` matches anything.
    public var ignorable: [String]
    /// Where earlier versions of transformers had the base's modules, which older adapters are named by.
    public var olderBases: [String] = []
    /// Whether files may hold layers beyond the last, for multi-token prediction (DeepSeek V3).
    public var extraLayers = false

    /// A map. `files` are tried after `modules` itself.
    public init(_ entries: [Entry], modules: Prefix, files: [Prefix] = [], ignorable: [String] = []) {
        self.entries = entries
        self.modules = modules
        self.files = [modules] + files
        self.ignorable = ignorable
    }

    /// The module behind a logical path, as this checkpoint names it; nil when the family has no such module.
    ///
    /// - Parameter contains: whether the checkpoint has a tensor; decides among the names that files may use.
    public func module(_ logical: String, at place: Prefix, contains: (String) -> Bool = { _ in false }) -> ModuleName?
    {
        let (pattern, numbers) = Self.generalised(logical)
        guard let entry = entries.first(where: { $0.logical == pattern }) else { return nil }
        let published = Self.filled(entry.published, with: numbers)
        if entry.kind == .head {
            return ModuleName(logical: logical, path: modules.head, stored: place.head, kind: .head)
        }
        let older = entry.older.map { Self.filled($0, with: numbers) }
        let olderPaths =
            older.map { modules.base + $0 } + olderBases.flatMap { base in ([published] + older).map { base + $0 } }
        let names = (older + [published]).map {
            ModuleName(
                logical: logical, path: modules.base + published, stored: place.base + $0, kind: entry.kind,
                olderPaths: olderPaths)
        }
        return names.first { contains($0.weight) } ?? names.first
    }

    /// The place where a file with these tensors keeps the model: the first that holds the embedding, those that hold
    /// a head before those that do not; nil when none does.
    public func place(where contains: (String) -> Bool) -> Prefix? {
        guard let embedding = entries.first(where: { $0.logical == "embedding" }) else { return nil }
        let holding = files.filter { contains($0.base + embedding.published + ".weight") }
        return holding.first { contains($0.head + ".weight") } ?? holding.first
    }

    /// Whether a tensor the decoder does not need may be there all the same.
    public func isIgnorable(_ tensor: String) -> Bool {
        ignorable.contains { Self.matches(tensor[...], $0[...]) }
    }

    /// `layers.3.attention.query` → `layers.*.attention.query` and ["3"].
    static func generalised(_ path: String) -> (pattern: String, numbers: [Substring]) {
        var numbers: [Substring] = []
        let parts = path.split(separator: ".").map { part -> Substring in
            guard part.allSatisfy({ $0.isASCII && $0.isNumber }) else { return part }
            numbers.append(part)
            return "*"
        }
        return (parts.joined(separator: "."), numbers)
    }

    /// Puts numbers in the place of stars, in order.
    static func filled(_ pattern: String, with numbers: [Substring]) -> String {
        var rest = numbers[...]
        return pattern.split(separator: ".").map { $0 == "*" ? rest.popFirst() ?? $0 : $0 }.joined(separator: ".")
    }

    /// Whether a name matches a pattern whose stars stand for any text.
    static func matches(_ name: Substring, _ pattern: Substring) -> Bool {
        guard let star = pattern.firstIndex(of: "*") else { return name == pattern }
        let head = pattern[..<star]
        let tail = pattern[pattern.index(after: star)...]
        guard name.hasPrefix(head) else { return false }
        var rest = name.dropFirst(head.count)
        if tail.isEmpty { return true }
        while !rest.isEmpty {
            if matches(rest, tail) { return true }
            rest = rest.dropFirst()
        }
        return matches(rest, tail)
    }
}

/// One module under its three names.
public struct ModuleName: Sendable, Equatable {
    /// The decoder's name.
    public var logical: String
    /// The path in transformers, which adapters are named by.
    public var path: String
    /// The name in this file, without `.weight`.
    public var stored: String
    /// What it is.
    public var kind: WeightNames.Kind
    /// Paths it had in earlier versions of transformers, which older adapters are named by.
    public var olderPaths: [String] = []

    /// The tensor that holds the matrix, table or norm.
    public var weight: String { kind == .tensor ? stored : stored + ".weight" }
    /// The tensor that holds the bias.
    public var bias: String { stored + ".bias" }
    /// Whether `all-linear` attaches an adapter here.
    public var isLinear: Bool { kind == .linear || kind == .linearInputsFirst }
    /// Whether an adapter can attach here, if only by name.
    public var isAdaptable: Bool { isLinear || kind == .router || kind == .head }
}
