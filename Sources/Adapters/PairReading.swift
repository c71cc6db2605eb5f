import Diagnostics
import Models
import WeightFiles

/// The names of an adapter's two tensors in a file.
struct StoredPair: Sendable, Equatable {
    let a: String
    let b: String

    init(_ module: String) {
        a = PEFTFiles.name(module, "lora_A")
        b = PEFTFiles.name(module, "lora_B")
    }
}

/// An adapter on one matrix of an expert, of a model whose files hold all experts together.
struct SeparatePair: Sendable {
    let pair: StoredPair
    let rank: Int
    /// The outputs of the expert's joint matrix that are this one's.
    let outputs: Range<Int>
    /// What B is multiplied by, since the joint adapter has one scale.
    let factor: Float
}

/// Finds the pair of each adapted module among an adapter's tensors.
struct PairReading {
    let config: PEFTConfig
    let tensors: WeightStore
    let plan: WeightPlan
    let path: String
    private(set) var pairs: [String: StoredPair] = [:]
    private(set) var stacked: [String: StoredPair] = [:]
    private(set) var separate: [String: [[SeparatePair]]] = [:]
    private(set) var specs: [String: AdapterSpec] = [:]
    private(set) var problems: [Problem] = []
    private var unused: Set<String>

    init(config: PEFTConfig, tensors: WeightStore, plan: WeightPlan, path: String) {
        self.config = config
        self.tensors = tensors
        self.plan = plan
        self.path = path
        unused = Set(tensors.names)
    }

    /// Takes a pair if any of it is there; half a pair is a problem.
    private mutating func found(_ pair: StoredPair) -> (a: StoredTensor, b: StoredTensor)? {
        let (a, b) = (tensors[pair.a], tensors[pair.b])
        if a == nil && b == nil { return nil }
        unused.subtract([pair.a, pair.b])
        if let a, let b { return (a, b) }
        problems.append(Problem("tensor \(a == nil ? pair.a : pair.b) is missing beside its partner", file: path))
        return nil
    }

    private mutating func check(_ tensor: StoredTensor, _ shape: [Int]) {
        if tensor.shape == shape && tensor.format.element != nil { return }
        problems.append(
            Problem("tensor \(tensor.name) is \(tensor.format.name) \(tensor.shape), not \(shape)", file: path))
    }

    /// The pair of a module with a matrix of its own, under its path or one it had in older versions.
    mutating func take(_ module: WeightPlan.Module, _ sizes: (String) throws -> AdapterSpec) throws {
        for path in [module.name.path] + module.name.olderPaths {
            let pair = StoredPair(path)
            guard let (a, b) = found(pair) else { continue }
            let asParameter = config.settings.parameters.contains { (path + ".weight").endsWith($0) }
            let spec = try sizes(asParameter ? path + ".weight" : path)
            check(a, [spec.rank, module.shape.weight[1]])
            check(b, [module.shape.weight[0], spec.rank])
            specs[module.name.path] = spec
            pairs[module.name.path] = pair
            return
        }
    }

    /// The pairs of all experts' parameters. PEFT nests them: the first of a module's two is `base_layer`, the last the
    /// module itself; when there is one, the configuration says which, or its size does.
    mutating func takeExperts(_ sizes: (String) throws -> AdapterSpec) throws {
        for (container, parameters) in Dictionary(grouping: plan.parameters, by: \.container).sorted(by: {
            $0.key < $1.key
        }) {
            let (outer, inner) = (StoredPair(container), StoredPair(container + ".base_layer"))
            switch (found(outer), found(inner)) {
            case (nil, nil): for parameter in parameters { try takeSeparate(parameter, sizes) }
            case (nil, .some):
                problems.append(Problem("tensor \(outer.a) is missing beside \(inner.a)", file: path))
            case (let only?, nil):
                let named = parameters.filter { parameter in
                    config.settings.parameters.contains { parameter.name.path.endsWith($0) }
                }
                let fitting = (named.isEmpty ? parameters : named).filter { $0.fits(only.a) }
                if let parameter = fitting.first {
                    try takeStacked(parameter, outer, only, sizes)
                } else {
                    problems.append(
                        Problem("tensor \(only.a.name) \(only.a.shape) fits no parameter of \(container)", file: path))
                }
            case (let last?, let first?):
                var order = parameters
                if order.count == 2, !order[0].fits(first.a), order[1].fits(first.a) { order.swapAt(0, 1) }
                guard order.count == 2 else {
                    problems.append(Problem("tensor \(inner.a) belongs to no parameter of \(container)", file: path))
                    continue
                }
                try takeStacked(order[0], inner, first, sizes)
                try takeStacked(order[1], outer, last, sizes)
            }
        }
    }

