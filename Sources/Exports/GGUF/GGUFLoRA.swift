import Adapters
import Diagnostics
import Foundation
import Kernels
import Models
import OrderedJSON
import Tensors
import WeightFiles

/// An adapter as llama.cpp loads it: `<tensor>.lora_a` and `.lora_b`, one alpha for the file, rows of B in llama.cpp's order.
///
/// llama.cpp scales by alpha / rank, so what an adapter's own scale differs from that is multiplied into B.
struct GGUFLoRA {
    private let architecture: GGUFArchitecture
    private let base: ModelFiles

    init(_ base: ModelFiles) throws {
        // The same check as for a whole model: the adapter is of use only where llama.cpp runs the base.
        architecture = try GGUFSettings(base, name: "").architecture
        self.base = base
    }

    private func tensorName(_ module: ModuleName) throws(Problem) -> String {
        guard let name = architecture.tensorName(module.logical) else {
            throw Problem("\(module.path) has no name in llama.cpp's \(architecture.name)", file: base.path)
        }
        if module.kind == .head && base.description.config.tiedHead {
            throw Problem(
                "\(module.path) is tied to the embedding: llama.cpp cannot load an adapter on it", file: base.path,
                advice: "merge the adapter: graft export --to gguf")
        }
        return name + ".weight"
    }

    private func rowOrder(_ module: ModuleName, rows: Int) -> [Int]? {
        architecture.rowOrder(module.logical, rows: rows, config: base.description.config)
    }

    /// Writes the adapters of `model` as f32.
    func write(_ model: Transformer, alpha: Float, baseHash: String, to path: String) throws {
        var metadata: GGUFMetadata = [
            "general.architecture": .string(architecture.name), "general.type": .string("adapter"),
            "adapter.type": .string("lora"), "adapter.lora.alpha": .float32(alpha),
            "general.name": .string("\((base.path as NSString).lastPathComponent) LoRA"),
            "general.base_model.count": .uint32(1),
            "general.base_model.0.name": .string((base.path as NSString).lastPathComponent),
        ]
        metadata["graft.base.hash"] = .string(baseHash)
        metadata["general.quantization_version"] = .uint32(2)
        metadata["general.file_type"] = .uint32(0)
        var values: [String: () -> Tensor] = [:]
        var declarations: [TensorDeclaration] = []
        for adapter in model.adapters {
            let name = try tensorName(adapter.module)
            let (rank, outputs) = (adapter.spec.rank, adapter.b.columns)
            let factor = adapter.spec.scale * Float(rank) / alpha
            values[name + ".lora_a"] = { adapter.aValue }
            values[name + ".lora_b"] = {
                adapter.bValue.transposed().rowsInOrder(rowOrder(adapter.module, rows: outputs), factor: factor)
            }
            declarations.append(
                TensorDeclaration(name + ".lora_a", shape: [rank, adapter.a.columns], format: .element(.f32)))
            declarations.append(TensorDeclaration(name + ".lora_b", shape: [outputs, rank], format: .element(.f32)))
        }
        try GGUFWriter.write(to: path, metadata: metadata, tensors: declarations) { declaration, sink in
            guard let value = values[declaration.name]?().converted(to: .f32) else { return }
            try withExtendedLifetime(value) {
                try sink(UnsafeRawBufferPointer(start: value.pointer, count: value.byteCount))
            }
        }
    }

    /// The base with the adapter of a file, scaled as llama.cpp scales it.
    func transformer(_ path: String) throws -> Transformer {
        let file = try GGUFFile.open(path)
        guard file.metadata["general.architecture"]?.stringValue == architecture.name,
            file.metadata["adapter.type"]?.stringValue == "lora",
            let alpha = file.metadata["adapter.lora.alpha"]?.doubleValue
        else { throw Problem("is no LoRA adapter of a \(architecture.name) model", file: path) }
        var specs: [String: AdapterSpec] = [:]
        var unused = Set(file.weights.names)
        for module in base.plan.linear {
            guard let name = try? tensorName(module.name), let b = file.weights[name + ".lora_b"] else { continue }
            unused.subtract([name + ".lora_a", name + ".lora_b"])
            specs[module.name.path] = AdapterSpec(
                rank: b.columns, alpha: Float(alpha), scale: Float(alpha) / Float(b.columns))
        }
        if let stray = unused.min() { throw Problem("tensor \(stray) belongs to no tensor of the base", file: path) }
        let model = Transformer(base, mode: AdapterPlan(specs: specs).mode)
        for adapter in model.adapters {
            let name = try tensorName(adapter.module)
            let (rank, outputs) = (adapter.spec.rank, adapter.b.columns)
            guard let a = file.weights[name + ".lora_a"], let b = file.weights[name + ".lora_b"],
                a.shape == [rank, adapter.a.columns], b.shape == [outputs, rank], let aValues = a.floats(),
                let bValues = b.floats()
            else { throw Problem("the pair \(name).lora_a, .lora_b is not whole", file: path) }
            adapter.aValue.copy(Tensor(aValues, rows: rank, columns: adapter.a.columns))
            let back = rowOrder(adapter.module, rows: outputs).map(Self.inverse)
            adapter.bValue.copy(Tensor(bValues, rows: outputs, columns: rank).rowsInOrder(back, factor: 1).transposed())
            adapter.a.valueChanged()
            adapter.b.valueChanged()
        }
        return model
    }

    private static func inverse(_ order: [Int]) -> [Int] {
        var inverse = order
        for (at, row) in order.enumerated() { inverse[row] = at }
        return inverse
    }
}

extension Tensor {
    /// A copy whose row `i` is row `order[i]`, multiplied by a factor.
    fileprivate func rowsInOrder(_ order: [Int]?, factor: Float) -> Tensor {
        let copy = Tensor(uninitialized: rows, columns)
        for i in 0..<rows {
            let row = order?[i] ?? i
            for c in 0..<columns { copy.floats[i * columns + c] = floats[row * stride + c] * factor }
        }
        return copy
    }
}

extension ExportJob {
    /// Writes the adapter as a GGUF file for `llama-server --lora` and Ollama's `ADAPTER`, and proves it by reading it back.
    public func exportGGUFLoRA(to path: String) throws -> ExportSummary {
        guard let adapter else { throw Problem.needsAdapter("gguf-lora") }
        let lora = try GGUFLoRA(base)
        return try ExportFile.write(path, job: self, settings: [("kind", "gguf-lora")]) { file in
            let proving = try readBack()
            let hash = try contentHash(of: base.weightFiles)
            try lora.write(proving.memory, alpha: Float(adapter.config.settings.alpha), baseHash: hash, to: file)
            try progress("reading back")
            let written = try lora.transformer(file)
            return (try proving.prove(written, .exact), adapted: written.adapters.count)
        }
    }
}
