import Datasets
import Diagnostics
import Foundation
import Kernels
import Models
import OrderedJSON
import SafeFiles
import Tokenizers
import WeightFiles

/// Writes a model, with or without an adapter merged in, as a GGUF file.
struct GGUFModelWriter {
    private let base: ModelFiles
    private let tensors: [Part]
    private let metadata: GGUFMetadata
    private let tables: [(name: String, numbers: [Float])]
    /// What a GGUF base has besides, such as the tower that reads pictures.
    private let others: [StoredTensor]
    /// Where a GGUF base has each of its tensors.
    private let places: [String: Int]
    /// Which matrices have another format than was asked for, a line each.
    let notes: [String]

    /// One tensor of the file.
    private struct Part {
        let tensor: GGUFTensor
        let stored: [BaseWeight]
        let format: ElementFormat
        /// The tensor of a GGUF base, whose bytes are kept where nothing changes.
        let original: StoredTensor?

        var name: String { tensor.name }
        var isVector: Bool { tensor.shape.count == 1 }
        var count: Int { tensor.shape.reduce(1, *) }
        var declaration: TensorDeclaration { TensorDeclaration(name, shape: tensor.shape, format: .element(format)) }

        /// Whether numbers are not the stored ones in the stored format.
        func isRewritten(_ merged: MergedWeights) -> Bool {
            if stored.contains(where: { merged.changes($0.name) }) { return true }
            return original.map { $0.format != .element(format) } ?? stored.contains { !$0.holds(format) }
        }
    }

    /// - Parameters:
    ///   - quantize: format of the matrices; nil: each keeps its own.
    ///   - tokenizer: of the base; nil writes a file without a vocabulary.
    ///   - merged: what will be merged in.
    init(
        _ base: ModelFiles, quantize: GGUFQuantization?, tokenizer: Tokenizer?, _ merged: MergedWeights
    ) throws {
        guard base.source != nil else { throw Problem("has no weights", file: base.path) }
        self.base = base
        let settings = try GGUFSettings(base, name: base.name)
        let file = try base.isDirectory ? nil : GGUFFile.open(base.path)
        tables = settings.tables.map { table in
            (table.name, file?.weights[table.name]?.floats() ?? table.numbers)
        }
        let names = file?.weights.names ?? []
        places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
        var fallbacks = FormatFallbacks()
        tensors = try Self.parts(base, settings, quantize, file, merged, &fallbacks)
        notes = fallbacks.lines("written")
        // A stored copy of a tied head would keep its format where all others are written in another.
        let own = Set(tensors.map(\.name) + tables.map(\.name) + (quantize == nil ? [] : ["output.weight"]))
        others = file?.weights.all.filter { !own.contains($0.name) } ?? []
        if let first = tensors.first(where: { !$0.format.isWritable && $0.isRewritten(merged) }) {
            throw Problem(
                "tensor \(first.name) is stored as \(first.format.name), which can only be read", file: base.path,
                advice: "choose a format with --quantize (q8_0 keeps most), or export the adapter with --to gguf-lora")
        }
        var metadata = file?.metadata ?? settings.metadata
        var bytes: [ElementFormat: Int] = [:]
        for part in tensors where !part.isVector { bytes[part.format, default: 0] += part.count }
        let main = bytes.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key
        if quantize != nil || base.isDirectory {
            metadata["general.file_type"] = (quantize?.format ?? main)?.fileType.map { .uint32($0) }
            metadata["general.quantization_version"] = .uint32(2)
        }
        for key in ["split.no", "split.count", "split.tensors.count"] { metadata[key] = nil }
        if base.isDirectory {
            try SamplingDefaults(base).write(to: &metadata)
            try Self.writeVocabulary(base, tokenizer, settings.architecture, to: &metadata)
            try Self.writeEndOfTurn(tokenizer, to: &metadata)
        } else if let template = tokenizer?.chatTemplates["default"],
            metadata["tokenizer.chat_template"]?.stringValue != template
        {
            // The one that the adapter was trained with takes the place of all.
            for key in metadata.keys where key.hasPrefix("tokenizer.chat_template") { metadata[key] = nil }
            metadata["tokenizer.chat_template"] = .string(template)
            try Self.writeEndOfTurn(tokenizer, to: &metadata)
        }
        self.metadata = metadata
    }

