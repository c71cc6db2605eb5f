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
        // Where tokenizer_config.json lists no tokens it is of a time when the map had the last word.
        let files = configuration["added_tokens_decoder"] == nil ? [map, configuration] : [configuration, map]
        func named(_ key: String) -> JSONValue? { files.lazy.compactMap { $0[key] }.first { Self.content($0) != nil } }
        description.bosToken = Self.content(named("bos_token")) ?? description.bosToken
        description.eosToken = Self.content(named("eos_token")) ?? description.eosToken
        description.padToken = Self.content(named("pad_token")) ?? description.padToken
        description.unkToken = Self.content(named("unk_token")) ?? description.unkToken
        if let adds = configuration["add_bos_token"]?.boolValue { description.wantsBOS = adds }
        if let adds = configuration["add_eos_token"]?.boolValue { description.wantsEOS = adds }
        let roles = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"].compactMap { named($0 + "_token") }
        let more = ["additional_special_tokens", "extra_special_tokens"].flatMap { key in
            files.lazy.compactMap { $0[key]?.arrayValue }.first ?? []
        }
        description.add(try listed(configuration, specials: roles + more), roles: roles, more: more)
        description.chatTemplates = try chatTemplates(configuration)
    }

    /// The tokens that files beside the vocabulary list with their ids, in the order of these.
    private func listed(_ configuration: JSONValue, specials: [JSONValue]) throws -> [AddedToken] {
        let tokens: [AddedToken]
        if let decoder = configuration["added_tokens_decoder"] {
            tokens = (decoder.objectValue?.members ?? []).compactMap { key, value in
                AddedToken(value, special: false, id: Int32(key))
            }
        } else {
            // Before there was such a list, the tokens added to a vocabulary stood in a file of their own.
            let names = Set(specials.compactMap(Self.content))
            tokens = (try json("added_tokens.json")?.objectValue?.members ?? []).compactMap { name, id in
                AddedToken(.string(name), special: names.contains(name), id: id.intValue.flatMap(Int32.init(exactly:)))
            }
        }
        return tokens.filter { $0.id != nil }.sorted { ($0.id ?? 0) < ($1.id ?? 0) }
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

extension AddedToken {
    /// A token given by its text, or by an object that holds it beside how it is found; nil when it is neither.
    fileprivate init?(_ value: JSONValue, special: Bool, id: Int32? = nil) {
        guard let content = value.stringValue ?? value["content"]?.stringValue else { return nil }
        func flag(_ key: String) -> Bool? { value[key]?.boolValue }
        let special = flag("special") ?? special
        self.init(
            content, id: id, singleWord: flag("single_word") ?? false, stripsLeft: flag("lstrip") ?? false,
            stripsRight: flag("rstrip") ?? false,
            matching: flag("normalized") ?? !special ? .normalized : .plain, special: special)
    }
}

extension TokenizerDescription {
    /// Takes in what the files beside the vocabulary say of its tokens, as transformers does: how a listed token is
    /// found counts, and special tokens are found in texts even where they are only named. But none gets an id that no
    /// file means.
    ///
    /// - Parameters:
    ///   - roles: tokens with a role of their own, such as BOS.
    ///   - more: further special tokens.
    fileprivate mutating func add(_ listed: [AddedToken], roles: [JSONValue], more: [JSONValue]) {
        let vocabulary = model.vocabulary
        // By their bytes: letters in one code point and in two are two tokens.
        var places: [[UInt8]: Int] = [:]
        for (at, token) in addedTokens.enumerated() { places[Array(token.content.utf8)] = at }
        func append(_ token: AddedToken) {
            places[Array(token.content.utf8)] = addedTokens.count
            addedTokens.append(token)
        }
        var next = vocabulary.count + addedTokens.count { vocabulary.id($0.content) == nil }
        for token in listed {
            if let at = places[Array(token.content.utf8)] {
                // What a SentencePiece model's user defined stays as the model has it.
                if addedTokens[at].matching == .verbatimInNormalized { continue }
                var token = token
                token.special = token.special || addedTokens[at].special
                addedTokens[at] = token
            } else if let id = token.id, vocabulary.id(token.content).map({ $0 == id }) ?? (Int(id) == next) {
                if Int(id) == next, vocabulary.id(token.content) == nil { next += 1 }
                append(token)
            }
        }
        for case let token? in (roles + more).map({ AddedToken($0, special: true) })
        where places[Array(token.content.utf8)] == nil && vocabulary.id(token.content) != nil {
            append(token)
        }
        for case let token? in roles.map({ AddedToken($0, special: true) }) {
            if let at = places[Array(token.content.utf8)] { addedTokens[at].special = true }
        }
    }
}
