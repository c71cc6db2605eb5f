import OrderedJSON

extension Row {
    /// Reads a row; its kind is that of the first known key or pair of keys in it, other keys are ignored.
    public init(_ row: JSONValue) throws(RowFault) {
        func has(_ key: String) -> Bool { row[key].map { !$0.isNull } ?? false }
        if has("messages") {
            self = .conversation(try Self.conversation(messages: row["messages"], row))
        } else if has("conversations") {
            self = .conversation(try ShareGPT.conversation(row))
        } else if has("chosen") && has("rejected") {
            self = .preference(chosen: try Self.answered(row, "chosen"), rejected: try Self.answered(row, "rejected"))
        } else if has("prompt") {
            self = .conversation(try Self.answered(row, "completion"))
        } else if has("instruction") {
            self = .conversation(try Self.instruction(row))
        } else if has("input_ids") {
            self = try Self.tokens(row)
        } else if has("text") {
            self = .text(try Self.string(row, "text"))
        } else {
            let keys = row.objectValue?.keys.prefix(8).map { "'\($0)'" }.joined(separator: ", ") ?? ""
            throw RowFault(
                keys.isEmpty ? "the object is empty" : "is of no known kind; its keys are \(keys)",
                advice: "a row has messages; conversations; prompt and completion; instruction and output; text;"
                    + " prompt, chosen and rejected; or input_ids and labels")
        }
    }

    private static func string(_ row: JSONValue, _ key: String) throws(RowFault) -> String {
        guard let text = row[key]?.stringValue else {
            throw RowFault("'\(key)' is \(row[key]?.kindName ?? "missing"), not a string")
        }
        return text
    }

    private static func conversation(messages: JSONValue?, _ row: JSONValue) throws(RowFault) -> Conversation {
        Conversation(messages: try self.messages(messages, "messages"), tools: try tools(row))
    }

    /// A list of objects that have a role each.
    static func messages(_ value: JSONValue?, _ key: String) throws(RowFault) -> [JSONValue] {
        guard let messages = value?.arrayValue else {
            throw RowFault("'\(key)' is \(value?.kindName ?? "missing"), not a list of messages")
        }
        for (at, message) in messages.enumerated() {
            guard let role = message["role"] else {
                throw RowFault(
                    message.objectValue == nil
                        ? "\(key)[\(at)] is \(message.kindName), not a message" : "\(key)[\(at)] has no 'role'",
                    advice: "a message is {\"role\": …, \"content\": …}")
            }
            guard role.stringValue != nil else {
                throw RowFault("\(key)[\(at)].role is \(role.kindName), not a string")
            }
            switch message["content"] {
            case nil, .null?, .string?, .array?: break
            case let other?:
                throw RowFault("\(key)[\(at)].content is \(other.kindName), not a string or a list of parts")
            }
        }
        return messages
    }

    /// The row's `tools`: a list, or JSON text of one, as some data sets store it.
    static func tools(_ row: JSONValue) throws(RowFault) -> JSONValue? {
        switch row["tools"] {
        case nil, .null?: return nil
        case let .array(tools)?: return tools.isEmpty ? nil : .array(tools)
        case let .string(text)?:
            if text.allSatisfy(\.isWhitespace) { return nil }
            guard let value = try? JSONValue(parsing: text), case .array(let tools) = value else {
                throw RowFault("'tools' is text that holds no JSON list")
            }
            return tools.isEmpty ? nil : .array(tools)
        case let other?: throw RowFault("'tools' is \(other.kindName), not a list of functions")
        }
    }

    /// `prompt` with the answer in `key`, each a string or a list of messages. Without an answer the prompt alone.
    /// An answer that repeats the prompt's messages (as `chosen` often does) is taken as the whole conversation.
    private static func answered(_ row: JSONValue, _ key: String) throws(RowFault) -> Conversation {
        let prompt = try turns(row["prompt"], "prompt", role: "user")
        let answer = try turns(row[key], key, role: "assistant")
        let tools = try tools(row)
        let answersOnly = answer.first.map { $0["role"]?.stringValue == "assistant" } ?? true
        if answersOnly || !answer.starts(with: prompt) {
            return Conversation(messages: prompt + answer, tools: tools, firstAnswer: prompt.count)
        }
        // Without a prompt of its own the last answer is what was judged.
        return Conversation(
            messages: answer, tools: tools, firstAnswer: prompt.isEmpty ? answer.count - 1 : prompt.count)
    }

    private static func turns(_ value: JSONValue?, _ key: String, role: String) throws(RowFault) -> [JSONValue] {
        switch value {
        case nil, .null?: []
        case let .string(text)?: [message(role, text)]
        case .array?: try messages(value, key)
        case let other?: throw RowFault("'\(key)' is \(other.kindName), not a string or a list of messages")
        }
    }

    private static func instruction(_ row: JSONValue) throws(RowFault) -> Conversation {
        let instruction = try string(row, "instruction")
        let input = row["input"].map(\.isNull) ?? true ? "" : try string(row, "input")
        let output = row["output"].map(\.isNull) ?? true ? nil : try string(row, "output")
        return Conversation(user: input.isEmpty ? instruction : instruction + "\n\n" + input, assistant: output)
    }

    private static func tokens(_ row: JSONValue) throws(RowFault) -> Row {
        func numbers(_ key: String) throws(RowFault) -> [Int32] {
            guard let elements = row[key]?.arrayValue else {
                throw RowFault("'\(key)' is \(row[key]?.kindName ?? "missing"), not a list of token ids")
            }
            var numbers: [Int32] = []
            numbers.reserveCapacity(elements.count)
            for (at, element) in elements.enumerated() {
                guard let number = element.intValue.flatMap({ Int32(exactly: $0) }) else {
                    throw RowFault("\(key)[\(at)] is no token id")
                }
                numbers.append(number)
            }
            return numbers
        }
        let ids = try numbers("input_ids")
        if let at = ids.firstIndex(where: { $0 < 0 }) { throw RowFault("input_ids[\(at)] is \(ids[at]), no token id") }
        let labels = row["labels"].map(\.isNull) ?? true ? ids : try numbers("labels")
        guard labels.count == ids.count else {
            throw RowFault(
                "has \(ids.count) input_ids but \(labels.count) labels",
                advice: "labels are aligned with input_ids; they are shifted inside")
        }
        if let at = ids.indices.first(where: { labels[$0] != ids[$0] && labels[$0] != -100 }) {
            throw RowFault(
                "labels[\(at)] is \(labels[at]) where input_ids[\(at)] is \(ids[at])",
                advice: "a label is the token itself or -100 for no loss; do not shift them")
        }
        return .tokens(ids: ids, targets: labels.map { $0 != -100 })
    }
}
