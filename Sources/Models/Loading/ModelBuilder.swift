import Kernels
import OrderedJSON
import Tensors
import WeightFiles

/// What is trained: adapters on some layers, or every weight.
public enum TrainingMode {
    /// Nothing but the adapters that the plan gives to a layer; nil for none.
    case adapters((ModuleName) -> AdapterSpec?)
    /// Every weight; where there are none, drawn from a normal distribution with this seed.
    case full(seed: UInt64)
    /// Nothing; the adapters are those of models built from the same files, a set of adapters a model.
    case joined([Transformer])
    /// Nothing.
    case none
}

/// A weight of a full fine-tune and how files hold it.
public struct TrainedWeight {
    /// The numbers.
    public let parameter: Parameter
    /// The tensor's name in files.
    public let tensor: String
    /// Its shape in files.
    public let shape: [Int]
    /// What was added to the stored numbers for use (1 for Gemma's norms).
    public let offset: Float
    /// Whether files hold the matrix with inputs before outputs: the parameter is its transpose.
    public var inputsFirst = false
}

/// Builds layers from a checkpoint's tensors. Adapters attach here, by path, once.
final class ModelBuilder {
    let files: ModelFiles
    let mode: TrainingMode
    private let modules: [String: WeightPlan.Module]
    private let parameters: [String: ExpertParameter]
    private(set) var adapters: [AttachedAdapter] = []
    private(set) var trained: [TrainedWeight] = []
    /// The adapters of every group of layers, in the order the groups are built in.
    private(set) var groups: [[AdapterGroup]] = []

    init(_ files: ModelFiles, mode: TrainingMode) {
        self.files = files
        self.mode = mode
        modules = Dictionary(uniqueKeysWithValues: files.plan.modules.map { ($0.name.logical, $0) })
        parameters = Dictionary(uniqueKeysWithValues: files.plan.parameters.map { ($0.name.logical, $0) })
    }

    private func module(_ logical: String) -> WeightPlan.Module {
        guard let module = modules[logical] else { preconditionFailure("no module \(logical) in the weight plan") }
        return module
    }

    /// The parameter of all experts, where the family has one.
    func parameter(_ logical: String) -> ExpertParameter? { parameters[logical] }

    func has(_ logical: String) -> Bool { modules[logical] != nil }

    /// A matrix, frozen as stored or trained.
    func matrix(_ logical: String) -> MatrixWeight {
        let module = module(logical)
        let inputsFirst = module.name.kind == .linearInputsFirst
        if case .full = mode {
            return .trained(parameter(module.name.weight, stored: module.storedShape, inputsFirst: inputsFirst))
        }
        if let matrix = files.scaled[module.name.weight]?.matrix(inputsFirst: inputsFirst) { return .frozen(matrix) }
        guard let tensor = files.source?[module.name.weight], let format = tensor.format.element,
            let start = tensor.bytes.baseAddress
        else { preconditionFailure("tensor \(module.name.weight) passed the audit and is not there") }
        return .frozen(
            FrozenMatrix(
                rows: tensor.rows, columns: tensor.columns, format: format, bytes: start, owner: tensor.file,
                inputsFirst: inputsFirst))
    }

    /// A bias or the factors of a norm: one row, or one for each head.
    private func vector(_ name: String, _ shape: [Int], offset: Float, initial: Float) -> Tensor {
        let (rows, columns) = (shape.dropLast().reduce(1, *), shape.last ?? 1)
        if case .full = mode {
            let parameter = Parameter(name, rows: rows, columns: columns)
            parameter.decaysTo = offset
            load(parameter, name, offset: offset, initial: initial)
            trained.append(TrainedWeight(parameter: parameter, tensor: name, shape: shape, offset: offset))
            return parameter.tensor
        }
        let values = files.source?[name]?.floats() ?? []
        precondition(values.count == rows * columns, "tensor \(name) passed the audit with \(values.count) numbers")
        return Tensor(values.map { $0 + offset }, rows: rows, columns: columns)
    }

