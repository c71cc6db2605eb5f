import Foundation
import OrderedJSON

/// What the renderer must know of a message.
extension JSONValue {
    /// Reasoning under every name that templates read it by: the fields `reasoning_content` and `thinking` are filled
    /// from whichever of `reasoning_content`, `thinking` and `reasoning` is given, as transformers does.
    var withReasoningNames: JSONValue {
        guard case .object(let message) = self else { return self }
        let given = ["reasoning_content", "thinking", "reasoning"].lazy.compactMap { message[$0] }.first { !$0.isNull }
        guard let reasoning = given else { return self }
        var named = JSONObject([(key: "thinking", value: reasoning)])
        for member in message.members { named[member.key] = member.value }
        named["reasoning_content"] = reasoning
        return .object(named)
    }

    /// The reasoning of a message without white space around it, be it a field of its own or a thought before the
    /// answer in `content`; nil when there is none.
    var reasoning: String? {
        let given = ["reasoning_content", "thinking", "reasoning"].lazy.compactMap { self[$0]?.stringValue }.first
        let thought = given ?? ThinkingTags.thought(in: contentText)
        let trimmed = thought.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) } ?? ""
        return trimmed.isEmpty ? nil : trimmed
    }

    /// The text of a message's content: a string, or the text parts of a list one after the other.
    var contentText: String {
        if let text = self["content"]?.stringValue { return text }
        let parts = self["content"]?.arrayValue ?? []
        return parts.compactMap { $0.stringValue ?? $0["text"]?.stringValue }.joined()
    }
}
