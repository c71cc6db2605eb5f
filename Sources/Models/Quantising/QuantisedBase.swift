import Diagnostics
import Foundation
import Kernels
import SafeFiles
import WeightFiles

/// A base whose matrices are held in blocks of few bits (`base.quantize`): which matrix gets which format, decided
/// before a number is read, and the file that holds them from then on.
///
/// Norms, biases, routers and position tables stay as they are, and so does what is stored in blocks already. In
/// K-quants the output head, or the embedding that serves as one, is held in six bits, as llama.cpp's own quantiser
/// does; NF4 leaves embedding and head alone, as QLoRA does.
public struct QuantisedBase: Sendable {
    /// The base as it is stored.
    public let files: ModelFiles
    /// The format asked for.
    public let format: ElementFormat
    /// What differs from what was asked for, a line each.
    public let notes: [String]
    private let formats: [String: ElementFormat]

    /// Version of the rules by which formats are chosen and numbers rounded; a part of the file's name.
    private static let version = 2

    /// Decides the formats. Throws a ``Problem`` when the base has no weights or nothing is left to be quantised.
    public init(_ files: ModelFiles, as format: ElementFormat) throws(Problem) {
        precondition(format.isWritable && format.isBlock, "a base quantised to \(format)")
        guard let source = files.source else {
            throw Problem("base.quantize: there are no weights to quantise", file: files.path)
        }
        self.files = files
        self.format = format
        var formats: [String: ElementFormat] = [:]
        var fallbacks = FormatFallbacks()
        let tied = files.description.config.tiedHead
        for module in files.plan.modules {
            let tensor = module.name.weight
            guard let stored = source[tensor], let own = stored.format.element, !own.isBlock,
                let wanted = Self.wanted(module, format, tiedHead: tied)
            else { continue }
            let fitting = wanted.fitting(columns: stored.columns)
            formats[tensor] = fitting
            fallbacks.count(module.name.path, wanted: wanted, has: fitting)
        }
        guard !formats.isEmpty else {
            throw Problem(
                "base.quantize: no matrix of this model can be quantised to \(format.name): all are stored in blocks "
                    + "already, or have rows that do not fill blocks", file: files.path,
                advice: "leave base.quantize out")
        }
        self.formats = formats
        notes = fallbacks.lines("held").map { "base.quantize: " + $0 }
    }

    private static func wanted(
        _ module: WeightPlan.Module, _ format: ElementFormat, tiedHead: Bool
    ) -> ElementFormat? {
        let isTable = module.name.logical == "embedding" || module.name.kind == .head
        let isHead = module.name.kind == .head || (module.name.logical == "embedding" && tiedHead)
        let isMatrix =
            switch module.name.kind {
            case .linear, .linearInputsFirst: true
            case .tensor:
                module.name.logical.hasSuffix(".experts.gateUp") || module.name.logical.hasSuffix(".experts.down")
            case .head, .embedding: isTable
            case .router, .norm: false
            }
        guard isMatrix, !(format == .nf4 && isTable) else { return nil }
        return isHead && (format == .q4_k || format == .q5_k) ? .q6_k : format
    }

    private func tensor(_ name: String) -> (stored: StoredTensor, format: ElementFormat, bytes: Int)? {
        guard let stored = files.source?[name], let format = formats[name] else { return nil }
        return (stored, format, stored.rows * format.rowBytes(stored.columns))
    }

    /// Bytes of all weights once they are quantised.
    public var byteCount: Int {
        (files.source?.names ?? []).reduce(0) { $0 + (tensor($1)?.bytes ?? files.source?[$1]?.range.count ?? 0) }
    }

    // MARK: - The file

    /// The base with its matrices mapped from the cache, which they are quantised into the first time. The file is
    /// named by the content of the base's files, so that a copy elsewhere is recognised and a changed model is not
    /// mistaken.
    ///
    /// - Parameters:
    ///   - cache: the directory the file is kept in; made when it is not there.
    ///   - progress: told what is being done and, while numbers are quantised, the share done; may throw to end the
    ///     work.
    /// - Throws: ``RunFailure`` when the disk refuses, ``Problem`` for a number that is not finite or too large for the
    ///   format; nothing is left then.
    public func load(cache: QuantisedCache, progress: (String, Double?) throws -> Void = { _, _ in }) throws
        -> ModelFiles
    {
        try progress("identifying the base", nil)
        let path = try cache.path(of: files.weightFiles, as: "\(format)-v\(Self.version)")
        if let found = try read(path) { return found }
        try FreeSpace.check(
            formats.keys.reduce(0) { $0 + (tensor($1)?.bytes ?? 0) }, for: "the base in \(format.name)", at: path,
            free: cache.freeSpace)
        try cache.prepare()
        try write(to: path, progress)
        guard let written = try read(path) else { throw RunFailure("what was written to \(path) cannot be read back") }
        return written
    }

    private func write(to path: String, _ progress: (String, Double?) throws -> Void) throws {
        let declared = formats.keys.compactMap { name in
            tensor(name).map { TensorDeclaration(name, shape: [$0.bytes], format: .u8) }
        }
        let total = declared.reduce(0) { $0 + (files.source?[$1.name]?.count ?? 0) }
        var done = 0
        let metadata = [("graft", "weights of \(files.path) in \(format.name)")]
        try SafetensorsWriter.write(to: path, tensors: declared, metadata: metadata) { declaration, sink in
            guard let (stored, format, _) = tensor(declaration.name) else { return }
            let perByte = Double(stored.count) / Double(max(1, declaration.byteCount))
            var bytes = 0
            try stored.write(as: format) { part in
                try sink(part)
                bytes += part.count
                try progress("quantising the base", (Double(done) + Double(bytes) * perByte) / Double(max(1, total)))
            }
            done += stored.count
            // The next run never reads them; this one should not hold them either.
            stored.file.release(stored.range)
        }
    }

    /// The base with the file's tensors; nil where there is no such file or it is not whole.
    private func read(_ path: String) throws -> ModelFiles? {
        guard FileManager.default.fileExists(atPath: path), let source = files.source,
            let store = try? WeightStore.open(path)
        else { return nil }
        var quantised: [String: StoredTensor] = [:]
        for name in formats.keys {
            guard let (stored, format, bytes) = tensor(name), let held = store[name], held.range.count == bytes else {
                return nil
            }
            quantised[name] = StoredTensor(
                name: name, shape: stored.shape, format: .element(format), file: held.file, range: held.range)
        }
        return try ModelFiles(
            path: files.path, description: files.description, configuration: files.configuration,
            source: ReplacedWeights(original: source, replaced: quantised))
    }
}

/// Tensors some of which are held elsewhere.
private struct ReplacedWeights: WeightSource {
    let original: any WeightSource
    let replaced: [String: StoredTensor]

    var names: [String] { original.names }
    subscript(name: String) -> StoredTensor? { replaced[name] ?? original[name] }
}
