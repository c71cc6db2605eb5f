import ChatTemplates
import Datasets
import Diagnostics
import OrderedJSON

/// What rows say besides their question, read by their keys.
extension JSONValue {
    /// What kind of task a row belongs to.
    var taskKind: TaskKind {
        func has(_ key: String) -> Bool { self[key].map { !$0.isNull } ?? false }
        if has("choices") { return .choices }
        if has("reference") || has("references") { return .generation }
        if has("chosen") && has("rejected") { return .preference }
        return .heldOut
    }

    /// The group a row belongs to.
    var category: String? { label("category") }
    /// The document a row belongs to.
    var document: String? { label("document") ?? label("document_id") }

    private func label(_ key: String) -> String? {
        self[key].flatMap { $0.stringValue ?? $0.intValue.map(String.init) }
    }

    /// The choices of a multiple-choice row.
    func choices() throws(RowFault) -> [String] {
        guard let list = self["choices"]?.arrayValue else {
            throw RowFault("'choices' is \(self["choices"]?.kindName ?? "missing"), not a list of texts")
        }
        var choices: [String] = []
        for (at, choice) in list.enumerated() {
            guard let text = choice.stringValue ?? choice.intValue.map(String.init) else {
                throw RowFault("choices[\(at)] is \(choice.kindName), not a text")
            }
            if text.isEmpty { throw RowFault("choices[\(at)] is empty", advice: "an empty choice has no likelihood") }
            choices.append(text)
        }
        if choices.count < 2 { throw RowFault("'choices' has \(choices.count), a choice needs two") }
        return choices
    }

    /// Which choice is right: a position from 0, a letter, or the choice itself.
    func answer(among choices: [String]) throws(RowFault) -> Int {
        let advice = "'answer' is a position from 0 to \(choices.count - 1), a letter, or one of the choices"
        guard let value = self["answer"], !value.isNull else {
            let meant = suggestion(for: "answer", among: objectValue?.keys ?? [])
            throw RowFault("has choices but no 'answer'", advice: meant.map { "did you mean '\($0)'?" } ?? advice)
        }
        if let at = value.intValue {
            guard choices.indices.contains(at) else {
                throw RowFault("'answer' is \(at), but there are \(choices.count) choices", advice: advice)
            }
            return at
        }
        guard let text = value.stringValue else { throw RowFault("'answer' is \(value.kindName)", advice: advice) }
        if let at = choices.firstIndex(where: { PythonText.areSame($0, text) }) { return at }
        let letter = text.unicodeScalars.count == 1 ? text.uppercased().unicodeScalars.first : nil
        if let letter, let at = Optional(Int(letter.value) - 0x41), choices.indices.contains(at) { return at }
        throw RowFault("'answer' is \"\(text.prefix(40))\", which is none of the choices", advice: advice)
    }

    /// The references of a row that asks for an answer.
    func references() throws(RowFault) -> [String] {
        func text(_ value: JSONValue, _ key: String) throws(RowFault) -> String {
            switch value {
            case .string(let text): return text
            case .integer, .largeInteger, .number, .bool, .object: return value.serialized()
            case .array, .null: throw RowFault("'\(key)' is \(value.kindName), not a text")
            }
        }
        if let list = self["references"], !list.isNull {
            guard let elements = list.arrayValue, !elements.isEmpty else {
                throw RowFault(
                    "'references' is \(list.arrayValue == nil ? list.kindName : "empty"), not a list of texts")
            }
            var texts: [String] = []
            for element in elements { texts.append(try text(element, "references")) }
            return texts
        }
        guard let value = self["reference"], !value.isNull else {
            throw RowFault("has no 'reference'", advice: "give a text, or a list of texts as 'references'")
        }
        return [try text(value, "reference")]
    }

    /// What a row asks: `messages`, `prompt` or `question`.
    func asked(_ template: RowTemplate?) throws(RowFault) -> (messages: [JSONValue], plain: String, shown: String) {
        func user(_ text: String) -> [JSONValue] { [["role": "user", "content": .string(text)]] }
        if let template {
            let text = try template.text(self)
            return (user(text), text, text)
        }
        if let value = self["messages"], !value.isNull {
            guard case .conversation(let conversation) = try Row(["messages": value]) else { return ([], "", "") }
            let texts = conversation.messages.map { $0["content"]?.stringValue ?? "" }
            return (conversation.messages, texts.joined(separator: "\n"), texts.last ?? "")
        }
        if let value = self["prompt"], !value.isNull {
            if let text = value.stringValue { return (user(text), text, text) }
            guard case .conversation(let conversation) = try Row(["messages": value]) else { return ([], "", "") }
            let texts = conversation.messages.map { $0["content"]?.stringValue ?? "" }
            return (conversation.messages, texts.joined(separator: "\n"), texts.last ?? "")
        }
        guard let question = self["question"]?.stringValue else {
            let keys = objectValue?.keys ?? []
            let meant = ["question", "prompt", "messages"].lazy.compactMap { suggestion(for: $0, among: keys) }.first
            throw RowFault(
                "has no 'question', 'prompt' or 'messages'",
                advice: meant.map { "did you mean one of them by '\($0)'?" } ?? "one of them says what is asked")
        }
        return (user(question), "Question: \(question)\nAnswer:", question)
    }
}
