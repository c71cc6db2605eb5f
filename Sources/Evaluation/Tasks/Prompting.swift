import ChatTemplates
import Datasets
import OrderedJSON
import Recipes
import Tokenizers

/// Questions as the model sees them: through the chat template where there is one, else as plain text, each after the
/// few-shot rows.
struct Prompting: Sendable {
    /// A question and, for few-shot rows, its answer.
    struct Turn: Sendable {
        /// What precedes the answer, as messages; one of the user's where the row has text alone.
        var messages: [JSONValue]
        var tools: JSONValue?
        /// The question where no chat template is used.
        var plain: String
        /// The right answer; what follows a few-shot question.
        var answer: String
    }

    let renderer: PromptRenderer
    /// What stands between a plain question and its answer.
    let delimiter: String

    /// Between plain few-shot rows, as in lm-evaluation-harness.
    private static let separator = "\n\n"

    var hasTemplate: Bool { renderer.template != nil }

    /// What the model continues: few-shot rows with their answers, then the question.
    func context(_ turn: Turn, after shots: [Turn]) throws(RowFault) -> Rendered {
        if hasTemplate {
            var messages: [JSONValue] = []
            for shot in shots {
                messages += shot.messages
                messages.append(["role": "assistant", "content": .string(shot.answer)])
            }
            // What a system message says holds from the beginning.
            let system = turn.messages.prefix { $0["role"]?.stringValue == "system" }
            messages = system + messages + turn.messages.dropFirst(system.count)
            return try renderer.render(
                Conversation(messages: messages, tools: turn.tools), addGenerationPrompt: true)
        }
        let before = shots.map { $0.plain + delimiter + $0.answer + Self.separator }.joined()
        return renderer.plainText(before + turn.plain)
    }

    /// The ids of a context and of a continuation as lm-evaluation-harness finds them: white space at the end of the
    /// context goes to the continuation, both are cut into tokens together, and what is longer than the context's own
    /// tokens is the continuation.
    func pair(_ context: Rendered, _ continuation: String) -> (context: [Int32], continuation: [Int32]) {
        let scalars = context.text.unicodeScalars
        let end = scalars.lastIndex { !PythonText.isSpace($0) }.map(scalars.index(after:)) ?? scalars.startIndex
        var (stripped, whole) = (context, context)
        stripped.text = String(scalars[..<end])
        whole.text += (hasTemplate ? "" : delimiter) + continuation
        let ids = renderer.ids(stripped)
        return (ids, Array(renderer.ids(whole).dropFirst(ids.count)))
    }
}