    private func parameter(_ name: String, stored shape: [Int], inputsFirst: Bool) -> Parameter {
        let (rows, columns) = (shape.dropLast().reduce(1, *), shape.last ?? 1)
        let parameter = Parameter(name, rows: inputsFirst ? columns : rows, columns: inputsFirst ? rows : columns)
        load(parameter, name, offset: 0, initial: nil, inputsFirst: inputsFirst)
        trained.append(
            TrainedWeight(parameter: parameter, tensor: name, shape: shape, offset: 0, inputsFirst: inputsFirst))
        return parameter
    }

    // Stored numbers where there are some; else `initial`, or a normal distribution for matrices.
    private func load(
        _ parameter: Parameter, _ name: String, offset: Float, initial: Float?, inputsFirst: Bool = false
    ) {
        let numbers = UnsafeMutableBufferPointer(start: parameter.value.floats, count: parameter.count)
        if let stored = files.source?[name]?.floats() {
            precondition(
                stored.count == parameter.count, "tensor \(name) passed the audit with \(stored.count) numbers")
            if inputsFirst {
                parameter.value.copy(Tensor(stored, rows: parameter.columns, columns: parameter.rows).transposed())
            } else {
                for i in stored.indices { numbers[i] = stored[i] + offset }
            }
        } else if let initial {
            numbers.update(repeating: initial)
        } else if case .full(let seed) = mode {
            let deviation = Float(files.configuration["initializer_range"]?.doubleValue ?? 0.02)
            var draws = NormalDraws(seed: seed, name: name)
            for i in numbers.indices { numbers[i] = draws.next() * deviation }
        }
        parameter.valueChanged()
    }

    func norm(_ logical: String) -> Norm? {
        guard has(logical) else { return nil }
        let module = module(logical)
        let config = files.description.config.norm
        let weight = vector(
            module.name.weight, module.shape.weight, offset: config.weightOffset, initial: 1)
        let bias = module.shape.bias.map { vector(module.name.bias, [$0], offset: 0, initial: 0) }
        return Norm(weight: weight, bias: bias, epsilon: config.epsilon, centred: config.kind == .layer)
    }

    /// A norm without stored weights, where the configuration says so (OLMo 1).
    func bareNorm() -> Norm {
        let config = files.description.config.norm
        return Norm(weight: nil, epsilon: config.epsilon, centred: config.kind == .layer)
    }

    /// Experts in one stored tensor [experts, …]: each one's matrix is a range of its rows. `biases` [experts,
    /// outputs].
    func stacked(
        _ logical: String, parameter: ExpertParameter?, experts: Int, inputsFirst: Bool, biases: String? = nil
    ) -> [LinearModule] {
        let module = module(logical)
        guard case .frozen(let whole) = matrix(logical) else {
            preconditionFailure("\(logical): stacked experts are not trained, which is checked before a model is built")
        }
        let each = whole.rows / experts
        let biases = biases.flatMap { name in
            numbers(name).map { Tensor($0, rows: experts, columns: $0.count / experts) }
        }
        return (0..<experts).map { e in
            var matrix = whole.rows(e * each..<(e + 1) * each)
            if inputsFirst { matrix = matrix.withInputsFirst }
            return LinearModule(
                name: module.name,
                weights: LinearWeights(.frozen(matrix), bias: biases.map { $0.view(rows: e..<e + 1) }),
                slot: parameter.map {
                    ExpertSlot(
                        parameter: $0, expert: e, outputs: 0..<matrix.outputs, isStacked: true, inputsFirst: inputsFirst
                    )
                })
        }
    }

    func numbers(_ logical: String) -> [Float]? {
        has(logical) ? files.source?[module(logical).name.weight]?.floats() : nil
    }

    /// Layers that read the same input.
    ///
    /// - Parameter slots: where they are among all experts' matrices, when they are an expert's.
    func group(_ logical: [String], slots: [ExpertSlot]? = nil) -> LinearGroup {
        attached(
            logical.enumerated().map { i, path in
                let module = module(path)
                let bias = module.shape.bias.map { vector(module.name.bias, [$0], offset: 0, initial: 0) }
                return LinearModule(
                    name: module.name, weights: LinearWeights(matrix(path), bias: bias), slot: slots?[i])
            })
    }

