import Adapters
import Diagnostics
import Foundation
import Kernels
import Models
import OrderedJSON
import SafeFiles
import WeightFiles

/// Formats a plain model directory can have.
public enum PlainFormat: String, Sendable, CaseIterable {
    case bf16, f16, f32

    /// How the numbers are stored.
    var format: ElementFormat {
        switch self {
        case .bf16: .bf16
        case .f16: .f16
        case .f32: .f32
        }
    }
    /// What config.json calls it.
    var torchName: String {
        switch self {
        case .bf16: "bfloat16"
        case .f16: "float16"
        case .f32: "float32"
        }
    }
}

extension ExportJob {
    /// Writes base + adapter as a plain model directory that any loader reads, and proves it by reading it back.
    ///
    /// Tensors keep the base's names, order and, without a `dtype`, each its format (small floats with scales apart
    /// become bf16); tensors that the decoder does not need are carried along as they are. Weights are streamed: a
    /// panel at a time is in memory.
    ///
    /// - Parameter dtype: format of all weights; nil: the base's.
    /// - Throws: ``Problem`` when `path` exists or the base is no directory; ``ProofFailure`` when what was written
    ///   does not predict as base and adapter in memory do. Nothing is left then.
    public func merge(to path: String, dtype: PlainFormat?) throws -> ExportSummary {
        try ExportDirectory.refuseExisting(path)
        guard let source = base.source, adapter != nil else {
            throw Problem("merging needs weights and an adapter", file: base.path)
        }
        guard base.isDirectory else {
            throw Problem(
                "is a GGUF file, from which no model directory can be made", file: base.path,
                advice: "graft export --to gguf merges into a GGUF file")
        }
        let main = dtype ?? mainFormat
        let settings: [(String, JSONValue)] = [("kind", "merged"), ("dtype", .string(main.rawValue))]
        return try ExportDirectory.write(path, job: self, settings: settings) { directory in
            let proving = try readBack()
            let merged = MergedWeights(proving.memory)
            let formats = formats(dtype)
            try writeWeights(source, merged, formats, into: directory)
            try writeCompanions(dtype: main, into: directory)
            try progress("reading back")
            let written = Transformer(try ModelFiles.open(directory: directory))
            let rounds = formats.contains { name, format in
                format != .f32 && (merged.changes(name) || base.weight(name)?.holds(format) != true)
            }
            return WrittenExport(
                proof: try proving.prove(written, rounds ? .rounded : .exact), adapted: proving.memory.adapters.count)
        }
    }

    /// The format most of the weights have.
    private var mainFormat: PlainFormat {
        var bytes: [PlainFormat: Int] = [:]
        for name in base.plan.weightNames {
            guard let weight = base.weight(name), let format = weight.format else { continue }
            guard let plain = PlainFormat.allCases.first(where: { $0.format == format }) else { continue }
            bytes[plain, default: 0] += weight.rows * weight.columns
        }
        return bytes.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key ?? .f32
    }

    /// The format of each tensor the decoder takes; the others are carried along as they are.
    private func formats(_ dtype: PlainFormat?) -> [String: ElementFormat] {
        var formats: [String: ElementFormat] = [:]
        for name in base.plan.weightNames {
            formats[name] = base.weight(name)?.format.map { dtype?.format ?? $0 }
        }
        return formats
    }

    private func writeWeights(
        _ source: any WeightSource, _ merged: MergedWeights, _ formats: [String: ElementFormat], into directory: String
    ) throws {
        // Small floats stand under their weight's name, and their scales nowhere.
        var weights = Dictionary(base.scaled.map { ($1.values.name, $0) }) { first, _ in first }
        for tensor in base.scaled.values { weights[tensor.scales.name] = "" }
        let declarations = source.names.compactMap { stored -> TensorDeclaration? in
            let name = weights[stored] ?? stored
            guard let format = formats[name], let weight = base.weight(name) else {
                return name.isEmpty
                    ? nil : source[stored].map { TensorDeclaration(name, shape: $0.shape, format: $0.format) }
            }
            let shape = weight.isTurned ? weight.shape.dropLast(2) + weight.shape.suffix(2).reversed() : weight.shape
            return TensorDeclaration(name, shape: shape, format: .element(format))
        }
        let total = declarations.reduce(0) { $0 + $1.byteCount }
        try meter.writing("the weights", to: directory, bytes: total, progress) { advance in
            _ = try SafetensorsWriter.writeSharded(into: directory, tensors: declarations) { declaration, sink in
                func counted(_ bytes: UnsafeRawBufferPointer) throws {
                    try sink(bytes)
                    try advance(bytes.count)
                }
                guard let format = formats[declaration.name], let weight = base.weight(declaration.name) else {
                    if let tensor = source[declaration.name] { try counted(tensor.bytes) }
                    return
                }
                if weight.isTurned {
                    let height = weight.shape[weight.shape.count - 2]
                    for first in stride(from: 0, to: weight.rows, by: height) {
                        let matrix = try merged.merged(weight, rows: Array(first..<first + height))
                        try matrix.transposed(groups: 1).write(as: format, to: counted)
                    }
                } else {
                    try merged.write(weight, as: format, to: counted)
                }
                weight.release()
            }
        }
    }

    private func writeCompanions(dtype: PlainFormat, into directory: String) throws {
        try CompanionFiles(of: base.path).copy(to: directory)
        let style = JSONStyle(indent: 2, keySeparator: ": ")
        let described = try ModelDescription(configuration: base.configuration, file: base.path)
        let configuration = MergedConfiguration.of(
            base.configuration, dtype: dtype.torchName, plain: !base.scaled.isEmpty,
            untied: described.config.tiedHead && !base.description.config.tiedHead)
        try AtomicFile.write(configuration.serialized(style) + "\n", to: directory + "/config.json")
    }
}

extension WeightPlan {
    /// Names of the tensors that the decoder takes.
    var weightNames: Set<String> {
        Set(modules.flatMap { $0.shape.bias == nil ? [$0.name.weight] : [$0.name.weight, $0.name.bias] })
    }
}

extension ModelFiles {
    /// Whether this is a Hugging Face directory, not a GGUF file.
    var isDirectory: Bool { !GGUFFile.isGGUF(path) }

    /// What its directory or file is called: `Qwen2.5-0.5B`, whose points begin no ending.
    var name: String {
        let name = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
        return name.lowercased().hasSuffix(".gguf") ? String(name.dropLast(5)) : name
    }
}
