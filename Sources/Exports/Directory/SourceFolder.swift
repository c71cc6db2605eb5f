import Diagnostics
import Foundation
import Models
import OrderedJSON
import SafeFiles

/// The files of a Hugging Face directory that belong to a model beside its weights.
struct SourceFolder {
    let path: String

    /// Names that are carried along byte for byte: tokenizer, templates, generation settings, licence, the model's own code.
    private static let carried: [String] = [
        "tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt", "merges.txt",
        "tekken.json", "*.model", "*.tiktoken", "generation_config.json", "chat_template.*", "preprocessor_config.json",
        "processor_config.json", "*.py", "LICENSE*", "NOTICE*", "USE_POLICY*",
    ]
    private static let folders = ["chat_templates", "additional_chat_templates"]

    /// Copies what belongs to the model into another directory.
    func copyCompanions(to target: String) throws {
        for name in try entries(path) where Self.carried.contains(where: { Self.matches(name, $0) }) {
            try copy(name, to: target)
        }
        for folder in Self.folders where FileManager.default.fileExists(atPath: path + "/" + folder) {
            try FileManager.default.createDirectory(atPath: target + "/" + folder, withIntermediateDirectories: true)
            for name in try entries(path + "/" + folder) { try copy(folder + "/" + name, to: target) }
        }
    }

    private func entries(_ folder: String) throws -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } catch {
            throw Problem("cannot be listed: \(systemReason(error))", file: folder)
        }
    }

    private func copy(_ name: String, to target: String) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isDirectory),
            !isDirectory.boolValue
        else { return }
        let source = try MappedFile(path: path + "/" + name)
        let file = try AtomicFile(path: target + "/" + name)
        try file.write(source.bytes)
        try file.commit()
    }

    private static func matches(_ name: String, _ pattern: String) -> Bool {
        if pattern.hasPrefix("*") { return name.hasSuffix(pattern.dropFirst()) }
        if pattern.hasSuffix("*") { return name.hasPrefix(pattern.dropLast()) }
        return name == pattern
    }

    /// config.json with the type of the weights: under the key it has already (`dtype` or `torch_dtype`), a nested
    /// `text_config` included. Everything else stays, in its order.
    ///
    /// - Parameters:
    ///   - plain: leaves out what says that weights are quantised, where they no longer are.
    ///   - untied: says that the head is not the embedding, for loaders that believe the configuration, not the file.
    static func configuration(_ json: JSONValue, dtype: String, plain: Bool, untied: Bool) -> JSONValue {
        guard case .object(var object) = json else { return json }
        let keys = ["dtype", "torch_dtype"].filter { object[$0] != nil }
        for key in keys.isEmpty ? ["torch_dtype"] : keys { object[key] = .string(dtype) }
        if plain { object["quantization_config"] = nil }
        if untied { object["tie_word_embeddings"] = false }
        if let text = object["text_config"], case .object(var inner) = text {
            for key in ["dtype", "torch_dtype"] where inner[key] != nil { inner[key] = .string(dtype) }
            if plain { inner["quantization_config"] = nil }
            if untied { inner["tie_word_embeddings"] = false }
            object["text_config"] = .object(inner)
        }
        return .object(object)
    }
}
