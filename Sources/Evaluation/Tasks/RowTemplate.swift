import ChatTemplates
import Datasets
import Diagnostics
import OrderedJSON

/// Text with Jinja over a row's keys: `Question: {{question}}\nAnswer:`.
struct RowTemplate: Sendable {
    private let template: ChatTemplate
    /// Names that stand directly in `{{ … }}`: a row must have them.
    private let names: [String]

    /// - Throws: ``Problem`` when the text is no template.
    init(_ text: String, name: String) throws {
        // Chat templates lose a line end at their end; here it belongs to the prompt, as in lm-evaluation-harness.
        template = try ChatTemplate(source: text.hasSuffix("\n") ? text + "\n" : text, name: name)
        names = text.matches(of: #/\{\{-?\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:[|.\[}-])/#).map { String($0.output.1) }
    }

    /// The text for a row.
    func text(_ row: JSONValue) throws(RowFault) -> String {
        if let missing = names.first(where: { row[$0] == nil }) {
            throw RowFault(
                "has no '\(missing)', which \(template.name) asks for",
                advice: suggestion(for: missing, among: row.objectValue?.keys ?? []).map { "did you mean '\($0)'?" })
        }
        let members = row.objectValue?.members ?? []
        do {
            return try template.render(
                ChatInput(
                    messages: [], variables: Dictionary(members.map { ($0.key, $0.value) }) { $1 })
            ).text
        } catch let error as ChatTemplateError {
            throw RowFault("\(template.name): \(error.problem.message)")
        } catch { throw RowFault("\(template.name) fails: \(error)") }
    }
}
