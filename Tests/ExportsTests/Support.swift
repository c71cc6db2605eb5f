import Adapters
import Exports
import Foundation
import Kernels
import Models
import OrderedJSON
import Tensors
import Testing
import Tokenizers
import WeightFiles

/// All tests of the module, one at a time: only one thread may compute.
@Suite("Exports", .serialized)
enum ExportsTests {}

/// A stored tiny model with its adapter and PyTorch's numbers.
struct Fixture {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/models").path
    /// Dense decoders of every shape: fused, parallel, biased, tied, inputs first, norms in four places.
    static let names = [
        "llama", "llama-3", "qwen2", "qwen3", "gemma2", "gemma3-wrapped", "phi3", "gpt2", "gpt-neox", "olmo2",
        "granite",
        "cohere", "starcoder2",
    ]

    let path: String
    let files: ModelFiles
    let adapter: PEFTFiles
    let reference: WeightStore

    init(_ name: String) throws {
        path = Self.root + "/" + name
        files = try ModelFiles.open(directory: path)
        adapter = try PEFTFiles.open(path + "/adapter", for: files)
        reference = try WeightStore.open(path + "/reference.safetensors")
    }

    /// A copy of a stored model with other words in its configuration; each must occur.
    static func edited(_ name: String, _ changes: [String: String], in scratch: Scratch) throws -> String {
        let folder = scratch(name)
        try FileManager.default.copyItem(atPath: root + "/" + name, toPath: folder)
        var text = try String(contentsOfFile: folder + "/config.json", encoding: .utf8)
        for (from, to) in changes {
            try #require(text.contains(from), "\(name): \(from)")
            text = text.replacing(from, with: to)
        }
        try text.write(toFile: folder + "/config.json", atomically: true, encoding: .utf8)
        return folder
    }

    /// A model of random numbers, in a directory of its own.
    static func random(_ configuration: JSONValue, in scratch: Scratch) throws -> ModelFiles {
        let folder = scratch("random")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try configuration.serialized().write(toFile: folder + "/config.json", atomically: true, encoding: .utf8)
        let plan = WeightPlan(try ModelDescription(configuration: configuration, file: folder)) { _ in false }
        var declarations: [TensorDeclaration] = []
        for module in plan.modules {
            declarations.append(
                TensorDeclaration(module.name.weight, shape: module.storedShape, format: .element(.f32)))
            guard let bias = module.shape.bias else { continue }
            declarations.append(TensorDeclaration(module.name.bias, shape: [bias], format: .element(.f32)))
        }
        try SafetensorsWriter.write(to: folder + "/model.safetensors", tensors: declarations) { declaration, sink in
            var draws = NormalDraws(seed: 3, name: declaration.name)
            let offset: Float = declaration.name.contains("norm") ? 1 : 0
            let numbers = (0..<declaration.shape.reduce(1, *)).map { _ in offset + draws.next() * 0.2 }
            try numbers.withUnsafeBytes { try sink($0) }
        }
        return try ModelFiles.open(directory: folder)
    }

    /// A job with an adapter of random numbers that does something, which lies in `adapter`.
    static func job(
        _ files: ModelFiles, _ settings: LoRASettings, tokenizer: Tokenizer? = nil, strength: Float = 0.1,
        in scratch: Scratch
    ) throws -> ExportJob {
        let model = Transformer(files, mode: try AdapterPlan(settings, for: files).mode)
        model.initialiseAdapters(seed: 5)
        for adapter in model.adapters {
            var draws = NormalDraws(seed: 11, name: "\(adapter.module.path) \(adapter.slot?.expert ?? 0)")
            for i in 0..<adapter.bValue.rows * adapter.bValue.columns {
                adapter.bValue.floats[i] = draws.next() * strength
            }
            adapter.b.valueChanged()
        }
        try FileManager.default.createDirectory(atPath: scratch("adapter"), withIntermediateDirectories: true)
        try PEFTFiles.write(model, config: PEFTConfig(settings: settings, baseModel: "random"), to: scratch("adapter"))
        return ExportJob(
            base: files, adapter: try PEFTFiles.open(scratch("adapter"), for: files),
            probes: try Probes(tokenizer: tokenizer, config: files.description.config))
    }

    /// The configuration of a small decoder that rotates so.
    static func configuration(_ family: String, rope: JSONValue) -> JSONValue {
        [
            "model_type": .string(family), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
            "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 64, "max_position_embeddings": 128,
            "rms_norm_eps": 1e-5, "rope_parameters": rope,
        ]
    }

    func job(without: Bool = false) throws -> ExportJob {
        ExportJob(
            base: files, adapter: without ? nil : adapter,
            probes: try Probes(tokenizer: nil, config: files.description.config))
    }

    func ids(_ i: Int) throws -> [Int32] {
        let tensor = try #require(reference["ids.\(i)"])
        return (0..<tensor.count).map { Int32(tensor.bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
    }

    /// Largest difference between a model's log-probabilities of the stored ids and PyTorch's with the adapter.
    func difference(_ model: Transformer) throws -> Double {
        var largest = 0.0
        for i in 0..<2 {
            let ids = try ids(i)
            let logits = model.logits(model.hiddenStates(TokenBatch(ids), precision: .f32))
            let expected = try #require(reference["adapted_logits.\(i)"]?.floats())
            let (a, b) = (
                Self.logProbabilities(logits.values(), logits.columns), Self.logProbabilities(expected, logits.columns)
            )
            for (x, y) in zip(a, b) { largest = max(largest, abs(x - y)) }
        }
        return largest
    }

    static func logProbabilities(_ logits: [Float], _ columns: Int) -> [Double] {
        stride(from: 0, to: logits.count, by: columns).flatMap { start in
            let row = logits[start..<start + columns].map(Double.init)
            let top = row.max() ?? 0
            let sum = log(row.reduce(0) { $0 + exp($1 - top) }) + top
            return row.map { $0 - sum }
        }
    }
}

/// A folder of its own, away when the test is over.
final class Scratch {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "graft-exports-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { path + "/" + name }

    /// What lies in the folder.
    var entries: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// A copy of a GGUF file with other metadata and, added to it, tensors of one number.
func copyGGUF(
    _ from: String, to path: String, adding: [String] = [], _ change: (inout GGUFMetadata) -> Void
) throws {
    let file = try GGUFFile.open(from)
    var metadata = file.metadata
    change(&metadata)
    let declarations =
        file.weights.all.map { TensorDeclaration($0.name, shape: $0.shape, format: $0.format) }
        + adding.map { TensorDeclaration($0, shape: [1], format: .element(.f32)) }
    try GGUFWriter.write(to: path, metadata: metadata, tensors: declarations) { tensor, sink in
        guard let own = file.weights[tensor.name] else { return try withUnsafeBytes(of: Float(1)) { try sink($0) } }
        try sink(own.bytes)
    }
}

/// The shared test data, or nil with a word about it.
func sharedFolder(_ name: String) -> String? {
    let environment = ProcessInfo.processInfo.environment["GRAFT_SHARED"]
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let folder = (environment ?? root.deletingLastPathComponent().appending(path: "shared").path) + "/" + name
    if FileManager.default.fileExists(atPath: folder) { return folder }
    print("SKIPPED: there is no \(folder); set GRAFT_SHARED to the shared test data")
    return nil
}
