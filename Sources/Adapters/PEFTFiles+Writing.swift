import Diagnostics
import Kernels
import Models
import OrderedJSON
import SafeFiles
import Tensors
import WeightFiles

extension PEFTFiles {
    /// Writes a model's adapters into an existing directory, each file whole or not at all.
    ///
    /// - Parameters:
    ///   - experts: how adapters on experts are written; as PEFT 0.21 has them unless said otherwise.
    ///   - baseHash: identifies the weights that the adapter was trained on; see ``PEFTFiles/baseHash``.
    ///   - template: what it was trained with; a text of its own is for the caller to write.
    public static func write(
        _ model: Transformer, config: PEFTConfig, to directory: String, baseHash: String? = nil,
        template: AdapterTemplate = .model, experts: ExpertForm = .joined
    ) throws {
        let stacks = experts == .joined ? model.expertStacks : []
        let single = try SeparateAdapter.all(model, experts: experts == .separate)
        var parts: [(name: String, shape: [Int], value: () -> Tensor)] = []
        for adapter in single {
            parts.append((name(adapter.module.path, "lora_A"), adapter.shapes.a, { adapter.a }))
            parts.append((name(adapter.module.path, "lora_B"), adapter.shapes.b, { adapter.b }))
        }
        for stack in stacks {
            let both =
                stack.parameter.isInner
                && stacks.contains {
                    $0.parameter.container == stack.parameter.container && !$0.parameter.isInner
                }
            let module = stack.parameter.container + (both ? ".base_layer" : "")
            let rows = stack.rank * stack.parameter.experts
            parts.append((name(module, "lora_A"), [rows, stack.parameter.fileInputs], { stack.tensors().a }))
            parts.append((name(module, "lora_B"), [stack.parameter.fileOutputs, rows], { stack.tensors().b }))
        }
        let values = Dictionary(uniqueKeysWithValues: parts.map { ($0.name, $0.value) })
        var metadata = [("format", "pt")]
        if let baseHash { metadata.append((baseHashKey, baseHash)) }
        if template == .plain { metadata.append(AdapterTemplate.plainMetadata) }
        try SafetensorsWriter.write(
            to: directory + "/" + tensorFile,
            tensors: parts.map { TensorDeclaration($0.name, shape: $0.shape, format: .element(.f32)) },
            metadata: metadata
        ) { declaration, sink in
            guard let value = values[declaration.name]?() else { return }
            let tensor = value.converted(to: .f32)
            try sink(UnsafeRawBufferPointer(start: tensor.pointer, count: tensor.byteCount))
        }
        var config = config
        if experts == .joined {
            config = config.spelledOut(for: model, stacks)
        } else if model.adapters.contains(where: { $0.slot != nil }) {
            config = config.spelledOut(single, in: model.files.plan)
        }
        config.settings = try config.settings.sorted(giving: single)
        if let base = model.files.description.textModel {
            config.settings = config.settings.within(base, adapting: single.map(\.module.path))
        }
        let modules = Set(single.map { $0.module.path.lastPart })
        try AtomicFile.write(
            config.json(modules: modules.sorted()).serialized(
                JSONStyle(indent: 2, keySeparator: ": ", sortedKeys: true)) + "\n",
            to: directory + "/adapter_config.json")
    }
}

extension Transformer {
    /// The adapters on experts, by the parameter that PEFT knows them as.
    fileprivate var expertStacks: [ExpertStack] {
        let byPath = Dictionary(grouping: adapters.filter { $0.slot != nil }) { $0.slot?.parameter.name.path }
        return files.plan.parameters.compactMap { parameter in
            byPath[parameter.name.path].map { ExpertStack(parameter, $0) }
        }
    }
}

extension PEFTConfig {
    /// The configuration that PEFT 0.21 needs to find these adapters. For models without experts that is this one.
    ///
    /// With experts every target is named: what was selected by `all-linear` or by names of single experts is now a
    /// parameter of all, whose rank may be another. For such models PEFT also reads `gate_proj`, `up_proj` and
    /// `down_proj` as the experts' (`transformers_weight_conversion._MOE_TARGET_MODULE_MAPPING`), so that a dense layer
    /// or a shared expert can only be named by its parameter; so can a router, which is no linear layer in transformers
    /// 5.
    fileprivate func spelledOut(for model: Transformer, _ stacks: [ExpertStack]) -> PEFTConfig {
        let plan = model.files.plan
        let plain = model.adapters.filter { $0.slot == nil }
        func isParameter(_ module: ModuleName) -> Bool {
            module.kind == .router || plan.hasSeparateExperts && Self.renamed.contains(module.path.lastPart)
        }
        if stacks.isEmpty && !plain.contains(where: { isParameter($0.module) }) { return self }
        func key(_ module: ModuleName) -> String { isParameter(module) ? module.path + ".weight" : module.path }
        var sizes = plain.map { (key: key($0.module), rank: $0.spec.rank, alpha: Double($0.spec.alpha)) }
        sizes += stacks.map { stack in
            let rank = Double(stack.rank)
            let alpha = Double(stack.scale) * (settings.useRSLoRA ? rank.squareRoot() : rank)
            return (stack.parameter.name.path, stack.rank, alpha.rounded(toDigits: 6))
        }
        // PEFT compares names with those of all modules and parameters, adapted or not.
        let known = Set(
            plan.modules.flatMap { [$0.name.path, $0.name.path + ".weight"] } + plan.parameters.map(\.name.path))
        let adapted = Set(sizes.map(\.key))
        let parameters = Set(plain.filter { isParameter($0.module) }.map { key($0.module) })
            .union(stacks.map(\.parameter.name.path))
        var result = self
        result.settings.targets = .names(Self.suffixes(of: adapted.subtracting(parameters), among: known))
        result.settings.parameters = Self.suffixes(of: parameters, among: known)
        result.settings.excluded = nil
        result.settings.layers = nil
        if !parameters.isEmpty { result.settings.dropout = 0 }
        result.setPatterns(sizes)
        return result
    }