    /// Names the token that ends an answer in the chat template, where EOS does not: without a word llama.cpp knows the
    /// most usual ones only.
    private static func writeEndOfTurn(_ tokenizer: Tokenizer?, to metadata: inout GGUFMetadata) throws {
        guard let tokenizer, let text = try PromptRenderer(tokenizer: tokenizer).endOfTurn,
            let id = tokenizer.id(of: text), id != tokenizer.eosID,
            let kinds = metadata["tokenizer.ggml.token_type"]?.arrayValue?.integers, kinds.indices.contains(Int(id)),
            [3, 4].contains(kinds[Int(id)])  // a token of its own, no word that answers may have
        else { return }
        metadata["tokenizer.ggml.eot_token_id"] = .uint32(UInt32(id))
    }

    private static func writeVocabulary(
        _ base: ModelFiles, _ tokenizer: Tokenizer?, _ architecture: GGUFArchitecture, to metadata: inout GGUFMetadata
    ) throws {
        guard let tokenizer else {
            metadata["tokenizer.ggml.model"] = .string("no_vocab")
            return
        }
        let vocabulary = try GGUFVocabulary(
            directory: base.path, tokenizer: tokenizer, size: base.description.config.vocabularySize,
            preferring: architecture.preTokenizers)
        vocabulary.write(to: &metadata)
    }

    private static func parts(
        _ base: ModelFiles, _ settings: GGUFSettings, _ quantize: GGUFQuantization?,
        _ file: GGUFFile?, _ merged: MergedWeights, _ fallbacks: inout FormatFallbacks
    ) throws -> [Part] {
        try settings.tensors(base, file).compactMap { tensor in
            let original = file?.weights[tensor.name]
            let stored = tensor.pieces.compactMap { base.weight($0.tensor) }
            guard stored.count == tensor.pieces.count, let module = tensor.pieces.first?.module,
                let plain = original?.format.element ?? stored.first?.format
            else { return nil }
            // Blocks that llama.cpp has too stay blocks where nothing is added to them.
            let isKept = original == nil && !stored.contains { merged.changes($0.name) }
            let own = isKept ? stored.first?.ggufFormat ?? plain : plain
            let isHead = module.kind == .head || (module.kind == .embedding && base.description.config.tiedHead)
            let format: ElementFormat
            let isSmall = module.kind == .router || module.logical == "positions"
            if tensor.shape.count == 1 || tensor.pieces[0].holdsNumbers
                || (isSmall && (base.isDirectory || quantize != nil))
            {
                format = .f32  // as llama.cpp keeps norms, biases, routers and positions in every file
            } else if let wanted = quantize?.format(isHead: isHead) {
                format = wanted.fitting(columns: tensor.shape.last ?? 1) ?? .f16
                fallbacks.count(tensor.name, wanted: wanted, has: format)
            } else {
                format = own
            }
            return Part(tensor: tensor, stored: stored, format: format, original: original)
        }
    }

    /// The coarsest rounding that writing with these merges does.
    func exactness(_ merged: MergedWeights) -> Proof.Exactness {
        let rounded = tensors.filter { $0.format != .f32 && $0.isRewritten(merged) }
        if rounded.isEmpty { return .exact }
        return rounded.contains { $0.format.isBlock } ? .quantised : .rounded
    }

    /// What to do where merging into tensors that are blocks already is too coarse; nil where there are none.
    func wayOut(_ merged: MergedWeights) -> String? {
        let blocks = tensors.filter { $0.original != nil && $0.format.isBlock && $0.isRewritten(merged) }
        if blocks.isEmpty { return nil }
        let names = Set(blocks.map(\.format.name)).sorted().joined(separator: ", ")
        return
            "the base is in blocks already (\(names)) and each merged tensor was rounded to them once more; --quantize q8_0 "
            + "rounds less, and the adapter beside the base (--to gguf-lora, --to ollama --beside) rounds nothing"
    }

    /// Bytes of all tensors.
    var byteCount: Int { declarations.reduce(0) { $0 + $1.byteCount } }

