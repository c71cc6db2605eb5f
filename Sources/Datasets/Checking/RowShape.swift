import OrderedJSON

#if canImport(Glibc)
    import Glibc
#endif

/// Tells the kind of rows without copying them out of their JSON text, several times sooner than ``Row/init(_:)`` reads
/// them.
///
/// It accepts plain rows only. Of everything else, faults included, it says nothing, and the row is to be read; so
/// there is one place that says what is wrong with a row, and none that could say otherwise.
package struct RowShape {
    /// Ids of ready tokens are below it.
    package let vocabulary: Int
    private var ids: [Int] = []
    private var labels: [Int] = []

    /// A shape for rows whose ready tokens are of a vocabulary.
    package init(vocabulary: Int) { self.vocabulary = vocabulary }

    /// The values of the keys that tell a row's kind; null counts as absent, of a repeated key the last value counts.
    private struct Members {
        var messages, prompt, completion, chosen, rejected, instruction, input, output, text, tools: JSONNode?
        var ids, labels: JSONNode?
        var isForeign = false

        init(_ row: JSONNode) {
            row.forEachMember { key, value in
                let value = value.isNull ? nil : value
                switch key.count {
                case 4 where key == "text": text = value
                case 5 where key == "input": input = value
                case 5 where key == "tools": tools = value
                case 6 where key == "prompt": prompt = value
                case 6 where key == "chosen": chosen = value
                case 6 where key == "output": output = value
                case 6 where key == "labels": labels = value
                case 8 where key == "messages": messages = value
                case 8 where key == "rejected": rejected = value
                case 9 where key == "input_ids": ids = value
                case 10 where key == "completion": completion = value
                case 11 where key == "instruction": instruction = value
                case 13 where key == "conversations": isForeign = value != nil
                default: break
                }
            }
        }
    }

    /// The name of the row's kind when its shape is plainly right; nil when it has to be read to tell.
    package mutating func kind(of row: JSONNode) -> String? {
        guard row.isObject else { return nil }
        let members = Members(row)
        if members.tools.map(\.isArray) == false || members.isForeign { return nil }
        if let messages = members.messages { return isAnswered(messages) ? "conversation" : nil }
        if members.chosen != nil && members.rejected != nil { return nil }
        if let prompt = members.prompt {
            return prompt.text != nil && members.completion?.text != nil ? "conversation" : nil
        }
        if let instruction = members.instruction {
            let isPlain = instruction.text != nil && members.output?.text != nil
            return isPlain && members.input.map { $0.text != nil } ?? true ? "conversation" : nil
        }
        if let ids = members.ids { return areTokens(ids, members.labels) ? "input_ids" : nil }
        return members.text?.text != nil ? "text" : nil
    }

    /// Whether these are messages, one of them an answer that nothing says to leave out.
    private func isAnswered(_ messages: JSONNode) -> Bool {
        guard messages.isArray else { return false }
        var (isPlain, hasAnswer) = (true, false)
        messages.forEachElement { message in
            var hasRole = false
            isPlain = isPlain && message.isObject
            message.forEachMember { key, value in
                switch key.count {
                case 4 where key == "role":
                    hasRole = value.text != nil
                    hasAnswer = hasAnswer || value.text.map { $0 == "assistant" } ?? false
                case 6 where key == "weight": isPlain = false
                case 7 where key == "content":
                    isPlain = isPlain && (value.text != nil || value.isArray || value.isNull)
                default: break
                }
            }
            isPlain = isPlain && hasRole
        }
        return isPlain && hasAnswer
    }

    private mutating func areTokens(_ list: JSONNode, _ targets: JSONNode?) -> Bool {
        ids.removeAll(keepingCapacity: true)
        labels.removeAll(keepingCapacity: true)
        guard list.appendIntegers(to: &ids), ids.allSatisfy({ $0 >= 0 && $0 < vocabulary }) else { return false }
        guard let targets else { return true }
        guard targets.appendIntegers(to: &labels), labels.count == ids.count else { return false }
        return zip(ids, labels).allSatisfy { $0 == $1 || $1 == -100 }
    }
}

private func == (bytes: UnsafeRawBufferPointer, text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount, let base = bytes.baseAddress else { return false }
    return memcmp(base, text.utf8Start, bytes.count) == 0
}