    /// Sets the patterns of ranks and alphas that give each name its size.
    mutating func setPatterns(_ sizes: [(key: String, rank: Int, alpha: Double)]) {
        let adapted = Set(sizes.map(\.key))
        func patterns<Value: Hashable>(_ values: [(String, Value)]) -> [(pattern: String, value: Value)] {
            Dictionary(grouping: values, by: \.1).flatMap { value, keys in
                Self.suffixes(of: Set(keys.map(\.0)), among: adapted).map {
                    ($0.replacing(".", with: "\\."), value)
                }
            }.sorted { $0.0 < $1.0 }
        }
        let (rank, alpha) = (settings.rank, settings.alpha)
        settings.rankPattern = patterns(sizes.filter { $0.rank != rank }.map { ($0.key, $0.rank) })
        settings.alphaPattern = patterns(sizes.filter { $0.alpha != alpha }.map { ($0.key, $0.alpha) })
    }

    /// Names that PEFT reads as parts of experts in models that had them one by one.
    private static let renamed: Set<String> = ["gate", "gate_proj", "up_proj", "down_proj", "w1", "w2", "w3"]

    /// The shortest ends of names that mean all of `wanted` and nothing else that is known.
    static func suffixes(of wanted: Set<String>, among known: Set<String>) -> [String] {
        let others = known.subtracting(wanted)
        let found = wanted.map { name -> String in
            let parts = name.split(separator: ".")
            for count in 1..<parts.count {
                let end = parts.suffix(count).joined(separator: ".")
                if !others.contains(where: { $0.endsWith(end) }) { return end }
            }
            return name
        }
        return Set(found).sorted()
    }
}

extension LoRASettings {
    /// The same settings for the text part of a multimodal model, whose other parts have modules of the same names: one
    /// regular expression for modules below `base`; or, because PEFT takes numbers of layers beside names only, the
    /// whole names of all adapted modules where there are such numbers.
    fileprivate func within(_ base: String, adapting paths: [String]) -> LoRASettings {
        var settings = self
        if layers != nil {
            settings.targets = .names(paths.sorted())
            settings.layers = nil
            return settings
        }
        let names: [String]
        switch targets {
        case .pattern: return self
        case .names(let given): names = given
        case .allLinear: names = Set(paths.map(\.lastPart)).sorted()
        }
        guard !names.isEmpty else { return self }
        func escaped(_ text: String) -> String { text.replacing(".", with: "\\.") }
        let ends = names.map { escaped($0.hasPrefix(base) ? String($0.dropFirst(base.count)) : $0) }
        settings.targets = .pattern("\(escaped(base))(?:.*\\.)?(?:\(ends.joined(separator: "|")))")
        return settings
    }
}

extension Double {
    /// The nearest number of so many decimal digits after the point: alphas are computed from a scale in f32.
    func rounded(toDigits digits: Int) -> Double {
        let power = (0..<digits).reduce(1.0) { power, _ in power * 10 }
        return (self * power).rounded() / power
    }
}

extension LoRASettings {
    /// The same settings with patterns that give these adapters their sizes when they stand sorted, as PEFT writes them
    /// and everyone reads them: the first that matches counts. Where patterns overlap, so that another order means
    /// other sizes, each module that differs from the rest gets its own. Experts' sizes are spelled out already.
    fileprivate func sorted(giving adapters: [SeparateAdapter]) throws -> LoRASettings {
        guard parameters.isEmpty else { return self }
        var settings = self
        settings.rankPattern.sort { $0.pattern < $1.pattern }
        settings.alphaPattern.sort { $0.pattern < $1.pattern }
        let sizes = try AdapterPlan.sizes(settings)
        let holds = try adapters.allSatisfy { adapter in
            let size = try sizes(adapter.module.path)
            return size.rank == adapter.rank && size.alpha == Float(adapter.alpha(rslora: useRSLoRA))
        }
        if holds { return settings }
        func pattern(_ adapter: SeparateAdapter) -> String { adapter.module.path.replacing(".", with: "\\.") }
        settings.rankPattern = adapters.filter { $0.rank != rank }.map { (pattern($0), $0.rank) }
        settings.alphaPattern = adapters.map { (pattern($0), $0.alpha(rslora: useRSLoRA)) }.filter {
            Float($0.1) != Float(alpha)
        }
        return settings
    }
}
