import Diagnostics
import Foundation
import Kernels
import Models
import OrderedJSON
import SafeFiles
import Tensors
import WeightFiles

/// An adapter directory in PEFT's layout: `adapter_config.json` and `adapter_model.safetensors`.
public struct PEFTFiles: Sendable {
    /// The directory.
    public let path: String
    /// The configuration.
    public let config: PEFTConfig
    private let tensors: WeightStore
    /// Each adapted module's settings.
    public let plan: AdapterPlan

    private static func name(_ module: String, _ matrix: String) -> String {
        "base_model.model.\(module).\(matrix).weight"
    }

    /// Opens a directory and checks it against the model: every tensor must belong to a pair on a linear module, in the
    /// right shape. All mistakes are thrown together.
    public static func open(_ path: String, for files: ModelFiles) throws -> PEFTFiles {
        let configPath = path + "/adapter_config.json"
        guard FileManager.default.fileExists(atPath: configPath) else {
            throw Problem("has no adapter_config.json", file: path, advice: "give a PEFT adapter directory")
        }
        let config = try PEFTConfig(JSONValue(contentsOfFile: configPath), file: configPath)
        let tensorPath = path + "/adapter_model.safetensors"
        guard FileManager.default.fileExists(atPath: tensorPath) else {
            throw Problem("has no adapter_model.safetensors", file: path)
        }
        return try PEFTFiles(path: path, config: config, tensors: WeightStore.open(tensorPath), files: files)
    }

    private init(path: String, config: PEFTConfig, tensors: WeightStore, files: ModelFiles) throws {
        self.path = path
        self.config = config
        self.tensors = tensors
        var problems: [Problem] = []
        var unused = Set(tensors.names)
        var specs: [String: AdapterSpec] = [:]
        let sizes = try AdapterPlan.sizes(config.settings)
        for module in files.plan.modules where module.name.isLinear {
            let names = (Self.name(module.name.path, "lora_A"), Self.name(module.name.path, "lora_B"))
            switch (tensors[names.0], tensors[names.1]) {
            case (nil, nil): continue
            case (let a?, let b?):
                unused.subtract([names.0, names.1])
                let spec = sizes(module.name.path)
                let expected = ([spec.rank, module.shape.weight[1]], [module.shape.weight[0], spec.rank])
                for (tensor, shape) in [(a, expected.0), (b, expected.1)]
                where tensor.shape != shape || tensor.format.element == nil {
                    problems.append(
                        Problem(
                            "tensor \(tensor.name) is \(tensor.format.name) \(tensor.shape), not \(shape)", file: path))
                }
                specs[module.name.path] = spec
            case (let a, _):
                problems.append(
                    Problem("tensor \(a == nil ? names.0 : names.1) is missing beside its partner", file: path))
                unused.subtract([names.0, names.1])
            }
        }
        problems += unused.sorted().map {
            Problem(
                "tensor \($0) belongs to no linear module of \(files.path)", file: path,
                advice: "was the adapter trained on another model?")
        }
        if specs.isEmpty && problems.isEmpty { problems.append(Problem("holds no adapter", file: path)) }
        try Problems(problems).throwIfAny()
        plan = AdapterPlan(specs: specs)
    }

    /// Puts the stored numbers into a model built with ``plan``.
    public func load(into model: Transformer) {
        for adapter in model.adapters {
            let (a, b) = (
                tensors[Self.name(adapter.module.path, "lora_A")]?.floats() ?? [],
                tensors[Self.name(adapter.module.path, "lora_B")]?.floats() ?? []
            )
            adapter.aValue.copy(Tensor(a, rows: adapter.spec.rank, columns: adapter.a.columns))
            adapter.bValue.copy(Tensor(b, rows: adapter.b.columns, columns: adapter.spec.rank).transposed())
            adapter.a.valueChanged()
            adapter.b.valueChanged()
        }
    }

    /// Writes a model's adapters into an existing directory, each file whole or not at all.
    public static func write(_ model: Transformer, config: PEFTConfig, to directory: String) throws {
        let parts = model.adapters.flatMap { adapter in
            [
                (name(adapter.module.path, "lora_A"), [adapter.spec.rank, adapter.a.columns], { adapter.aValue }),
                (
                    name(adapter.module.path, "lora_B"), [adapter.b.columns, adapter.spec.rank],
                    { adapter.bValue.transposed() }
                ),
            ] as [(String, [Int], () -> Tensor)]
        }
        let values = Dictionary(uniqueKeysWithValues: parts.map { ($0.0, $0.2) })
        try SafetensorsWriter.write(
            to: directory + "/adapter_model.safetensors",
            tensors: parts.map { TensorDeclaration($0.0, shape: $0.1, format: .element(.f32)) }
        ) { declaration, sink in
            guard let value = values[declaration.name]?() else { return }
            let tensor = value.converted(to: .f32)
            try sink(UnsafeRawBufferPointer(start: tensor.pointer, count: tensor.byteCount))
        }
        let modules = Set(model.adapters.compactMap { $0.module.path.split(separator: ".").last.map(String.init) })
        try AtomicFile.write(
            config.json(modules: modules.sorted()).serialized(
                JSONStyle(indent: 2, keySeparator: ": ", sortedKeys: true)) + "\n",
            to: directory + "/adapter_config.json")
    }
}
