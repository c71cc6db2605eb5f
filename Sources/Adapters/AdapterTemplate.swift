import Diagnostics
import Foundation

/// The chat template an adapter was trained with, which is stored beside it where it was not the model's own.
public enum AdapterTemplate: Equatable, Sendable {
    /// The model's own.
    case model
    /// None: prompt and answer one after the other.
    case plain
    /// This text.
    case text(String)

    /// The file beside an adapter, named as transformers names it.
    public static let fileName = "chat_template.jinja"

    /// Reads what stands beside an adapter: the template, or in a run or one of its checkpoints a recipe without one.
    ///
    /// - Throws: ``Problem`` when the template is there and cannot be read.
    public init(adapter directory: String) throws(Problem) {
        let file = directory + "/" + Self.fileName
        if FileManager.default.fileExists(atPath: file) {
            guard let bytes = FileManager.default.contents(atPath: file),
                let text = String(data: bytes, encoding: .utf8)
            else { throw Problem("cannot be read as UTF-8 text", file: file) }
            self = .text(text)
            return
        }
        // `template` is a key of `data` only, and resolved recipes are written a key a line.
        let recipes = ["/recipe.yaml", "/../../recipe.yaml"].lazy.compactMap {
            FileManager.default.contents(atPath: directory + $0)
        }
        let lines = recipes.first.map { String(decoding: $0, as: UTF8.self).split(separator: "\n") } ?? []
        let isPlain = lines.contains { $0.trimmingCharacters(in: .whitespaces) == "template: none" }
        self = isPlain ? .plain : .model
    }

    /// The template's text, where there is one of the adapter's own.
    public var text: String? { if case .text(let text) = self { text } else { nil } }
}
