import Diagnostics
import Foundation
import OrderedJSON

/// A chat template: turns a conversation into the text a model reads, exactly as transformers does.
///
/// The template language is Jinja as transformers sets it up: the immutable sandbox, `trim_blocks`, `lstrip_blocks`,
/// `break` and `continue`, `{% generation %}`, `raise_exception`, `strftime_now` and a plain `tojson`.
public struct ChatTemplate: Sendable {
    /// The name the template goes by in messages.
    public let name: String
    /// Whether the template marks what assistants say with `{% generation %}`.
    public let usesGenerationBlocks: Bool
    /// What a rendering may do at most.
    public var limits = ChatTemplateLimits()
    private let source: SourceText
    private let compiled: CompiledTemplate

    /// A template from its text; throws a ``Problem`` with line and column if it is malformed.
    public init(source: String, name: String) throws {
        self.name = name
        self.source = SourceText(source, name: name)
        var parser = Parser(self.source)
        let statements = try parser.parse()
        usesGenerationBlocks = parser.usesGenerationBlocks
        compiled = try CompiledTemplate(statements, self.source)
    }

    /// The conversation's text; throws a ``ChatTemplateError`` if the template fails on it.
    public func render(_ input: ChatInput) throws -> RenderedChat {
        do {
            var variables: [String: Value] = [:]
            for (name, value) in input.variables { variables[name] = try Value(value, limit: limits.valueDepth) }
            variables["messages"] = try Value(input.messages, limit: limits.valueDepth)
            variables["tools"] = try Value(input.tools ?? .null, limit: limits.valueDepth)
            if let documents = input.documents {
                variables["documents"] = try Value(documents, limit: limits.valueDepth)
            } else if variables["documents"] == nil {
                variables["documents"] = Value.none
            }
            variables["add_generation_prompt"] = .bool(input.addGenerationPrompt)
            let renderer = Renderer(compiled, variables: variables, now: input.now, limits: limits)
            defer { renderer.tearDown() }
            renderer.enter(compiled.scope)
            _ = try renderer.run(compiled.body)
            let text = renderer.output
            return RenderedChat(
                text: text, generationSpans: renderer.generationSpans,
                misplacedSpans: renderer.misplacedSpans(in: text))
        } catch let failure as Failure {
            throw ChatTemplateError(failure, source)
        }
    }
}

/// What a template is given.
public struct ChatInput: Sendable {
    /// The messages, a list of objects.
    public var messages: JSONValue
    /// The tools' descriptions; nil is `none` to the template.
    public var tools: JSONValue?
    /// The documents; nil is `none` to the template, unless the variables have some.
    public var documents: JSONValue?
    /// Whether the text should end where the assistant is to go on.
    public var addGenerationPrompt: Bool
    /// Everything else by name: `bos_token`, `eos_token`, `enable_thinking` and whatever a template reads.
    public var variables: [String: JSONValue]
    /// The moment `strftime_now` shows, in local time.
    public var now: Date

    /// An input; only the messages are always needed.
    public init(
        messages: JSONValue, tools: JSONValue? = nil, documents: JSONValue? = nil, addGenerationPrompt: Bool = false,
        variables: [String: JSONValue] = [:], now: Date = Date()
    ) {
        self.messages = messages
        self.tools = tools
        self.documents = documents
        self.addGenerationPrompt = addGenerationPrompt
        self.variables = variables
        self.now = now
    }
}

/// A rendered conversation.
public struct RenderedChat: Sendable, Equatable {
    /// The text.
    public let text: String
    /// Where the `{% generation %}` blocks stand, in bytes of the text's UTF-8, in the order they ended.
    public let generationSpans: [Range<Int>]
    /// How many of the spans are not where their block's text is, because a macro, `set` or filter block around it
    /// moved or changed it. Spans are then as wrong as transformers' are: use them only when this is 0.
    public let misplacedSpans: Int
}

extension Value {
    /// A JSON value as a template sees it.
    init(_ json: JSONValue, limit: Int) throws {
        if limit == 0 { throw Failure(.limit, "input values nested too deep") }
        switch json {
        case .null: self = .none
        case .bool(let bool): self = .bool(bool)
        case .integer(let integer): self = .integer(integer)
        case .largeInteger(let digits): self = .large(LargeInteger(digits))
        case .number(let number): self = .float(number)
        case .string(let text): self = .string(text)
        case .array(let items): self = .list(try items.map { try Value($0, limit: limit - 1) })
        case .object(let object):
            let entries = try object.members.map {
                (key: Value.string($0.key), value: try Value($0.value, limit: limit - 1))
            }
            self = .dict(DictValue(entries))
        }
    }
}
