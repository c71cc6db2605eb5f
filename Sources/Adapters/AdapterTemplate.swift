import Diagnostics
import Foundation
import WeightFiles

/// The chat template an adapter was trained with. It is stored with the adapter where it was not the model's own: a
/// text in a file beside it, none as a word in its tensors' file.
public enum AdapterTemplate: Equatable, Sendable {
    /// The model's own.
    case model
    /// None: prompt and answer one after the other.
    case plain
    /// This text.
    case text(String)

    /// The file beside an adapter, named as transformers names it.
    public static let fileName = "chat_template.jinja"

    /// What says in the metadata of an adapter's tensors that there was none.
    static let plainMetadata = (key: "graft.template", value: "none")

    /// Reads what is stored with an adapter.
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
        let metadata = (try? WeightStore.open(directory + "/" + PEFTFiles.tensorFile))?.metadata ?? [:]
        let isPlain = metadata[Self.plainMetadata.key] == Self.plainMetadata.value
        self = isPlain ? .plain : .model
    }

    /// The template's text, where there is one of the adapter's own.
    public var text: String? { if case .text(let text) = self { text } else { nil } }
}
