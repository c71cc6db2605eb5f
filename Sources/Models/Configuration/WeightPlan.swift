import Diagnostics

/// Which tensors of a checkpoint the decoder takes: every module under all its names and with its size.
public struct WeightPlan: Sendable, Equatable {
    /// One module of the plan.
    public struct Module: Sendable, Equatable {
        /// Its names.
        public var name: ModuleName
        /// Its size as the decoder sees it, matrices [outputs, inputs].
        public var shape: ModuleShape
        /// The weight's shape in the file.
        public var storedShape: [Int] { name.kind == .linearInputsFirst ? shape.weight.reversed() : shape.weight }
    }

    /// The modules in published order: what stands before the layers, layer by layer, what stands after.
    public var modules: [Module]
    /// The tensors that transformers 5 holds all experts of a layer in, whether or not this file does.
    public var parameters: [ExpertParameter]
    /// Where the file keeps them.
    public var place: WeightNames.Prefix
    private let names: WeightNames
    private let layerCount: Int

    /// The plan for a checkpoint whose tensors are known by `contains`. Where the configuration ties the head to the
    /// embedding, the head is no module of the plan.
    public init(_ description: ModelDescription, contains: (String) -> Bool) {
        names = description.names
        layerCount = description.config.layers.count
        place = names.place(where: contains) ?? names.modules
        let shapes = description.config.moduleShapes
        var logical: [String] = []
        let patterns = names.entries.map(\.logical)
        let inLayers = patterns.filter { $0.hasPrefix("layers.") }
        let firstLayer = patterns.firstIndex { $0.hasPrefix("layers.") } ?? patterns.count
        logical += patterns[..<firstLayer]
        for layer in 0..<layerCount {
            let inLayer = inLayers.map { $0.replacing("layers.*", with: "layers.\(layer)", maxReplacements: 1) }
            logical += Self.expanded(inLayer, shapes: shapes)
        }
        logical += patterns[firstLayer...].filter { !$0.hasPrefix("layers.") }
        var modules: [Module] = []
        for path in logical {
            guard let shape = shapes[path], let name = names.module(path, at: place, contains: contains) else {
                continue
            }
            modules.append(Module(name: name, shape: shape))
        }
        precondition(
            modules.count == shapes.count,
            "weight plan of \(description.config.family): no name for "
                + "\(Set(shapes.keys).subtracting(modules.map(\.name.logical)).sorted().prefix(5))")
        self.modules = modules
        parameters = description.config.layers.indices.flatMap { [names, place] layer in
            description.config.expertParameters(layer, names: names, at: place, contains: contains)
        }
    }

    /// Expert after expert: patterns with a star stand for as many modules as there are shapes for them.
    private static func expanded(_ patterns: [String], shapes: [String: ModuleShape]) -> [String] {
        var paths = patterns.filter { !$0.contains("*") }
        let experts = patterns.filter { $0.contains("*") }
        var expert = 0
        while true {
            let these = experts.map { $0.replacing("*", with: String(expert)) }.filter { shapes[$0] != nil }
            if these.isEmpty { return paths }
            paths += these
            expert += 1
        }
    }

    /// Whether the file holds this parameter as one tensor.
    public func isStacked(_ parameter: ExpertParameter) -> Bool {
        modules.contains { $0.name.logical == parameter.name.logical }
    }

    /// An expert's own matrix (`gate`, `up` or `down`) where the family publishes experts one by one, in whatever way
    /// this file holds them.
    public func expertModule(_ parameter: ExpertParameter, _ expert: Int, _ part: String) -> ModuleName? {
        let experts = parameter.name.logical.split(separator: ".").dropLast().joined(separator: ".")
        return names.module("\(experts).\(expert).\(part)", at: place)
    }

    /// Whether the family publishes experts one by one.
    public var hasSeparateExperts: Bool {
        names.entries.contains { $0.logical == "layers.*.feedForward.experts.*.down" }
    }

    /// The modules that `all-linear` means.
    public var linear: [Module] { modules.filter(\.name.isLinear) }

    /// What a checkpoint's tensors lack, have in the wrong size, or have too much.
    public struct Audit: Sendable, Equatable {
        /// Everything wrong, in published order; unused tensors last.
        public var problems: [Problem]
        /// Tensors that are there and not needed, for a line in the log.
        public var ignored: [String]
    }

    /// Compares the plan with a checkpoint's tensors.
    ///
    /// - Parameters:
    ///   - tensors: name → shape.
    ///   - file: the checkpoint, for messages.
    public func audit(_ tensors: [String: [Int]], file: String) -> Audit {
        var faults = TensorFaults()
        var used: Set<String> = []
        func expect(_ name: String, _ shape: [Int]) {
            used.insert(name)
            guard let found = tensors[name] else { return faults.note(name, .missing(shape: shape)) }
            if found != shape { faults.note(name, .misshapen(found: found, expected: shape)) }
        }
        for module in modules {
            expect(module.name.weight, module.storedShape)
            if let bias = module.shape.bias { expect(module.name.bias, [bias]) }
        }
        var ignored: [String] = []
        for name in tensors.keys.sorted() where !used.contains(name) {
            if isExpendable(name) {
                ignored.append(name)
            } else {
                faults.note(name, .unused)
            }
        }
        return Audit(problems: faults.problems(file: file), ignored: ignored)
    }

    /// Whether the decoder can do without a tensor: a buffer, another modality, a stored copy of a tied head (it is
    /// the caller's to compare it with the embedding), or a layer beyond the last (multi-token prediction).
    private func isExpendable(_ name: String) -> Bool {
        if names.isIgnorable(name) || name == place.head + ".weight" { return true }
        guard names.extraLayers, let layer = names.entries.first(where: { $0.logical.hasPrefix("layers.*") }),
            let star = layer.published.firstIndex(of: "*")
        else { return false }
        let prefix = place.base + layer.published[..<star]
        guard name.hasPrefix(prefix) else { return false }
        let number = name.dropFirst(prefix.count).prefix { $0 != "." }
        return Int(number).map { $0 >= layerCount } ?? false
    }
}