    /// The output head: a layer of its own, or the embedding, which has no adapter.
    func head(tiedTo table: MatrixWeight?) -> LinearGroup {
        guard let table else { return group(["head"]) }
        let name = module("embedding").name
        return LinearGroup(linears: [LinearModule(name: name, weights: LinearWeights(table))], adapters: [])
    }

    /// The layers with their adapters. Without dropout the A matrices are one parameter, hence one product. An adapter
    /// on the parameter of all experts has one A for the layers that are parts of it.
    func attached(_ linears: [LinearModule]) -> LinearGroup {
        let own: [AdapterGroup] =
            switch mode {
            case .adapters(let plan): adapterGroups(linears, plan)
            case .joined(let models): models.enumerated().flatMap { $1.adapterGroups[groups.count].inSet($0) }
            case .full, .none: []
            }
        groups.append(own)
        return LinearGroup(linears: linears, adapters: own)
    }

    private func adapterGroups(_ linears: [LinearModule], _ plan: (ModuleName) -> AdapterSpec?) -> [AdapterGroup] {
        if let slot = linears.first?.slot, !slot.isStacked, let spec = plan(slot.parameter.name) {
            return [sharedGroup(linears, spec, slot)]
        }
        let specs = linears.map { plan($0.name) }
        let adapted = specs.indices.filter { specs[$0] != nil }
        let joint = specs.allSatisfy { ($0?.dropout ?? 0) == 0 }
        let members = joint ? (adapted.isEmpty ? [] : [adapted]) : adapted.map { [$0] }
        return members.map { adapterGroup(linears, specs, $0) }
    }

    private func sharedGroup(_ linears: [LinearModule], _ spec: AdapterSpec, _ slot: ExpertSlot) -> AdapterGroup {
        let name = "\(slot.parameter.name.path).\(slot.expert).lora_A"
        let a = Parameter(name, rows: spec.rank, columns: linears[0].weights.matrix.inputs)
        let members = linears.enumerated().map { i, linear in
            let b = Parameter(
                linear.key + ".lora_B", rows: spec.rank, columns: linear.weights.matrix.outputs,
                transposedInFiles: true)
            adapters.append(
                AttachedAdapter(module: linear.name, spec: spec, a: a, aRows: 0..<spec.rank, b: b, slot: linear.slot))
            return AdapterGroup.Member(layer: i, rows: 0..<spec.rank, b: b, scale: spec.scale)
        }
        return AdapterGroup(a: a, members: members, key: stableHash(name))
    }

    private func adapterGroup(_ linears: [LinearModule], _ specs: [AdapterSpec?], _ members: [Int]) -> AdapterGroup {
        var parts: [Parameter.Part] = []
        var next = 0
        for i in members {
            let rank = specs[i]?.rank ?? 0
            parts.append(Parameter.Part(name: linears[i].key + ".lora_A", rows: next..<next + rank))
            next += rank
        }
        let a = Parameter(rows: next, columns: linears[0].weights.matrix.inputs, parts: parts)
        let group = zip(members, parts).compactMap { i, part -> AdapterGroup.Member? in
            guard let spec = specs[i] else { return nil }
            let b = Parameter(
                linears[i].key + ".lora_B", rows: spec.rank, columns: linears[i].weights.matrix.outputs,
                transposedInFiles: true)
            adapters.append(
                AttachedAdapter(
                    module: linears[i].name, spec: spec, a: a, aRows: part.rows, b: b, slot: linears[i].slot))
            return AdapterGroup.Member(layer: i, rows: part.rows, b: b, scale: spec.scale)
        }
        let dropout = members.compactMap { specs[$0]?.dropout }.max() ?? 0
        return AdapterGroup(
            a: a, members: group, dropout: dropout, key: stableHash(parts.map(\.name).joined(separator: "\n")))
    }
}

extension [AdapterGroup] {
    /// The groups as those of one of several sets of adapters.
    fileprivate func inSet(_ set: Int) -> [AdapterGroup] {
        map { group in
            var group = group
            group.set = set
            return group
        }
    }
}
