import Diagnostics
import Foundation
import Kernels
import Models
import OrderedJSON
import Tokenizers
import WeightFiles

/// Writes a model, with or without an adapter merged in, as a GGUF file.
struct GGUFModelWriter {
    private let base: ModelFiles
    private let source: any WeightSource
    private let tensors: [Part]
    private let metadata: GGUFMetadata
    private let divisors: [Float]?

    /// One tensor of the file.
    private struct Part {
        let name: String
        let stored: StoredTensor
        let format: ElementFormat
        let order: [Int]?

        var isVector: Bool { stored.shape.count == 1 }
        var declaration: TensorDeclaration { TensorDeclaration(name, shape: stored.shape, format: .element(format)) }
    }

    /// - Parameters:
    ///   - quantize: format of the matrices; nil: each keeps its own.
    ///   - tokenizer: of the base; nil writes a file without a vocabulary.
    init(_ base: ModelFiles, quantize: GGUFQuantization?, tokenizer: Tokenizer?) throws {
        guard let source = base.source else { throw Problem("has no weights", file: base.path) }
        self.base = base
        self.source = source
        let name = ((base.path as NSString).lastPathComponent as NSString).deletingPathExtension
        let settings = try GGUFSettings(base, name: name)
        divisors = settings.rotaryDivisors
        tensors = try Self.parts(base, source, settings, quantize)
        var metadata = try base.isDirectory ? settings.metadata : GGUFFile.open(base.path).metadata
        var bytes: [ElementFormat: Int] = [:]
        for part in tensors where !part.isVector { bytes[part.format, default: 0] += part.stored.count }
        let main = bytes.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key
        if quantize != nil || base.isDirectory {
            metadata["general.file_type"] = (quantize?.format ?? main)?.fileType.map { .uint32($0) }
        }
        metadata["general.quantization_version"] = .uint32(2)
        for key in ["split.no", "split.count", "split.tensors.count"] { metadata[key] = nil }
        if base.isDirectory { try Self.writeVocabulary(base, tokenizer, settings.architecture, to: &metadata) }
        self.metadata = metadata
    }

    private static func writeVocabulary(
        _ base: ModelFiles, _ tokenizer: Tokenizer?, _ architecture: GGUFArchitecture, to metadata: inout GGUFMetadata
    ) throws {
        guard let tokenizer else {
            metadata["tokenizer.ggml.model"] = .string("no_vocab")
            return
        }
        let size = base.description.config.vocabularySize
        let vocabulary = try GGUFVocabulary(
            directory: base.path, tokenizer: tokenizer, size: size, preferring: architecture.preTokenizers)
        guard vocabulary.tokens.count == size else {
            throw Problem(
                "the tokenizer has \(vocabulary.tokens.count) tokens, the embedding only \(size) rows", file: base.path,
                advice: "llama.cpp needs a row for every token")
        }
        vocabulary.write(to: &metadata)
    }

    private static func parts(
        _ base: ModelFiles, _ source: any WeightSource, _ settings: GGUFSettings, _ quantize: GGUFQuantization?
    ) throws -> [Part] {
        let config = base.description.config
        var parts: [Part] = []
        for module in base.plan.modules {
            let logical = module.name.logical
            guard let name = settings.architecture.tensorName(logical) else {
                throw Problem(
                    "\(module.name.path) has no name in llama.cpp's \(settings.architecture.name)", file: base.path)
            }
            let order = settings.architecture.rowOrder(logical, rows: module.shape.weight[0], config: config)
            for (tensor, suffix) in [(module.name.weight, ".weight"), (module.name.bias, ".bias")] {
                guard suffix == ".weight" || module.shape.bias != nil, let stored = source[tensor],
                    let own = stored.format.element
                else { continue }
                let isHead = module.name.kind == .head || (module.name.kind == .embedding && config.tiedHead)
                let format =
                    stored.shape.count == 1 ? .f32 : quantize?.format(columns: stored.columns, isHead: isHead) ?? own
                parts.append(Part(name: name + suffix, stored: stored, format: format, order: order))
            }
        }
        return parts
    }

    /// The coarsest rounding that writing with these merges does.
    func exactness(_ merged: MergedWeights) -> Proof.Exactness {
        let rounded = tensors.filter {
            $0.format != .f32 && (merged.changes($0.stored.name) || $0.stored.format != .element($0.format))
        }
        if rounded.isEmpty { return .exact }
        return rounded.contains { $0.format.isBlock } ? .quantised : .rounded
    }

    /// Writes the file. Tensors are streamed, merged and quantised a panel at a time.
    func write(to path: String, _ merged: MergedWeights, progress: (String) throws -> Void) throws {
        let unwritable = tensors.filter {
            !$0.format.isWritable && (merged.changes($0.stored.name) || $0.stored.format != .element($0.format))
        }
        if let first = unwritable.first {
            throw Problem(
                "tensor \(first.name) is stored as \(first.format.name), which can only be read", file: base.path,
                advice: "choose a format with --quantize (q8_0 keeps most), or export the adapter with --to gguf-lora")
        }
        var declarations = tensors.map(\.declaration)
        if let divisors {
            declarations.insert(
                TensorDeclaration("rope_freqs.weight", shape: [divisors.count], format: .element(.f32)), at: 0)
        }
        let parts = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
        var done = 0
        try GGUFWriter.write(to: path, metadata: metadata, tensors: declarations) { declaration, sink in
            done += 1
            try progress("writing tensor \(done) of \(declarations.count)")
            guard let part = parts[declaration.name] else {
                try (divisors ?? []).withUnsafeBytes { try sink($0) }
                return
            }
            if part.isVector {
                let values = part.stored.floats() ?? []
                try (part.order.map { $0.map { values[$0] } } ?? values).withUnsafeBytes { try sink($0) }
            } else {
                try merged.write(part.stored, as: part.format, rowOrder: part.order, to: sink)
            }
        }
    }
}

extension GGUFArchitecture {
    /// Names of pre-tokenizers to try, the family's own first.
    fileprivate var preTokenizers: [String] {
        let own: [String] =
            switch name {
            case "llama", "smollm3": ["llama-bpe", "smollm", "tekken", "gpt-2"]
            case "qwen2", "qwen3": ["qwen2"]
            case "olmo2": ["dbrx", "olmo"]
            case "granite": ["refact", "gpt-2"]
            default: []
            }
        let others = [
            "llama-bpe", "qwen2", "gpt-2", "smollm", "dbrx", "gpt-4o", "tekken", "starcoder", "falcon", "deepseek-llm",
            "deepseek-coder", "deepseek-v3", "bloom", "viking", "default",
        ]
        return own + others.filter { !own.contains($0) }
    }
}
