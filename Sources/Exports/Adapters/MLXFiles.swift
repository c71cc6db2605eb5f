import Adapters
import Diagnostics
import Kernels
import Models
import OrderedJSON
import SafeFiles
import Tensors
import WeightFiles

/// An adapter directory as mlx-lm has it: `adapter_config.json` and `adapters.safetensors`, whose matrices are
/// transposed (`lora_a` [inputs, rank], `lora_b` [rank, outputs]) and share one rank and one raw scale. The experts of
/// a layer share a pair that is not transposed: `lora_a` [experts, rank, inputs], `lora_b` [experts, outputs, rank].
struct MLXFiles {
    let rank: Int
    let scale: Float
    private let tensors: WeightStore

    private static func name(_ path: String, _ matrix: String) -> String { "\(path).lora_\(matrix)" }

    /// Opens a directory and checks what is needed to run it: one pair for each tensor, nothing else.
    init(_ directory: String) throws {
        let file = directory + "/adapter_config.json"
        let json = try JSONValue(contentsOfFile: file)
        guard json["fine_tune_type"] == "lora", let rank = json["lora_parameters"]?["rank"]?.intValue,
            let scale = json["lora_parameters"]?["scale"]?.doubleValue
        else { throw Problem("has no LoRA with a rank and a scale", file: file) }
        self.rank = rank
        self.scale = Float(scale)
        tensors = try WeightStore.open(directory + "/adapters.safetensors")
    }

    /// The base with this adapter.
    func transformer(_ base: ModelFiles) throws -> Transformer {
        let experts = try MLXExperts(base)
        let modules = base.plan.modules.filter { $0.name.isLinear || $0.name.kind == .head }
        var paths = Set(modules.map(\.name.path).filter { tensors[Self.name($0, "a")] != nil })
        var known = Set(paths.flatMap { [Self.name($0, "a"), Self.name($0, "b")] })
        for (module, names) in experts?.names ?? [:] {
            let stored = names.filter { tensors[Self.name($0, "a")] != nil }
            if !stored.isEmpty { paths.insert(module) }
            known.formUnion(stored.flatMap { [Self.name($0, "a"), Self.name($0, "b")] })
        }
        if let stray = tensors.names.first(where: { !known.contains($0) }) {
            throw Problem("tensor \(stray) belongs to no linear module of \(base.path)", file: tensors.files.first)
        }
        let spec = AdapterSpec(rank: rank, alpha: scale * Float(rank), scale: scale)
        let model = Transformer(
            base, mode: AdapterPlan(specs: Dictionary(uniqueKeysWithValues: paths.map { ($0, spec) })).mode)
        for adapter in model.adapters {
            if let experts, experts.holds(adapter.module) {
                try experts.load(adapter, from: tensors)
                continue
            }
            let names = (Self.name(adapter.module.path, "a"), Self.name(adapter.module.path, "b"))
            guard let a = tensors[names.0], let b = tensors[names.1], a.shape == [adapter.a.columns, rank],
                b.shape == [rank, adapter.b.columns], let aValues = a.floats(), let bValues = b.floats()
            else { throw Problem("the pair \(names.0), \(names.1) is not whole", file: tensors.files.first) }
            adapter.aValue.copy(Tensor(aValues, rows: adapter.a.columns, columns: rank).transposed())
            adapter.bValue.copy(Tensor(bValues, rows: rank, columns: adapter.b.columns))
            adapter.a.valueChanged()
            adapter.b.valueChanged()
        }
        return model
    }

