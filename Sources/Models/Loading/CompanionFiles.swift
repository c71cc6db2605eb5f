import Diagnostics
import Foundation
import SafeFiles

/// The files of a Hugging Face directory that belong to a model beside its weights and config.json.
package struct CompanionFiles {
    private let path: String

    /// Names that are carried along byte for byte: tokenizer, templates, generation settings, licence, the model's own code.
    private static let carried: [String] = [
        "tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt", "merges.txt",
        "tekken.json", "*.model", "*.tiktoken", "generation_config.json", "chat_template.*", "preprocessor_config.json",
        "processor_config.json", "*.py", "LICENSE*", "NOTICE*", "USE_POLICY*",
    ]
    private static let folders = ["chat_templates", "additional_chat_templates"]

    /// Those of a model's directory.
    package init(of path: String) { self.path = path }

    /// Copies them, and others named, into another directory, each whole or not at all.
    package func copy(to target: String, with others: [String] = []) throws {
        let wanted = Self.carried + others
        for name in try entries(path) where wanted.contains(where: { Self.matches(name, $0) }) {
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
}
