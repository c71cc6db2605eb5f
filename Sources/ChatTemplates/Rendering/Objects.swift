/// What `namespace(…)` makes: the one thing templates can change from within loops.
final class Namespace: TemplateObject {
    private var attributes: [(name: Value, value: Value)] = []
    private var isShowing = false

    /// A namespace with the given attributes, registered with the rendering.
    init(_ entries: [DictValue.Entry], _ r: Renderer) throws {
        super.init()
        r.register(self)
        for entry in entries { try set(entry.key, entry.value) }
    }

    override var typeName: String { "TemplateNamespace" }
    override var qualifiedName: String { "transformers.utils.chat_template_utils.TemplateNamespace object" }

    override var text: String {
        if isShowing { return "<Namespace {...}>" }
        isShowing = true
        defer { isShowing = false }
        return "<Namespace \(Value.dict(DictValue(attributes.map { ($0.name, $0.value) })).repr)>"
    }

    func set(_ name: String, _ value: Value) throws { try set(.string(name), value) }

    private func set(_ name: Value, _ value: Value) throws {
        if let text = name.text, text.utf8.first == UInt8(ascii: "_") {
            throw Failure(
                .security,
                "Chat templates cannot store underscore-prefixed attributes on a namespace, but got \(pythonRepr(text)). "
                    + "Please rename the attribute.")
        }
        if let at = attributes.firstIndex(where: { $0.name.equals(name) }) {
            attributes[at].value = value
        } else {
            attributes.append((name, value))
        }
    }

    func clear() { attributes = [] }

    override func attribute(_ name: String, _ r: Renderer) -> Value? {
        for attribute in attributes {
            if let text = attribute.name.text, sameText(text, name) { return attribute.value }
        }
        return nil
    }
}

/// A method with the value it belongs to.
final class BoundMethod: TemplateObject {
    private let receiver: Value
    private let name: String

    init(_ receiver: Value, _ name: String) { (self.receiver, self.name) = (receiver, name) }

    override var typeName: String { "builtin_function_or_method" }
    override var depth: Int { receiver.depth + 1 }
    override var isCallable: Bool { true }
    override var text: String { "<built-in method \(name) of \(receiver.typeName) object>" }

    override func call(_ arguments: Arguments, _ r: Renderer) throws -> Value {
        try r.callMethod(receiver, name, arguments)
    }
}

/// What `cycler(…)` makes.
final class Cycler: TemplateObject {
    private let items: ListValue
    private var position = 0

    init(_ items: [Value]) { self.items = ListValue(items) }

    override var typeName: String { "Cycler" }
    override var qualifiedName: String { "jinja2.utils.Cycler object" }
    override var depth: Int { items.depth + 1 }

    override func attribute(_ name: String, _ r: Renderer) -> Value? {
        switch name {
        case "items": .tuple(items)
        case "pos": .integer(position)
        case "current": items.items[position]
        case "next", "reset":
            .object(
                GlobalFunction(name) { [self] _, _ in
                    let current = items.items[position]
                    position = name == "next" ? (position + 1) % items.items.count : 0
                    return name == "next" ? current : .none
                })
        default: nil
        }
    }
}

/// What `joiner(…)` makes: nothing the first time it is called, then the separator.
final class Joiner: TemplateObject {
    private let separator: Value
    private var used = false

    init(_ separator: Value) { self.separator = separator }

    override var typeName: String { "Joiner" }
    override var qualifiedName: String { "jinja2.utils.Joiner object" }
    override var depth: Int { separator.depth + 1 }
    override var isCallable: Bool { true }

    override func attribute(_ name: String, _ r: Renderer) -> Value? {
        switch name {
        case "sep": separator
        case "used": .bool(used)
        default: nil
        }
    }

    override func call(_ arguments: Arguments, _ r: Renderer) throws -> Value {
        if used { return separator }
        used = true
        return .string("")
    }
}

/// A function of the environment.
final class GlobalFunction: TemplateObject {
    typealias Body = (Arguments, Renderer) throws -> Value
    private let name: String
    private let body: Body

    init(_ name: String, _ body: @escaping Body) { (self.name, self.body) = (name, body) }

    override var typeName: String { name == "namespace" ? "type" : "function" }
    override var isCallable: Bool { true }
    override var text: String { "<function \(name)>" }

    override func attribute(_ name: String, _ r: Renderer) -> Value? {
        guard self.name == "dict", name == "fromkeys" else { return nil }
        return .object(GlobalFunction("fromkeys") { try Globals.fromKeys($0, $1) })
    }

    override func call(_ arguments: Arguments, _ r: Renderer) throws -> Value { try body(arguments, r) }
}
