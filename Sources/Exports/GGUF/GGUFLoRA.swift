import Adapters
import Diagnostics
import Foundation
import Kernels
import Models
import OrderedJSON
import Tensors
import WeightFiles

/// An adapter as llama.cpp loads it: `<tensor>.lora_a` and `.lora_b`, one alpha for the file, rows of B in llama.cpp's
/// order.
///
/// llama.cpp scales by alpha / rank, and not at all where alpha is 0, so what an adapter's own scale differs from that
/// is multiplied into B.
struct GGUFLoRA {
    private let architecture: GGUFArchitecture
    private let base: ModelFiles
    private let places: TensorPlaces

    /// Throws a ``Problem`` where llama.cpp cannot run the base.
    init(_ base: ModelFiles) throws {
        // The same check as for a whole model: the adapter is of use only where llama.cpp runs the base.
        let settings = try GGUFSettings(base, name: "")
        architecture = settings.architecture
        self.base = base.computing(settings.config)
        places = try TensorPlaces(architecture, base)
    }

    /// Why llama.cpp could not apply an adapter on these modules, one ``Problem`` a reason.
    func problems(_ modules: [ModuleName]) -> [Problem] {
        var reasons: [(reason: String, path: String)] = []
        for module in modules {
            if module.kind == .head && base.description.config.tiedHead {
                reasons.append(("is tied to the embedding, and llama.cpp cannot load an adapter on it", module.path))
            } else if architecture.ignoresAdapter(on: module.logical) {
                reasons.append(("is multiplied by llama.cpp's \(architecture.name) without its adapter", module.path))
            } else if places.tensors(of: module.weight).isEmpty {
                reasons.append(("has no tensor of its own in llama.cpp's \(architecture.name)", module.path))
            }
        }
        return Dictionary(grouping: reasons, by: \.reason).sorted { $0.key < $1.key }.map { reason, modules in
            let others = modules.count > 1 ? " and \(modules.count - 1) more" : ""
            return Problem(
                "an adapter on \(modules[0].path)\(others) cannot be exported as gguf-lora: it \(reason)",
                file: base.path,
                advice: "leave these modules out with adapter.exclude_modules, or merge: graft export --to gguf")
        }
    }

    /// Writes the adapters of `model` as f32. Experts of a layer share a tensor and a rank: smaller ranks are padded
    /// with zeros, experts without an adapter get zeros.
    func write(_ model: Transformer, alpha: Float, baseHash: String, to path: String) throws {
        var metadata: GGUFMetadata = [
            "general.architecture": .string(architecture.name), "general.type": .string("adapter"),
            "adapter.type": .string("lora"), "adapter.lora.alpha": .float32(alpha),
            "general.name": .string("\(base.name) LoRA"), "general.base_model.count": .uint32(1),
            "general.base_model.0.name": .string(base.name),
        ]
        metadata["graft.base.hash"] = .string(baseHash)
        metadata["general.quantization_version"] = .uint32(2)
        metadata["general.file_type"] = .uint32(0)
        var values: [String: () -> [Tensor]] = [:]
        var declarations: [TensorDeclaration] = []
        for group in places.grouped(model.adapters) {
            let (name, rank) = (group.tensor.name, group.rank)
            let leading = group.tensor.holdsExperts ? [group.tensor.shape[0]] : []
            declarations.add(name + ".lora_a", shape: leading + [rank, group.inputs], to: &values) {
                group.a(rank: rank)
            }
            declarations.add(name + ".lora_b", shape: leading + [group.tensor.outputs, rank], to: &values) {
                group.b(rank: rank) { $0.scale * Float(rank) / alpha }
            }
        }
        try GGUFWriter.write(to: path, metadata: metadata, tensors: declarations) { declaration, sink in
            try values.write(declaration.name, to: sink)
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
        let stacks = base.plan.parameters.filter { !places.tensors(of: $0.name.weight).isEmpty }.map(\.name)
        for module in base.plan.modules.map(\.name) + stacks {
            for name in places.tensors(of: module.weight).map(\.name) {
                guard let b = file.weights[name + ".lora_b"] else { continue }
                unused.subtract([name + ".lora_a", name + ".lora_b"])
                specs[module.path] = AdapterSpec(
                    rank: b.columns, alpha: Float(alpha), scale: Float(alpha) / Float(b.columns))
            }
        }
        if let stray = unused.min() { throw Problem("tensor \(stray) belongs to no tensor of the base", file: path) }
        let model = Transformer(base, mode: AdapterPlan(specs: specs).mode)
        for adapter in model.adapters {
            for place in places.places(of: adapter) {
                try places.load(adapter, at: place, named: place.tensor.name, from: file.weights)
            }
        }
        return model
    }
}

extension ExportJob {
    /// Writes the adapter as a GGUF file for `llama-server --lora` and Ollama's `ADAPTER`, and proves it by reading it
    /// back.
    public func exportGGUFLoRA(to path: String) throws -> ExportSummary {
        _ = try GGUFLoRA(base)
        return try ExportFile.write(path, job: self, settings: [("kind", "gguf-lora")]) { try writeGGUFLoRA(to: $0) }
    }

    /// Writes and proves the adapter in a directory that is thrown away when this throws.
    func writeGGUFLoRA(to file: String) throws -> WrittenExport {
        guard let adapter else { throw Problem.needsAdapter("gguf-lora") }
        let lora = try GGUFLoRA(base)
        try Problems(lora.problems(base.modules(adaptedBy: adapter.plan))).throwIfAny()
        let proving = try readBackAsInLlama()
        let hash = try base.weightsHash()
        let alpha = Float(adapter.config.settings.alpha)
        try lora.write(proving.memory, alpha: alpha == 0 ? 1 : alpha, baseHash: hash, to: file)
        try progress("reading back")
        let written = try lora.transformer(file)
        return WrittenExport(proof: try proving.prove(written, .exact), adapted: written.adapters.count)
    }
}