    /// All tensors, in the order of a GGUF base.
    private var declarations: [TensorDeclaration] {
        let all =
            tables.map { TensorDeclaration($0.name, shape: [$0.numbers.count], format: .element(.f32)) }
            + tensors.map(\.declaration)
            + others.map { TensorDeclaration($0.name, shape: $0.shape, format: $0.format) }
        return all.enumerated().sorted {
            (places[$0.element.name] ?? .max, $0.offset) < (places[$1.element.name] ?? .max, $1.offset)
        }.map(\.element)
    }

    /// Writes the file. Tensors are streamed, merged and quantised a panel at a time.
    func write(
        to path: String, _ merged: MergedWeights, _ meter: ExportMeter, _ progress: @escaping (String) throws -> Void
    ) throws {
        let parts = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
        let numbers = Dictionary(uniqueKeysWithValues: tables.map { ($0.name, $0.numbers) })
        let others = Dictionary(uniqueKeysWithValues: others.map { ($0.name, $0) })
        let name = (path as NSString).lastPathComponent
        try meter.writing(name, to: path, bytes: byteCount, progress) { advance in
            try GGUFWriter.write(to: path, metadata: metadata, tensors: declarations) { declaration, sink in
                func counted(_ bytes: UnsafeRawBufferPointer) throws {
                    try sink(bytes)
                    try advance(bytes.count)
                }
                if let part = parts[declaration.name] {
                    try content(part, merged, counted)
                } else if let other = others[declaration.name] {
                    try counted(other.bytes)
                    other.file.release(other.range)
                } else {
                    try (numbers[declaration.name] ?? []).withUnsafeBytes { try counted($0) }
                }
            }
        }
    }

    /// Hands one tensor's bytes to the sink.
    private func content(_ part: Part, _ merged: MergedWeights, _ sink: ByteSink) throws {
        if let original = part.original, !part.isRewritten(merged) {
            try sink(original.bytes)
            original.file.release(original.range)
            return
        }
        for (piece, stored) in zip(part.tensor.pieces, part.stored) {
            if stored.shape.count == 1 || piece.holdsNumbers {
                let values = stored.floats.map { $0 + part.tensor.offset }
                try (piece.rows.map { $0.map { values[$0] } } ?? values).withUnsafeBytes { try sink($0) }
            } else if let groups = piece.transposedGroups {
                try merged.merged(stored, rows: piece.rows).transposed(groups: groups).write(
                    as: part.format, order: piece.turnedRows, to: sink)
            } else {
                try merged.write(stored, as: part.format, rowOrder: piece.rows, to: sink)
            }
            stored.release()
        }
    }
}

extension GGUFArchitecture {
    /// Names of pre-tokenizers to try, the family's own first.
    fileprivate var preTokenizers: [String] {
        let own: [String] =
            switch name {
            case "llama", "smollm3": ["llama-bpe", "smollm", "tekken", "gpt-2"]
            case "qwen2", "qwen3", "qwen3moe": ["qwen2"]
            case "gptneox": ["olmo", "gpt-2"]
            case "phi3": ["gpt-4o"]
            case "olmo2": ["dbrx", "olmo"]
            case "granite", "granitemoe": ["refact", "gpt-2"]
            case "gpt2": ["gpt-2"]
            case "starcoder2": ["starcoder"]
            case "olmo", "olmoe": ["olmo", "dbrx"]
            case "qwen2moe": ["qwen2"]
            case "command-r", "cohere2": ["command-r", "tiny_aya"]
            case "deepseek2": ["deepseek-v3", "deepseek-llm", "deepseek-coder"]
            case "gpt-oss": ["gpt-4o"]
            case "llama4": ["llama4", "gpt-4o"]
            case "mistral3": ["tekken"]
            default: []
            }
        let others = [
            "llama-bpe", "qwen2", "gpt-2", "smollm", "dbrx", "gpt-4o", "tekken", "starcoder", "falcon", "deepseek-llm",
            "deepseek-coder", "deepseek-v3", "stablelm2", "qwen35", "seed-coder", "bloom", "viking", "default",
        ]
        return own + others.filter { !own.contains($0) }
    }
}
