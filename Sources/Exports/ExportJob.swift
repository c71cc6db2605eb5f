import Adapters
import Diagnostics
import Foundation
import Models
import OrderedJSON
import SafeFiles
import Tokenizers
import WeightFiles

/// A base, perhaps an adapter, and what every export of them needs.
public struct ExportJob {
    /// The base.
    public private(set) var base: ModelFiles
    /// The adapter, nil where the base alone is converted.
    public let adapter: PEFTFiles?
    /// What the written files are compared on.
    public let probes: Probes
    /// Tells what is being done; may throw to end the work, and nothing is left then.
    public let progress: (String) throws -> Void
    /// How long writing took.
    public let meter = ExportMeter()

    /// A job; nothing is read yet.
    public init(
        base: ModelFiles, adapter: PEFTFiles?, probes: Probes, progress: @escaping (String) throws -> Void = { _ in }
    ) {
        self.base = base
        self.adapter = adapter
        self.probes = probes
        self.progress = progress
    }

    /// Refuses a place that is taken or cannot be written, before any work.
    ///
    /// - Parameter isFile: whether a file with its manifest beside it will be there, not a directory.
    public static func check(place path: String, isFile: Bool = false) throws(Problem) {
        if isFile { try ExportFile.check(place: path) } else { try ExportDirectory.refuseExisting(path) }
        if let problem = WritablePlace.problem(ofNew: path) { throw problem }
    }

    /// Base and adapter in memory; nil where the base alone is converted.
    func adapted() -> Transformer? {
        adapter.map { adapter in
            let model = Transformer(base, mode: adapter.plan.mode)
            adapter.load(into: model)
            return model
        }
    }

    /// The proof's start: both models, and that the adapter does something.
    func readBack() throws -> ReadBack {
        let readBack = ReadBack(base: Transformer(base), memory: adapted(), probes: probes) {
            try progress("comparing with the model in memory")
        }
        try readBack.checkEffect()
        return readBack
    }

    /// The same with the base as llama.cpp computes it, which is what a GGUF file is read as.
    func readBackAsInLlama() throws -> ReadBack {
        guard let architecture = base.ggufArchitecture else { return try readBack() }
        var job = self
        job.base = base.computing(base.description.config.asInLlama(architecture))
        return try job.readBack()
    }

    /// The chat template that the adapter was trained with goes wherever the adapter goes, for a runtime must write
    /// prompts with it; loaders take this file before what tokenizer_config.json says.
    func writeTemplate(into directory: String) throws {
        guard let adapter, let template = try AdapterTemplate(adapter: adapter.path).text else { return }
        try AtomicFile.write(template, to: directory + "/" + AdapterTemplate.fileName)
    }

    /// What identifies base and adapter, for manifests.
    ///
    /// - Throws: ``RunFailure`` when the base's files are no longer those that were read.
    func origins() throws -> [(String, JSONValue)] {
        if let file = base.changedWeightFile {
            throw RunFailure("\(file) was changed while it was read; nothing was kept, start again")
        }
        try progress("hashing the base")
        var members: [(String, JSONValue)] = [
            ("base", ["path": .string(base.path), "hash": .string(try base.weightsHash())])
        ]
        if let adapter {
            let hash = try contentHash(of: [adapter.path + "/adapter_model.safetensors"])
            members.append(("adapter", ["path": .string(adapter.path), "hash": .string(hash)]))
        }
        return members
    }
}

/// What an export has written and shown.
public struct ExportSummary: Sendable {
    /// Where it is.
    public let path: String
    /// Names of the files, sorted.
    public let files: [String]
    /// Tensors that the adapter touches.
    public let adapted: Int
    /// What reading back has shown.
    public let proof: Proof
    /// What differs from what was asked for, a line each.
    public let notes: [String]
    /// The manifest, as stored.
    public let manifest: JSONValue
}

/// What has been written and proved, not yet in its place.
struct WrittenExport {
    let proof: Proof
    /// Tensors that the adapter touches.
    let adapted: Int
    /// What differs from what was asked for, a line each.
    var notes: [String] = []
}

/// A directory that is written whole, proved, and put into place with its manifest.
struct ExportDirectory {
    /// The manifest's name in every exported directory.
    static let manifestName = "graft_export.json"

    /// Refuses a path that exists.
    static func refuseExisting(_ path: String) throws(Problem) {
        guard FileManager.default.fileExists(atPath: path) else { return }
        throw Problem("exists already", file: path, advice: "name a new place with -o, or take the old one away")
    }

    /// Writes into a directory beside `path`, which must not exist, and renames it into place when `body` has written
    /// the files and proved them. When `body` throws nothing is left.
    static func write(
        _ path: String, job: ExportJob, settings: [(String, JSONValue)],
        _ body: (_ directory: String) throws -> WrittenExport
    ) throws -> ExportSummary {
        try refuseExisting(path)
        let place = try SafeDirectory(path: path)
        do {
            let written = try body(place.temporary)
            try job.writeTemplate(into: place.temporary)
            let names = try FileManager.default.subpathsOfDirectory(atPath: place.temporary).sorted()
            let files = names.filter { isFile(place.temporary + "/" + $0) }
            let manifest = try self.manifest(settings, job, written, files: files, in: place.temporary)
            try AtomicFile.write(manifest.serialized(.pretty) + "\n", to: place.temporary + "/" + manifestName)
            try refuseExisting(path)
            try place.commit()
            return ExportSummary(
                path: path, files: (files + [manifestName]).sorted(), adapted: written.adapted, proof: written.proof,
                notes: written.notes, manifest: manifest)
        } catch {
            place.discard()
            throw error
        }
    }

    private static func isFile(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
    }

    /// What was exported, from what, how exactly.
    static func manifest(
        _ settings: [(String, JSONValue)], _ job: ExportJob, _ written: WrittenExport, files: [String],
        in directory: String
    ) throws -> JSONValue {
        var hashes = JSONObject()
        try job.progress("hashing the files")
        for name in files { hashes[name] = .string(try contentHash(of: [directory + "/" + name])) }
        let origins = try job.origins()
        let notes = written.notes.isEmpty ? [] : [("notes", JSONValue.array(written.notes.map(JSONValue.string)))]
        return .object(
            JSONObject(
                settings + origins + notes + [
                    ("adapted_tensors", .integer(written.adapted)), ("files", .object(hashes)),
                    ("writing_seconds", .number((job.meter.seconds * 1000).rounded() / 1000)),
                    ("proof", written.proof.json),
                ]))
    }
}
