import OrderedJSON

/// Rows with `conversations`: turns of `from` and `value`, as ShareGPT exports them.
enum ShareGPT {
    private static let roles: [String: String] = [
        "system": "system", "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant",
        "chatgpt": "assistant", "bard": "assistant", "bing": "assistant", "model": "assistant", "tool": "tool",
        "observation": "tool", "function_response": "tool", "function": "tool", "function_call": "assistant",
    ]

    /// The conversation of a row; a `system` text beside it comes first.
    static func conversation(_ row: JSONValue) throws(RowFault) -> Conversation {
        guard let turns = row["conversations"]?.arrayValue else {
            throw RowFault("'conversations' is \(row["conversations"]?.kindName ?? "missing"), not a list of turns")
        }
        var messages: [JSONValue] = []
        if let system = row["system"]?.stringValue, !system.isEmpty { messages.append(message("system", system)) }
        for (at, turn) in turns.enumerated() { messages.append(try reading(turn, at)) }
        return Conversation(messages: messages, tools: try Row.tools(row))
    }

    private static func reading(_ turn: JSONValue, _ at: Int) throws(RowFault) -> JSONValue {
        if turn["role"] != nil { return try Row.messages([turn], "conversations")[0] }
        guard let from = turn["from"]?.stringValue, case .object(var message) = turn else {
            throw RowFault("conversations[\(at)] has no 'from'", advice: "a turn is {\"from\": …, \"value\": …}")
        }
        guard let role = roles[from.lowercased()] else {
            throw RowFault(
                "conversations[\(at)].from is '\(from)'",
                advice: "known are system, human, gpt, function_call and observation")
        }
        guard let value = turn["value"]?.stringValue else {
            throw RowFault("conversations[\(at)].value is \(turn["value"]?.kindName ?? "missing"), not a string")
        }
        message["from"] = nil
        message["value"] = nil
        message["role"] = .string(role)
        if from.lowercased() == "function_call" {
            message["content"] = ""
            message["tool_calls"] = try toolCalls(value, at)
        } else {
            message["content"] = .string(value)
        }
        return .object(message)
    }

    /// `{"name": …, "arguments": …}` or a list of such, in JSON text.
    private static func toolCalls(_ text: String, _ at: Int) throws(RowFault) -> JSONValue {
        guard let value = try? JSONValue(parsing: text) else {
            throw RowFault("conversations[\(at)] is a function_call whose value is no JSON")
        }
        let calls = value.arrayValue ?? [value]
        guard !calls.isEmpty, calls.allSatisfy({ $0["name"]?.stringValue != nil }) else {
            throw RowFault("conversations[\(at)] is a function_call without a 'name'")
        }
        return .array(
            calls.map { call in
                ["type": "function", "function": ["name": call["name"] ?? "", "arguments": call["arguments"] ?? [:]]]
            })
    }
}
