import Datasets
import Diagnostics
import Foundation
import Models
import OrderedJSON
import SafeFiles
import Tokenizers
import WeightFiles

extension ExportJob {
    /// Writes base + adapter, or the base alone, as a GGUF file, and proves it by reading it back.
    ///
    /// From a GGUF base the metadata are kept and the touched tensors rewritten. The manifest lies beside the file.
    ///
    /// - Parameters:
    ///   - quantize: format of the matrices; nil: each keeps its own.
    ///   - tokenizer: the base's; nil writes a file without a vocabulary.
    public func exportGGUF(
        to path: String, quantize: GGUFQuantization?, tokenizer: Tokenizer?
    ) throws -> ExportSummary {
        let settings: [(String, JSONValue)] = [
            ("kind", "gguf"), ("quantize", quantize.map { .string($0.rawValue) } ?? .null),
        ]
        return try ExportFile.write(path, job: self, settings: settings) { file in
            try writeGGUF(to: file, quantize: quantize, tokenizer: tokenizer)
        }
    }

    /// Writes and proves a GGUF file in a directory that is thrown away when this throws.
    func writeGGUF(
        to file: String, quantize: GGUFQuantization?, tokenizer: Tokenizer?
    ) throws -> WrittenExport {
        let merged = MergedWeights(adapted())
        let writer = try GGUFModelWriter(base, quantize: quantize, tokenizer: tokenizer, merged)
        let proving = try readBackAsInLlama()
        let exactness = writer.exactness(merged)
        let comparesBase = exactness == .quantised && proving.hasAdapter
        if comparesBase {
            try FreeSpace.check(
                2 * writer.byteCount, for: "the export, with a second file for its check,", at: file,
                free: meter.freeSpace)
        }
        try writer.write(to: file, merged, meter, progress)
        try progress("reading back")
        let written = Transformer(try ModelFiles.open(gguf: file))
        if let tokenizer { try Self.checkTokenizer(tokenizer, try Tokenizer.load(gguf: file)) }
        var quantisedBase: Transformer?
        let plain = file + ".base"
        defer { try? FileManager.default.removeItem(atPath: plain) }
        if comparesBase {
            // For the check alone: not counted.
            try writer.write(to: plain, MergedWeights(nil), ExportMeter(), progress)
            quantisedBase = Transformer(try ModelFiles.open(gguf: plain))
        }
        let proof = try proving.prove(
            written, exactness, quantisedBase: quantisedBase, wayOut: quantize == nil ? writer.wayOut(merged) : nil)
        return WrittenExport(proof: proof, adapted: proving.memory.adapters.count, notes: writer.notes)
    }

    /// The same ids for a conversation and for plain text, with what surrounds them.
    private static func checkTokenizer(_ own: Tokenizer, _ written: Tokenizer) throws {
        let conversation: JSONValue = [
            "messages": [
                ["role": "user", "content": "Hello!  How are you?"], ["role": "assistant", "content": "Fine, thanks."],
                ["role": "user", "content": "1 + 1?"],
            ]
        ]
        let now = Date()
        func ids(_ tokenizer: Tokenizer) throws -> [Int32]? {
            let renderer = try PromptRenderer(tokenizer: tokenizer, now: now)
            guard let rendered = try? renderer.render(Row(conversation), addGenerationPrompt: true) else { return nil }
            return renderer.ids(rendered)
        }
        let text = "Once upon a time, 2 dogs ran.\n"
        guard try ids(own) == ids(written),
            own.encode(text, addSpecialTokens: true) == written.encode(text, addSpecialTokens: true)
        else {
            throw ProofFailure(
                "the written vocabulary or chat template gives other token ids than the base's tokenizer")
        }
    }
}

/// A file that is written whole, proved, and put into place with its manifest beside it.
enum ExportFile {
    static func write(
        _ path: String, job: ExportJob, settings: [(String, JSONValue)],
        _ body: (_ file: String) throws -> WrittenExport
    ) throws -> ExportSummary {
        try check(place: path)
        let place = try SafeDirectory(path: path)
        defer { place.discard() }
        let name = (path as NSString).lastPathComponent
        let file = place.temporary + "/" + name
        let written = try body(file)
        let manifest = try ExportDirectory.manifest(settings, job, written, files: [name], in: place.temporary)
        try AtomicFile.write(manifest.serialized(.pretty) + "\n", to: manifestPath(file))
        try check(place: path)
        try move(file, to: path)
        do { try move(manifestPath(file), to: manifestPath(path)) } catch {
            try? FileManager.default.removeItem(atPath: path)
            throw error
        }
        return ExportSummary(
            path: path, files: [name, manifestPath(name)], adapted: written.adapted, proof: written.proof,
            notes: written.notes, manifest: manifest)
    }

    private static func move(_ from: String, to path: String) throws(RunFailure) {
        do { try FileManager.default.moveItem(atPath: from, toPath: path) } catch {
            throw RunFailure("cannot rename into place \(path): \(systemReason(error))")
        }
    }

    /// Refuses a file that is there, or whose manifest is.
    static func check(place path: String) throws(Problem) {
        for path in [path, manifestPath(path)] { try ExportDirectory.refuseExisting(path) }
    }

    /// Where the manifest of a file is.
    private static func manifestPath(_ file: String) -> String { file + "." + ExportDirectory.manifestName }
}
