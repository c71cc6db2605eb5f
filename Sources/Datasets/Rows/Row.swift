import OrderedJSON

/// What a line of training data says, recognised by its keys.
public enum Row: Sendable, Equatable {
    /// `messages`, `conversations`, `prompt` + `completion`, `instruction` + `output`: turns for the chat template.
    case conversation(Conversation)
    /// `text`: every token carries loss.
    case text(String)
    /// `input_ids` + `labels`: ready tokens; `-100` in `labels` means no loss.
    case tokens(ids: [Int32], targets: [Bool])
    /// `prompt` + `chosen` + `rejected`: two answers to one prompt.
    case preference(chosen: Conversation, rejected: Conversation)

    /// Whether it is ready tokens, which need no tokenizer.
    var isReady: Bool { if case .tokens = self { true } else { false } }
}

/// Turns of a conversation as the chat template takes them.
public struct Conversation: Sendable, Equatable {
    /// Objects with at least a `role`.
    public var messages: [JSONValue]
    /// JSON schemas of the functions the assistant may call.
    public var tools: JSONValue?
    /// Messages before this one carry no loss: the prompt of a `prompt` + `completion` row.
    public var firstAnswer: Int

    /// Turns with the tools that go with them.
    public init(messages: [JSONValue], tools: JSONValue? = nil, firstAnswer: Int = 0) {
        self.messages = messages
        self.tools = tools
        self.firstAnswer = firstAnswer
    }

    /// One question and its answer.
    public init(user: String, assistant: String? = nil) {
        self.init(messages: [message("user", user)] + (assistant.map { [message("assistant", $0)] } ?? []))
    }

    /// The positions of the messages that carry loss: the assistant's, save those before `firstAnswer` and those whose
    /// `weight` is 0, as in OpenAI's format.
    var answers: [Int] {
        messages.indices.filter {
            $0 >= firstAnswer && messages[$0]["role"]?.stringValue == "assistant"
                && messages[$0]["weight"]?.doubleValue != 0
        }
    }

    /// The first `count` messages.
    func prefix(_ count: Int) -> Conversation {
        Conversation(messages: Array(messages.prefix(count)), tools: tools, firstAnswer: firstAnswer)
    }
}

/// A message of a role.
func message(_ role: String, _ content: String) -> JSONValue { ["role": .string(role), "content": .string(content)] }