    private mutating func takeStacked(
        _ parameter: ExpertParameter, _ pair: StoredPair, _ found: (a: StoredTensor, b: StoredTensor),
        _ sizes: (String) throws -> AdapterSpec
    ) throws {
        let spec = try sizes(parameter.name.path).withoutDropout
        let rows = spec.rank * parameter.experts
        check(found.a, [rows, parameter.fileInputs])
        check(found.b, [parameter.fileOutputs, rows])
        specs[parameter.name.path] = spec
        stacked[parameter.name.path] = pair
    }

    /// Adapters on single matrices of experts that the base's file holds together: joined as PEFT joins them, side by
    /// side in A and block by block in B.
    private mutating func takeSeparate(
        _ parameter: ExpertParameter, _ sizes: (String) throws -> AdapterSpec
    ) throws {
        guard plan.isStacked(parameter) else { return }
        let parts = parameter.isInner ? ["gate", "up"] : ["down"]
        let each = parameter.outputs / parts.count
        var (scale, rank) = (Float?.none, 0)
        let experts = try (0..<parameter.experts).map { expert in
            try parts.enumerated().compactMap { i, part -> SeparatePair? in
                guard let module = plan.expertModule(parameter, expert, part) else { return nil }
                let pair = StoredPair(module.path)
                guard let (a, b) = found(pair) else { return nil }
                let spec = try sizes(module.path)
                check(a, [spec.rank, parameter.inputs])
                check(b, [each, spec.rank])
                scale = scale ?? spec.scale
                return SeparatePair(
                    pair: pair, rank: spec.rank, outputs: i * each..<(i + 1) * each,
                    factor: spec.scale / (scale ?? spec.scale))
            }
        }
        rank = experts.map { $0.reduce(0) { $0 + $1.rank } }.max() ?? 0
        guard let scale, rank > 0 else { return }
        specs[parameter.name.path] = AdapterSpec(rank: rank, alpha: scale * Float(rank), scale: scale)
        separate[parameter.name.path] = experts
    }

    /// The base's own matrix, which PEFT stores beside an adapter on the head: it must be the one of this model.
    mutating func takeBase(of head: ModuleName, in files: ModelFiles) {
        let name = PEFTFiles.name(head.path, "base_layer")
        guard let copy = tensors[name] else { return }
        unused.remove(name)
        guard let own = files.source?[head.weight] else { return }
        // Numbers that are stored in another format are not compared.
        let differs = own.format == copy.format && !own.bytes.elementsEqual(copy.bytes)
        if differs || own.shape != copy.shape {
            problems.append(
                Problem(
                    "tensor \(name) is not the \(head.weight) of \(files.path)", file: path,
                    advice: "was the adapter trained on another model, or its vocabulary resized?"))
        }
    }

    /// Tensors that belong nowhere are problems, and so is an adapter without any.
    mutating func refuseTheRest(of files: ModelFiles) {
        let tables = plan.modules.filter { $0.name.kind == .embedding }.map(\.name.path)
        for module in tables + (files.tiedHead.map { [$0] } ?? []) {
            let own = unused.filter { $0.contains(".\(module).") }
            guard !own.isEmpty else { continue }
            unused.subtract(own)
            problems.append(
                Problem(
                    "adapts \(module), of which no adapters are read", file: path,
                    advice: "train it without this module among its targets"))
        }
        problems += unused.sorted().map {
            Problem(
                "tensor \($0) belongs to no linear module of \(files.path)", file: path,
                advice: "was the adapter trained on another model?")
        }
        if specs.isEmpty && problems.isEmpty { problems.append(Problem("holds no adapter", file: path)) }
    }
}

extension ExpertParameter {
    /// Columns of A in a file.
    var fileInputs: Int { isSwapped ? outputs : inputs }
    /// Rows of B in a file.
    var fileOutputs: Int { isSwapped ? inputs : outputs }

    fileprivate func fits(_ a: StoredTensor) -> Bool { a.columns == fileInputs && a.rows % experts == 0 }
}

extension String {
    /// Whether this is `name`, or ends with it after a full stop.
    func endsWith(_ name: String) -> Bool { self == name || hasSuffix("." + name) }
}
