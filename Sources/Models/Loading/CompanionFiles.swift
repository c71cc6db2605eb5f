import Diagnostics
import Foundation
import SafeFiles

/// The files of a Hugging Face directory that belong to a model beside its weights and config.json.
package struct CompanionFiles {
    private let path: String

    /// Names of what text becomes tokens by: tokenizer and templates.
    private static let tokenizer: [String] = [
        "tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt", "merges.txt",
        "tekken.json", "*.model", "*.tiktoken", "chat_template.*",
    ]
    /// Names that are carried along byte for byte besides: generation settings, licence, the model's own code.
    private static let carried: [String] = [
        "generation_config.json", "preprocessor_config.json", "processor_config.json", "*.py", "LICENSE*", "NOTICE*",
        "USE_POLICY*",
    ]
    private static let folders = ["chat_templates", "additional_chat_templates"]

    /// Those of a model's directory.
    package init(of path: String) { self.path = path }

    /// Copies them, and others named, into another directory, each whole or not at all.
    package func copy(to target: String, with others: [String] = []) throws {
        for name in try names(Self.tokenizer + Self.carried + others) { try copy(name, to: target) }
        for folder in Self.folders where FileManager.default.fileExists(atPath: path + "/" + folder) {
            try FileManager.default.createDirectory(atPath: target + "/" + folder, withIntermediateDirectories: true)
            for name in try entries(path + "/" + folder) { try copy(folder + "/" + name, to: target) }
        }
    }

    /// The paths of config.json, the tokenizer's files and its templates.
    package func description() throws(Problem) -> [String] {
        var paths = try names(Self.tokenizer + ["config.json"]).map { path + "/" + $0 }
        for folder in Self.folders where FileManager.default.fileExists(atPath: path + "/" + folder) {
            paths += try entries(path + "/" + folder).map { path + "/" + folder + "/" + $0 }
        }
        return paths.filter(Self.isFile)
    }

    private func names(_ patterns: [String]) throws(Problem) -> [String] {
        try entries(path).filter { name in patterns.contains { Self.matches(name, $0) } }
    }

    private func entries(_ folder: String) throws(Problem) -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } catch {
            throw Problem("cannot be listed: \(systemReason(error))", file: folder)
        }
    }

    private func copy(_ name: String, to target: String) throws {
        guard Self.isFile(path + "/" + name) else { return }
        let source = try MappedFile(path: path + "/" + name)
        let file = try AtomicFile(path: target + "/" + name)
        try file.write(source.bytes)
        try file.commit()
    }

    private static func isFile(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
    }

    private static func matches(_ name: String, _ pattern: String) -> Bool {
        if pattern.hasPrefix("*") { return name.hasSuffix(pattern.dropFirst()) }
        if pattern.hasSuffix("*") { return name.hasPrefix(pattern.dropLast()) }
        return name == pattern
    }
}