    /// Writes an adapter with its own ranks and scales as one with the largest rank and one scale: smaller ranks are
    /// padded with zeros, and B is multiplied by what its scale differs. Modules that the keys name and the adapter
    /// does not touch get zeros, for mlx-lm makes an adapter for each.
    static func write(_ model: Transformer, to directory: String) throws {
        let experts = try MLXExperts(model.files)
        let (stacked, single) = model.adapters.partitioned { experts?.holds($0.module) == true }
        let adapters = Dictionary(uniqueKeysWithValues: single.map { ($0.module.path, $0) })
        guard let rank = model.adapters.map(\.spec.rank).max() else { return }
        let scale = model.adapters.lazy.map(\.spec.scale).first { $0 != 0 } ?? 1
        let groups = experts?.grouped(stacked) ?? []
        let keys = try Set((adapters.keys + groups.map(\.name)).map { try key($0) })
        let lowest = (adapters.keys + groups.map(\.name)).compactMap(layer(of:)).min() ?? 0
        let modules = model.files.plan.modules.filter { module in
            if module.name.kind == .head { return adapters[module.name.path] != nil }
            guard module.name.isLinear, let layer = layer(of: module.name.path), layer >= lowest,
                let key = try? key(module.name.path)
            else { return false }
            return keys.contains(key)
        }
        var values: [String: () -> [Tensor]] = [:]
        var declarations: [TensorDeclaration] = []
        for module in modules {
            let (path, inputs, outputs) = (module.name.path, module.shape.weight[1], module.shape.weight[0])
            declarations.add(name(path, "a"), shape: [inputs, rank], to: &values) {
                [(adapters[path]?.aValue).padded(rows: rank, columns: inputs).transposed()]
            }
            declarations.add(name(path, "b"), shape: [rank, outputs], to: &values) {
                let factor = (adapters[path]?.spec.scale ?? 0) / scale
                return [(adapters[path]?.bValue).padded(rows: rank, columns: outputs, factor: factor)]
            }
        }
        for (path, group) in groups {
            let tensor = group.tensor
            declarations.add(name(path, "a"), shape: [tensor.shape[0], rank, group.inputs], to: &values) {
                group.a(rank: rank)
            }
            declarations.add(name(path, "b"), shape: [tensor.shape[0], tensor.outputs, rank], to: &values) {
                group.b(rank: rank) { $0.scale / scale }
            }
        }
        try SafetensorsWriter.write(to: directory + "/adapters.safetensors", tensors: declarations) {
            try values.write($0.name, to: $1)
        }
        let config: JSONValue = [
            "fine_tune_type": "lora", "num_layers": .integer(model.config.layers.count - lowest),
            "lora_parameters": [
                "rank": .integer(rank), "scale": .number(Double(scale)), "dropout": 0.0,
                "keys": .array(keys.sorted().map(JSONValue.string)),
            ],
        ]
        try AtomicFile.write(
            config.serialized(JSONStyle(indent: 4, keySeparator: ": ")) + "\n", to: directory + "/adapter_config.json")
    }

    /// Why mlx-lm could not load an adapter on these modules.
    static func problems(_ base: ModelFiles, _ plan: AdapterPlan) throws -> [Problem] {
        let modules = base.modules(adaptedBy: plan)
        let stacks = base.plan.parameters.filter { plan.specs[$0.name.path] != nil }
        let experts = try MLXExperts(base)
        let others =
            modules.filter { MLXExperts.isExpert($0) && experts?.holds($0) != true }
            + stacks.filter { experts?.holds($0, in: base.plan) != true }.map(\.name)
        if let expert = others.first { return [MLXExperts.problem(expert.path)] }
        if let router = modules.first(where: { $0.kind == .router }) {
            return [
                Problem(
                    "\(router.path): an adapter on what chooses experts is not written for mlx-lm",
                    advice: "leave the routers out, use --to peft, or merge the adapter")
            ]
        }
        for module in modules where experts?.holds(module) != true { _ = try key(module.path) }
        return []
    }

    /// The name inside a block: `model.layers.3.self_attn.q_proj` → `self_attn.q_proj`; the head's is its own.
    private static func key(_ path: String) throws(Problem) -> String {
        if path == "lm_head" { return path }
        let parts = path.split(separator: ".", maxSplits: 3)
        guard parts.count == 4, parts[0] == "model", parts[1] == "layers", Int(parts[2]) != nil else {
            throw Problem(
                "\(path): mlx-lm names this model's modules in a way that Graft does not know",
                advice: "merge the adapter and convert the merged directory instead")
        }
        return String(parts[3])
    }

    private static func layer(of path: String) -> Int? {
        path.split(separator: ".").dropFirst(2).first.flatMap { Int($0) }
    }
}

extension Tensor? {
    /// The same in the upper left of zeros, multiplied by a factor.
    fileprivate func padded(rows: Int, columns: Int, factor: Float) -> Tensor {
        let whole = padded(rows: rows, columns: columns)
        if factor != 1 { for i in 0..<rows * columns { whole.floats[i] *= factor } }
        return whole
    }
}

extension [AttachedAdapter] {
    /// Those that are so, and the others.
    fileprivate func partitioned(_ isSo: (AttachedAdapter) -> Bool) -> ([AttachedAdapter], [AttachedAdapter]) {
        (filter(isSo), filter { !isSo($0) })
    }
}

extension ExportJob {
    /// Writes the adapter for mlx-lm and proves it by reading it back.
    public func exportMLX(to path: String) throws -> ExportSummary {
        guard let adapter else { throw Problem.needsAdapter("mlx") }
        if let problem = try MLXFiles.problems(base, adapter.plan).first { throw problem }
        return try ExportDirectory.write(path, job: self, settings: [("kind", "mlx")]) { directory in
            let proving = try readBack()
            try MLXFiles.write(proving.memory, to: directory)
            try progress("reading back")
            let written = try MLXFiles(directory).transformer(base)
            return WrittenExport(
                proof: try proving.prove(written, .exact), adapted: proving.memory.adapters.count)
        }
    }
}
