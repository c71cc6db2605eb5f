/// What `namespace(…)` makes: the one thing templates can change from within loops.
final class Namespace: TemplateObject {
    private var attributes: [(name: Value, value: Value)] = []
    private let registry: NamespaceRegistry
    private var isShowing = false

    /// A namespace with the given attributes, registered with the rendering.
    init(_ entries: [DictValue.Entry], _ r: Renderer) throws {
        registry = r.namespaces
        super.init()
        registry.add(self)
        for entry in entries { try set(entry.key, entry.value) }
    }

    override var typeName: String { "TemplateNamespace" }
    override var qualifiedName: String { "transformers.utils.chat_template_utils.TemplateNamespace object" }

    override var text: String {
        let shown = DictValue(attributes.map { ($0.name, $0.value) })
        // Namespaces within each other can form circles, long chains and trees of any size.
        if isShowing || registry.depth > 50 || shown.weight > registry.weightLeft { return "<Namespace {...}>" }
        isShowing = true
        registry.depth += 1
        registry.weightLeft -= shown.weight
        defer {
            isShowing = false
            registry.depth -= 1
        }
        return "<Namespace \(Value.dict(shown).repr)>"
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

/// The namespaces of a rendering, kept to its end: no chain of them is freed recursively.
final class NamespaceRegistry {
    private var namespaces: [Namespace] = []
    /// How many namespaces within each other are being shown.
    fileprivate var depth = 0
    /// How much more of namespaces may be shown in this rendering, see ``Value/weight``.
    fileprivate var weightLeft = 1_000_000

    fileprivate func add(_ namespace: Namespace) { namespaces.append(namespace) }

    /// Empties all namespaces.
    func clear() {
        for namespace in namespaces { namespace.clear() }
        namespaces = []
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
                GlobalFunction(name, of: self) { [self] _, _ in
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
        try arguments.none(for: "Joiner.__call__")
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
    private let owner: TemplateObject?

    /// A function; `owner` is the object it is a method of.
    init(_ name: String, of owner: TemplateObject? = nil, _ body: @escaping Body) {
        (self.name, self.owner, self.body) = (name, owner, body)
    }

    override var depth: Int { 1 + (owner?.depth ?? 0) }

    override var typeName: String { name == "namespace" ? "type" : "function" }
    override var isCallable: Bool { true }
    override var text: String { "<function \(name)>" }

    override func attribute(_ name: String, _ r: Renderer) -> Value? {
        guard self.name == "dict", name == "fromkeys" else { return nil }
        return .object(GlobalFunction("fromkeys") { try Globals.fromKeys($0, $1) })
    }

    override func call(_ arguments: Arguments, _ r: Renderer) throws -> Value { try body(arguments, r) }
}
