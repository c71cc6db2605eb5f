import Diagnostics
import Foundation
import OrderedJSON
import SafeFiles

/// The folder in which Ollama keeps its models: manifests by name, contents by hash.
public struct OllamaStore: Sendable {
    /// The folder that holds `manifests` and `blobs`.
    public let path: String

    /// A store in this folder.
    public init(path: String) { self.path = path }

    /// The store of this machine: `$OLLAMA_MODELS`, else `~/.ollama/models`, else where the system service keeps its
    /// own.
    ///
    /// - Parameters:
    ///   - environment: the process's variables.
    ///   - home: the user's home directory.
    public static func standard(
        environment: [String: String] = ProcessInfo.processInfo.environment, home: String = NSHomeDirectory()
    ) throws(Problem) -> OllamaStore {
        // Ollama takes spaces and quotation marks off its variables.
        let set = (environment["OLLAMA_MODELS"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
            .trimmingCharacters(in: CharacterSet(charactersIn: "\"'"))
        if !set.isEmpty { return OllamaStore(path: set) }
        let places = [home + "/.ollama/models", "/usr/share/ollama/.ollama/models", "/var/lib/ollama/models"]
        guard let found = places.first(where: { FileManager.default.fileExists(atPath: $0 + "/manifests") }) else {
            throw Problem(
                "there is no Ollama store; looked for \(places.joined(separator: ", "))",
                advice: "set OLLAMA_MODELS to the folder that holds manifests and blobs")
        }
        return OllamaStore(path: found)
    }

    /// What a name stands for.
    public struct Model: Sendable {
        /// The name in full, `registry.ollama.ai/library/llama3.2:1b`.
        public let name: String
        /// The GGUF file with the weights, which has no extension.
        public let weights: String
        /// GGUF adapters that are loaded beside them.
        public let adapters: [String]
        /// GGUF files that turn pictures or sounds into embeddings.
        public let projectors: [String]
        /// The prompt template, in Go's template language.
        public let template: String?
        /// The system message.
        public let system: String?
        /// Parameters such as `stop`, as stored.
        public let parameters: JSONValue?
        /// The licences' texts.
        public let licenses: [String]
    }

    /// Finds a model by the name `ollama run` takes: `[HOST/][NAMESPACE/]MODEL[:TAG]`, small and large letters alike.
    public func model(_ name: String) throws -> Model {
        let full = try existing(Self.parts(of: name))
        let file = path + "/manifests/" + full.joined(separator: "/")
        let title = full.dropLast().joined(separator: "/") + ":" + full[3]
        guard FileManager.default.fileExists(atPath: file) else {
            let there = known
            throw Problem(
                "Ollama has no model \(title)", file: file,
                advice: there.isEmpty ? "the store is empty" : "there are \(there.prefix(12).joined(separator: ", "))")
        }
        let manifest = try JSONValue(contentsOfFile: file)
        let layers = manifest["layers"]?.arrayValue ?? []
        func blobs(_ kind: String) throws -> [String] {
            try layers.filter { $0["mediaType"]?.stringValue == "application/vnd.ollama.image.\(kind)" }.map {
                try blob($0, file: file)
            }
        }
        // Of several layers of a kind Ollama takes the last.
        guard let weights = try blobs("model").last else { throw try withoutWeights(title, manifest, file) }
        func text(_ kind: String) throws -> String? { try blobs(kind).last.map(Self.text) }
        return Model(
            name: title, weights: weights, adapters: try blobs("adapter"), projectors: try blobs("projector"),
            template: try text("template") ?? text("prompt"), system: try text("system"),
            parameters: try blobs("params").last.map { try JSONValue(contentsOfFile: $0) },
            licenses: try blobs("license").map(Self.text))
    }

    /// Why a manifest names no GGUF file.
    private func withoutWeights(_ title: String, _ manifest: JSONValue, _ file: String) throws -> Problem {
        let config = try manifest["config"].map { try JSONValue(contentsOfFile: blob($0, file: file)) }
        if config?["remote_host"]?.stringValue ?? config?["remote_model"]?.stringValue != nil {
            return Problem("\(title) runs on other machines; its weights are not here", file: file)
        }
        let format = config?["model_format"]?.stringValue ?? "gguf"
        return Problem(
            "\(title) has no weights in a GGUF file" + (format == "gguf" ? "" : ", but as \(format)"), file: file,
            advice: "pull a GGUF variant, or use the model's Hugging Face directory")
    }

    /// The parts under which a model is there, which may differ in their letters' case.
    private func existing(_ parts: [String]) -> [String] {
        let wanted = parts.joined(separator: "/")
        if FileManager.default.fileExists(atPath: path + "/manifests/" + wanted) { return parts }
        return manifests.first { $0.joined(separator: "/").lowercased() == wanted.lowercased() } ?? parts
    }

    /// Host, namespace, model and tag of all manifests.
    private var manifests: [[String]] {
        let files = (try? FileManager.default.subpathsOfDirectory(atPath: path + "/manifests")) ?? []
        return files.map { $0.split(separator: "/").map(String.init) }.filter { $0.count == 4 }
    }

    /// The names of all models in the store, without what Ollama puts in by itself.
    public var known: [String] {
        manifests.map { parts in
            let place =
                parts[0] != "registry.ollama.ai"
                ? "\(parts[0])/\(parts[1])/" : parts[1] != "library" ? "\(parts[1])/" : ""
            return "\(place)\(parts[2]):\(parts[3])"
        }.sorted()
    }

    /// Host, namespace, model and tag.
    private static func parts(of name: String) throws(Problem) -> [String] {
        let bare = name.range(of: "://").map { String(name[$0.upperBound...]) } ?? name
        var pieces = bare.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let last = (pieces.popLast() ?? "").split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let tag = last.count == 2 ? String(last[1]) : "latest"
        let model = last.first.map(String.init) ?? ""
        let whole =
            (pieces.count < 2 ? ["registry.ollama.ai"] : []) + (pieces.isEmpty ? ["library"] : []) + pieces + [
                model, tag,
            ]
        guard whole.count == 4, whole.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\0") })
        else {
            throw Problem(
                "\"\(name)\" is no name of an Ollama model", advice: "write MODEL or MODEL:TAG, as ollama list does")
        }
        return whole
    }

    /// The file of a layer, which must be there in its full length.
    private func blob(_ layer: JSONValue, file: String) throws(Problem) -> String {
        let digest = layer["digest"]?.stringValue ?? ""
        let hash = digest.dropFirst("sha256:".count)
        guard digest.hasPrefix("sha256:") || digest.hasPrefix("sha256-"), hash.count == 64,
            hash.allSatisfy({ $0.isASCII && $0.isHexDigit })
        else {
            throw Problem("names a layer by \"\(digest)\", which is no SHA-256", file: file)
        }
        let blob = path + "/blobs/sha256-" + hash
        let facts = try? FileManager.default.attributesOfItem(atPath: blob)
        guard let size = (facts?[.size] as? NSNumber)?.intValue else {
            throw Problem("is missing", file: blob, advice: "pull the model again")
        }
        if let wanted = layer["size"]?.intValue, wanted != size {
            throw Problem("has \(size) bytes, not \(wanted)", file: blob, advice: "pull the model again")
        }
        return blob
    }

    private static func text(_ path: String) throws -> String {
        let file = try MappedFile(path: path)
        return withExtendedLifetime(file) { String(decoding: file.bytes, as: UTF8.self) }
    }
}
