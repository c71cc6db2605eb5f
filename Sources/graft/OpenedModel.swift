import Adapters
import Datasets
import Diagnostics
import Exports
import Foundation
import Kernels
import Models
import Tensors
import Tokenizers
import WeightFiles

/// What `--model` names: a Hugging Face directory or a GGUF file, told apart by its first bytes.
///
/// Every command opens models here, so a new kind of model is added in this file alone.
struct OpenedModel {
    /// The path as the user gave it.
    let path: String
    /// Configuration and weights, checked but not read.
    let files: ModelFiles

    /// Opens and checks a model.
    ///
    /// - Parameter withoutWeights: accept a directory that has no weights, to be trained from random numbers.
    static func open(_ path: String, withoutWeights: Bool = false) throws -> OpenedModel {
        switch try ModelPath(path) {
        case .directory: OpenedModel(path: path, files: try .open(directory: path, withoutWeights: withoutWeights))
        case .gguf: OpenedModel(path: path, files: try .open(gguf: path))
        }
    }

    /// The tokenizer of a model, of which only the tokenizer's files need to be there.
    static func tokenizer(_ path: String, chatTemplate: String? = nil) throws -> Tokenizer {
        switch try ModelPath(path) {
        case .directory: try Tokenizer.load(directory: path, chatTemplate: chatTemplate)
        case .gguf: try Tokenizer.load(gguf: path, chatTemplate: chatTemplate)
        }
    }

    /// The tokenizer that belongs to this model, with the chat template that an adapter was trained with.
    func tokenizer(adapter: String? = nil) throws -> Tokenizer {
        try Self.tokenizer(path, chatTemplate: try adapter.flatMap { try AdapterTemplate(adapter: $0).text })
    }

    /// The same for what can do with rows of ready ids: of a directory without a tokenizer one that knows no text.
    func tokenizerIfAny(adapter: String? = nil) throws -> Tokenizer {
        try Self.hasTokenizer(path) ? tokenizer(adapter: adapter) : .none()
    }

    /// Whether what `--model` names has a tokenizer: a directory may have none, a GGUF file holds its own.
    static func hasTokenizer(_ path: String) throws -> Bool {
        try ModelPath(path) == .gguf || Tokenizer.exists(inDirectory: path)
    }

    /// What renders rows for this model and adapters of it: with the template that was asked for, else with the one the
    /// adapters were trained with, else with the model's own.
    ///
    /// - Throws: ``Problem`` when the adapters were trained with different templates.
    func renderer(_ options: RenderingOptions? = nil, adapters: [String] = []) throws -> PromptRenderer {
        let (own, source) = try rendering(options, adapters: adapters) { try tokenizer(adapter: $0) }
        return try PromptRenderer(tokenizer: own, source: source)
    }

    /// What ``renderer(_:adapters:)`` is made of, with the tokenizer that `open` gives.
    func rendering(
        _ options: RenderingOptions?, adapters: [String], open: (_ adapter: String?) throws -> Tokenizer
    ) throws -> (tokenizer: Tokenizer, source: PromptRenderer.Source) {
        if let options, options.template != nil { return (try open(nil), options.source) }
        let templates = try adapters.map { try AdapterTemplate(adapter: $0) }
        if let other = templates.firstIndex(where: { $0 != templates[0] }) {
            throw Problem(
                "was trained with another chat template than \(adapters[0])", file: adapters[other],
                advice: "measure them one by one, or say which template to use with --template")
        }
        return (try open(adapters.first), templates.first == .plain ? .none : .model)
    }

    /// The ids of every row, whatever training would think of it. Rows of ready ids need no tokenizer.
    func ids(of rows: RowFile, _ options: RenderingOptions? = nil, adapter: String?) throws -> [[Int32]] {
        var renderer: PromptRenderer?
        return try rows.mapRows { row in
            let ids: [Int32]
            if case .tokens(let ready, _) = row {
                ids = ready
            } else {
                let current = try renderer ?? self.renderer(options, adapters: adapter.map { [$0] } ?? [])
                renderer = current
                ids = current.ids(try current.render(row))
            }
            try files.description.config.checkSequence(ids)
            return ids
        }
    }

    /// Checks an adapter without reading its weights into a model.
    func check(adapter: String) throws { _ = try PEFTFiles.open(adapter, for: files) }

    /// Says when an adapter was trained on other weights than those with a hash: its numbers were not learned for them.
    static func warnOfOtherBase(_ adapter: PEFTFiles, hash: String) {
        guard let own = adapter.baseHash, own != hash else { return }
        Screen.warning(
            "\(adapter.path): was trained on other weights than these, which may be the same model quantised or changed;"
                + " measure it here before trusting it")
    }

    /// Checks that another model can be asked the same questions: it must take text for the same tokens.
    func check(comparable path: String, _ tokenizer: Tokenizer) throws {
        let other = try OpenedModel.open(path)
        let text = "The quick brown fox: naïve façade, 1234567 + 89 → 東京! \n\tdef f(x): return x"
        let (own, its) = (files.description.config, other.files.description.config)
        guard try other.tokenizerIfAny().encode(text) == tokenizer.encode(text),
            its.vocabularySize >= own.vocabularySize,
            its.maximumPositions >= own.maximumPositions
        else {
            throw Problem(
                "has another tokenizer, vocabulary or context than \(self.path)", file: path,
                advice: "evaluate it by itself; rows that are cut into other tokens cannot be compared one by one")
        }
    }

    /// The model, with the adapter of a PEFT directory where one is given.
    func transformer(adapter: String? = nil) throws -> Transformer {
        guard let adapter else { return Transformer(files) }
        let peft = try PEFTFiles.open(adapter, for: files)
        let model = Transformer(files, mode: peft.plan.mode)
        peft.load(into: model)
        return model
    }
}

/// What a path given as a model is.
enum ModelPath {
    case directory, gguf

    /// - Throws: ``Problem`` when there is nothing, or something else.
    init(_ path: String) throws(Problem) {
        if path.isEmpty { throw Problem("--model is empty", advice: "give a model directory or a GGUF file") }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            // "owner/name" is how models are named on a hub, from which this program fetches nothing.
            let looksLikeHub = path.split(separator: "/").count == 2 && !path.hasPrefix(".") && !path.hasPrefix("/")
            throw Problem(
                "does not exist", file: path,
                advice: looksLikeHub
                    ? "graft has no network: download the model with another program and give its directory"
                    : "give a model directory or a GGUF file")
        }
        if isDirectory.boolValue {
            let hasOwn = FileManager.default.fileExists(atPath: path + "/config.json")
            if !hasOwn, !Tokenizer.exists(inDirectory: path), let problem = Self.problem(ofGGUFIn: path) {
                throw problem
            }
            self = .directory
        } else if GGUFFile.isGGUF(path) {
            self = .gguf
        } else {
            throw Problem("is no GGUF file", file: path, advice: "give a model directory or a GGUF file")
        }
    }

    /// What is to be given in place of a directory that GGUF files lie in; nil where there are none.
    static func problem(ofGGUFIn directory: String) -> Problem? {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
        let paths = names.filter { $0.lowercased().hasSuffix(".gguf") }.map { directory + "/" + $0 }
        if paths.isEmpty { return nil }
        return Problem(
            "is a directory with GGUF files", file: directory,
            advice: "give the file: " + paths.prefix(3).joined(separator: " or ") + (paths.count > 3 ? " …" : ""))
    }
}
