import Diagnostics
import Foundation
import OrderedJSON
import SafeFiles

extension Tokenizer {
    /// Reads the tokenizer of a Hugging Face directory: tokenizer.json, else tokenizer.model (SentencePiece), else
    /// tekken.json; with tokenizer_config.json, special_tokens_map.json and the chat templates beside it.
    ///
    /// Throws a ``Problem`` naming file and part when a file is missing, damaged or asks for what Graft does not have.
    ///
    /// - Parameter chatTemplate: takes the place of all templates of the directory.
    public static func load(directory: String, chatTemplate: String? = nil) throws -> Tokenizer {
        let files = TokenizerDirectory(path: directory)
        var description: TokenizerDescription
        switch files.source {
        case (.huggingFace, let path)?: description = try TokenizerDescription(tokenizerJSON: path)
        case (.sentencePiece, let path)?: description = try TokenizerDescription(sentencePiece: path)
        case (.tekken, let path)?: description = try TokenizerDescription(tekken: path)
        case nil:
            throw Problem(
                "has no tokenizer", file: directory,
                advice: "it must hold tokenizer.json, tokenizer.model or tekken.json beside the weights")
        }
        try files.configure(&description)
        if let chatTemplate { description.chatTemplates = ["default": chatTemplate] }
        return try Tokenizer(description)
    }

    /// Whether a directory holds one of the files that a tokenizer is read from.
    public static func exists(inDirectory path: String) -> Bool {
        TokenizerDirectory(path: path).source != nil
    }

    /// What stands for the tokenizer of a model that has none: it knows no text, and serves rows of ready ids alone.
    public static func none() throws(Problem) -> Tokenizer {
        try Tokenizer(
            TokenizerDescription(
                model: .words(
                    WordModel(vocabulary: Vocabulary(), unknown: nil, continuingPrefix: nil, mostCharacters: 0))))
    }
}

/// The files of a directory that say how its tokenizer is used.
private struct TokenizerDirectory {
    /// What a tokenizer is read from.
    enum Source: String, CaseIterable {
        case huggingFace = "tokenizer.json"
        case sentencePiece = "tokenizer.model"
        case tekken = "tekken.json"
    }

    /// The first of them that is there.
    var source: (kind: Source, path: String)? {
        for kind in Source.allCases { if let path = path(kind.rawValue) { return (kind, path) } }
        return nil
    }

    let path: String

    func path(_ name: String) -> String? {
        let full = path + "/" + name
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: full, isDirectory: &isDirectory) && !isDirectory.boolValue
            ? full : nil
    }

    func configure(_ description: inout TokenizerDescription) throws {
        if let configuration = try json("tokenizer_config.json") { description.configuration = configuration }
        let configuration = description.configuration
        let map = try json("special_tokens_map.json") ?? .null
        func named(_ key: String) -> String? { Self.content(configuration[key]) ?? Self.content(map[key]) }
        description.bosToken = named("bos_token") ?? description.bosToken
        description.eosToken = named("eos_token") ?? description.eosToken
        description.padToken = named("pad_token") ?? description.padToken
        description.unkToken = named("unk_token") ?? description.unkToken
        if let adds = configuration["add_bos_token"]?.boolValue { description.wantsBOS = adds }
        if let adds = configuration["add_eos_token"]?.boolValue { description.wantsEOS = adds }
        addMissing(to: &description, configuration)
        description.chatTemplates = try chatTemplates(configuration)
    }

    private func json(_ name: String) throws -> JSONValue? {
        guard let path = path(name) else { return nil }
        let file = try MappedFile(path: path)
        let value: JSONValue
        do throws(JSONError) {
            value = try withExtendedLifetime(file) { () throws(JSONError) in try JSONParser().parse(file.bytes) }
        } catch { throw Problem(error.description, file: path) }
        guard case .object = value else { throw Problem("is \(value.kindName), not an object", file: path) }
        return value
    }

    // A token is given by its text, or by an object that holds it.
    private static func content(_ value: JSONValue?) -> String? {
        value?.stringValue ?? value?["content"]?.stringValue
    }

    // Tokens that only tokenizer_config.json adds are recognised too, as transformers does; but none may get an id that
    // the file does not mean.
    private func addMissing(to description: inout TokenizerDescription, _ configuration: JSONValue) {
        var known = Set(description.addedTokens.filter { $0.matching != .onRequest }.map { Array($0.content.utf8) })
        let listed = configuration["added_tokens_decoder"]?.objectValue?.members ?? []
        let vocabulary = description.model.vocabulary
        var next = vocabulary.count + description.addedTokens.filter { vocabulary.id($0.content) == nil }.count
        for (key, value) in listed.sorted(by: { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }) {
            guard let id = Int(key), let content = value["content"]?.stringValue, !known.contains(Array(content.utf8)),
                vocabulary.id(content).map({ Int($0) == id }) ?? (id == next)
            else { continue }
            if id == next, vocabulary.id(content) == nil { next += 1 }
            known.insert(Array(content.utf8))
            description.addedTokens.removeAll { $0.content.utf8.elementsEqual(content.utf8) }
            description.addedTokens.append(
                AddedToken(
                    content, id: Int32(id), singleWord: value["single_word"]?.boolValue ?? false,
                    stripsLeft: value["lstrip"]?.boolValue ?? false, stripsRight: value["rstrip"]?.boolValue ?? false,
                    matching: value["normalized"]?.boolValue ?? true ? .normalized : .plain,
                    special: value["special"]?.boolValue ?? false))
        }
    }

    private func chatTemplates(_ configuration: JSONValue) throws -> [String: String] {
        var templates: [String: String] = [:]
        let main = "default"
        func take(_ value: JSONValue?) {
            if let text = value?.stringValue { templates[main] = text }
            for entry in value?.arrayValue ?? [] {
                if let name = entry["name"]?.stringValue, let text = entry["template"]?.stringValue {
                    templates[name] = text
                }
            }
        }
        take(configuration["chat_template"])
        take(try json("chat_template.json")?["chat_template"])
        if let path = path("chat_template.jinja") { templates[main] = try text(path) }
        for folder in ["chat_templates", "additional_chat_templates"] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/" + folder)) ?? []
            for name in names.sorted() where name.hasSuffix(".jinja") {
                templates[String(name.dropLast(6))] = try text(path + "/" + folder + "/" + name)
            }
        }
        return templates
    }

    private func text(_ path: String) throws -> String {
        let file = try MappedFile(path: path)
        guard let text = withExtendedLifetime(file, { String(validating: file.bytes, as: UTF8.self) }) else {
            throw Problem("is not UTF-8 text", file: path)
        }
        return text
    }
}
