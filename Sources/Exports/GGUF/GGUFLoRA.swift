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
    /// The GGUF tensors a stored tensor lies in, with the number of its piece there.
    private let places: [String: [(tensor: GGUFTensor, piece: Int)]]

    /// Where an adapter's matrices go: a tensor of the base's GGUF file and, in a mixture, which expert's part of it.
    private struct Place {
        let tensor: GGUFTensor
        let expert: Int
        /// Which outputs of the adapter come first, second …; nil for all in their order.
        let rows: [Int]?
        var experts: Int? { tensor.holdsExperts ? tensor.shape[0] : nil }
        /// Outputs that the tensor has.
        var outputs: Int { tensor.outputs }
    }

    /// Throws a ``Problem`` where llama.cpp cannot run the base.
    init(_ base: ModelFiles) throws {
        // The same check as for a whole model: the adapter is of use only where llama.cpp runs the base.
        let settings = try GGUFSettings(base, name: "")
        architecture = settings.architecture
        self.base = base
        var places: [String: [(tensor: GGUFTensor, piece: Int)]] = [:]
        for tensor in try architecture.tensors(base.plan, base.description.config) {
            for (number, piece) in tensor.pieces.enumerated() {
                places[piece.tensor, default: []].append((tensor, number))
            }
        }
        self.places = places
    }

    /// An adapter's places: one, or two where the file has gate and up of an expert in one matrix.
    private func places(of module: ModuleName, _ slot: ExpertSlot?) -> [Place] {
        (places[module.weight] ?? []).map { tensor, number in
            guard let slot, slot.isStacked else {
                return Place(tensor: tensor, expert: number, rows: tensor.pieces[number].rows)
            }
            let own = slot.expert * slot.parameter.outputs..<(slot.expert + 1) * slot.parameter.outputs
            let rows = tensor.pieces[number].rows?.filter(own.contains).map { $0 - own.lowerBound }
            return Place(tensor: tensor, expert: slot.expert, rows: rows)
        }
    }

    /// Why llama.cpp could not apply an adapter on these modules, one ``Problem`` a reason.
    func problems(_ modules: [ModuleName]) -> [Problem] {
        var reasons: [(reason: String, path: String)] = []
        for module in modules {
            if module.kind == .head && base.description.config.tiedHead {
                reasons.append(("is tied to the embedding, and llama.cpp cannot load an adapter on it", module.path))
            } else if architecture.ignoresAdapter(on: module.logical) {
                reasons.append(("is multiplied by llama.cpp's \(architecture.name) without its adapter", module.path))
            } else if places[module.weight] == nil {
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

    /// Writes the adapters of `model` as f32. Experts of a layer share a tensor and a rank: smaller ranks are padded with
    /// zeros, experts without an adapter get zeros.
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
        try Problems(problems(model.adapters.map(\.module))).throwIfAny()
        var values: [String: () -> [Tensor]] = [:]
        var declarations: [TensorDeclaration] = []
        for (name, members) in grouped(model.adapters) {
            guard let (place, first) = members.first else { continue }
            let rank = members.map(\.adapter.spec.rank).max() ?? 0
            let (inputs, outputs) = (first.a.columns, place.outputs)
            let leading = place.experts.map { [$0] } ?? []
            let byExpert = Dictionary(members.map { ($0.place.expert, $0) }) { first, _ in first }
            let numbers = place.experts.map { Array(0..<$0) } ?? [place.expert]
            values[name + ".lora_a"] = {
                numbers.map { (byExpert[$0]?.adapter.aValue).padded(rows: rank, columns: inputs) }
            }
            values[name + ".lora_b"] = {
                numbers.map { number in
                    guard let (place, adapter) = byExpert[number] else { return Tensor(zeros: outputs, rank) }
                    let factor = adapter.spec.scale * Float(rank) / alpha
                    return Optional(adapter.bValue).padded(rows: rank, columns: adapter.b.columns).transposed()
                        .rowsInOrder(place.rows, factor: factor)
                }
            }
            declarations.append(
                TensorDeclaration(name + ".lora_a", shape: leading + [rank, inputs], format: .element(.f32)))
            declarations.append(
                TensorDeclaration(name + ".lora_b", shape: leading + [outputs, rank], format: .element(.f32)))
        }
        try GGUFWriter.write(to: path, metadata: metadata, tensors: declarations) { declaration, sink in
            for value in values[declaration.name]?() ?? [] {
                let floats = value.converted(to: .f32)
                try withExtendedLifetime(floats) {
                    try sink(UnsafeRawBufferPointer(start: floats.pointer, count: floats.byteCount))
                }
            }
        }
    }

    /// The adapters of each tensor, in the model's order.
    private func grouped(
        _ adapters: [AttachedAdapter]
    ) -> [(name: String, members: [(place: Place, adapter: AttachedAdapter)])] {
        var groups: [(name: String, members: [(place: Place, adapter: AttachedAdapter)])] = []
        var known: [String: Int] = [:]
        for adapter in adapters {
            for place in places(of: adapter.module, adapter.slot) {
                let name = place.tensor.name
                if known[name] == nil {
                    known[name] = groups.count
                    groups.append((name, []))
                }
                groups[known[name] ?? 0].members.append((place, adapter))
            }
        }
        return groups
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
        let stacks = base.plan.parameters.filter { places[$0.name.weight] != nil }.map(\.name)
        for module in base.plan.linear.map(\.name) + stacks {
            for name in (places[module.weight] ?? []).map(\.tensor.name) {
                guard let b = file.weights[name + ".lora_b"] else { continue }
                unused.subtract([name + ".lora_a", name + ".lora_b"])
                specs[module.path] = AdapterSpec(
                    rank: b.columns, alpha: Float(alpha), scale: Float(alpha) / Float(b.columns))
            }
        }
        if let stray = unused.min() { throw Problem("tensor \(stray) belongs to no tensor of the base", file: path) }
        let model = Transformer(base, mode: AdapterPlan(specs: specs).mode)
        for adapter in model.adapters {
            for place in places(of: adapter.module, adapter.slot) { try load(adapter, at: place, from: file, path) }
            adapter.a.valueChanged()
            adapter.b.valueChanged()
        }
        return model
    }

    private func load(_ adapter: AttachedAdapter, at place: Place, from file: GGUFFile, _ path: String) throws {
        let (rank, outputs, inputs) = (adapter.spec.rank, place.outputs, adapter.a.columns)
        let (name, leading) = (place.tensor.name, place.experts.map { [$0] } ?? [])
        guard let a = file.weights[name + ".lora_a"], let b = file.weights[name + ".lora_b"],
            a.shape == leading + [rank, inputs], b.shape == leading + [outputs, rank], let aValues = a.floats(),
            let bValues = b.floats()
        else { throw Problem("the pair \(name).lora_a, .lora_b is not whole", file: path) }
        let expert = place.experts == nil ? 0 : place.expert
        let first = (a: expert * rank * inputs, b: expert * outputs * rank)
        adapter.aValue.copy(Tensor(Array(aValues[first.a..<first.a + rank * inputs]), rows: rank, columns: inputs))
        for row in 0..<outputs {
            let output = place.rows?[row] ?? row
            for r in 0..<rank {
                adapter.bValue.floats[r * adapter.bValue.stride + output] = bValues[first.b + row * rank + r]
            }
        }
    }
}

extension Tensor? {
    /// The same in the upper left of zeros; only zeros where there is nothing.
    fileprivate func padded(rows: Int, columns: Int) -> Tensor {
        let whole = Tensor(zeros: rows, columns)
        if let own = self { whole.view(rows: 0..<own.rows).copy(own) }
        return whole
    }
}

extension Tensor {
    /// A copy whose row `i` is row `order[i]`, multiplied by a factor.
    fileprivate func rowsInOrder(_ order: [Int]?, factor: Float) -> Tensor {
        let copy = Tensor(uninitialized: order?.count ?? rows, columns)
        for i in 0..<copy.rows {
            let row = order?[i] ?? i
            for c in 0..<columns { copy.floats[i * columns + c] = floats[row * stride + c] * factor }
        }
        return copy
    }
}

extension ExportJob {
    /// Writes the adapter as a GGUF file for `llama-server --lora` and Ollama's `ADAPTER`, and proves it by reading it back.
    public func exportGGUFLoRA(to path: String) throws -> ExportSummary {
        _ = try GGUFLoRA(base)
        return try ExportFile.write(path, job: self, settings: [("kind", "gguf-lora")]) { try writeGGUFLoRA(to: $0) }
    }

    /// Writes and proves the adapter in a directory that is thrown away when this throws.
    func writeGGUFLoRA(to file: String) throws -> (Proof, adapted: Int) {
        guard let adapter else { throw Problem.needsAdapter("gguf-lora") }
        let lora = try GGUFLoRA(base)
        let proving = try readBack()
        let hash = try base.weightsHash()
        try lora.write(proving.memory, alpha: Float(adapter.config.settings.alpha), baseHash: hash, to: file)
        try progress("reading back")
        let written = try lora.transformer(file)
        return (try proving.prove(written, .exact), adapted: written.adapters.count)
    }
}
