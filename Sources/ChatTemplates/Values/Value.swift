/// A value a template works on, with the types and meanings of Python.
enum Value {
    /// A variable's place that nothing was written to; templates never see it.
    case missing
    case undefined(Undefined)
    case none
    case bool(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    /// A string marked as safe HTML; it escapes what is joined to it.
    case markup(String)
    case list(ListValue)
    case tuple(ListValue)
    case dict(DictValue)
    case view(DictView)
    case range(RangeValue)
    case iterator(IteratorValue)
    case object(TemplateObject)
}

/// The elements of a list or tuple; the sandbox lets no template change them.
final class ListValue {
    let items: [Value]
    /// Levels of nesting, itself included.
    let depth: Int
    /// What it takes to go through everything within, see ``Value/weight``.
    let weight: Int
    /// Names by which the elements can be read too, for named tuples.
    let fields: [String]

    init(_ items: [Value], fields: [String] = []) {
        self.items = items
        self.fields = fields
        var (depth, weight) = (0, 1)
        for item in items {
            depth = max(depth, item.depth)
            weight = weight.addedClamped(item.weight)
        }
        self.depth = depth + 1
        self.weight = weight
    }
}

/// What a name that is not defined gives: it prints as nothing and fails when it is used.
final class Undefined {
    /// The whole message, when it is not about a name.
    let hint: String?
    /// What the name was looked up in, in Python's words; nil for a variable.
    let owner: String?
    /// The name or element that was looked up.
    let name: Value
    let error: PythonError

    init(name: String) {
        (hint, owner, self.name, error) = (nil, nil, .string(name), .undefined)
    }

    init(hint: String, error: PythonError = .undefined) {
        (self.hint, owner, name, self.error) = (hint, nil, .none, error)
    }

    init(of owner: Value, name: Value) {
        (hint, self.owner, self.name, error) = (nil, owner.ownerName, name, .undefined)
    }

    /// The failure of using the value.
    var failure: Failure {
        if let hint { return Failure(error, hint) }
        guard let owner else { return Failure(error, "\(name.repr) is undefined") }
        if case .string = name { return Failure(error, "\(pythonRepr(owner)) has no attribute \(name.repr)") }
        return Failure(error, "\(owner) has no element \(name.repr)")
    }
}

/// The numbers of a `range`.
final class RangeValue {
    let start: Int
    let stop: Int
    let step: Int
    let count: Int

    init(start: Int, stop: Int, step: Int, count: Int) {
        (self.start, self.stop, self.step, self.count) = (start, stop, step, count)
    }

    /// The number at an index within the count, which fits whatever the product on the way does.
    subscript(index: Int) -> Int { start &+ index &* step }
}

/// Values produced one at a time and only once, as a Python generator does.
final class IteratorValue {
    let typeName: String
    /// Levels of nesting, itself and what it keeps of its source included.
    private(set) var depth: Int
    private var advance: ((IteratorValue) throws -> Value?)?
    private var isRunning = false

    /// An iterator whose step is given itself, to note what it keeps.
    init(
        _ typeName: String = "generator", over source: Value = .none,
        _ advance: @escaping (IteratorValue) throws -> Value?
    ) {
        self.typeName = typeName
        self.advance = advance
        depth = 1 + source.depth
    }

    /// Notes that the iterator keeps an item beyond the step that produced it.
    func keep(_ item: Value) { depth = max(depth, item.depth + 1) }

    func next() throws -> Value? {
        guard let step = advance else { return nil }
        if isRunning { throw Failure(.value, "generator already executing") }
        isRunning = true
        defer { isRunning = false }
        do {
            if let value = try step(self) { return value }
        } catch {
            advance = nil
            throw error
        }
        advance = nil
        return nil
    }
}

/// Something with attributes or that can be called: namespaces, macros, methods, the loop variable.
class TemplateObject {
    /// The Python type's name; with its module for messages.
    var typeName: String { "object" }
    var qualifiedName: String { typeName + " object" }
    var depth: Int { 1 }
    var isCallable: Bool { false }
    /// What printing shows.
    var text: String { "<\(typeName)>" }

    func attribute(_ name: String, _ renderer: Renderer) throws -> Value? { nil }

    func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        throw Failure(.type, "'\(typeName)' object is not callable")
    }
}

extension Value {
    /// Levels of nesting: 0 for plain values.
    var depth: Int {
        switch self {
        case .list(let list), .tuple(let list): list.depth
        case .dict(let dict): dict.depth
        case .view(let view): view.dict.depth + 1
        case .iterator(let iterator): iterator.depth
        case .object(let object): object.depth
        case .undefined(let undefined): undefined.name.depth
        default: 0
        }
    }

    /// Steps it takes to print, compare or hash the value: 1 for each value within and for every 16 bytes of text.
    /// Lists that hold a list twice count it twice, so that templates cannot build values too large to go through.
    var weight: Int {
        switch self {
        case .string(let text), .markup(let text): 1 + text.utf8.count >> 4
        case .list(let list), .tuple(let list): list.weight
        case .dict(let dict): dict.weight
        case .view(let view): view.dict.weight
        default: 1
        }
    }

    /// The name of the Python type.
    var typeName: String {
        switch self {
        case .missing, .undefined: "Undefined"
        case .none: "NoneType"
        case .bool: "bool"
        case .integer: "int"
        case .float: "float"
        case .string: "str"
        case .markup: "Markup"
        case .list: "list"
        case .tuple(let list): list.fields.isEmpty ? "tuple" : "_GroupTuple"
        case .dict: "dict"
        case .view(let view): view.kind.rawValue
        case .range: "range"
        case .iterator(let iterator): iterator.typeName
        case .object(let object): object.typeName
        }
    }

    /// How messages name the value's type as the owner of an attribute.
    var ownerName: String {
        switch self {
        case .none: "None"
        case .markup: "markupsafe.Markup object"
        case .object(let object): object.qualifiedName
        default: typeName + " object"
        }
    }

    /// The text of a string, marked safe or not.
    var text: String? {
        switch self {
        case .string(let text), .markup(let text): text
        default: nil
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }
    var isNone: Bool { if case .none = self { true } else { false } }

    /// Whether Python takes the value for true.
    var isTrue: Bool {
        switch self {
        case .missing, .undefined, .none: false
        case .bool(let bool): bool
        case .integer(let integer): integer != 0
        case .float(let float): float != 0
        case .string(let text), .markup(let text): !text.isEmpty
        case .list(let list), .tuple(let list): !list.items.isEmpty
        case .dict(let dict): dict.count > 0
        case .view(let view): view.dict.count > 0
        case .range(let range): range.count > 0
        case .iterator: true
        case .object(let object): (object as? LoopValue)?.isTrue ?? true
        }
    }

    init(_ literal: Expr.Literal) {
        switch literal {
        case .none: self = .none
        case .bool(let bool): self = .bool(bool)
        case .integer(let integer): self = .integer(integer)
        case .float(let float): self = .float(float)
        case .string(let text): self = .string(text)
        }
    }

    static func list(_ items: [Value]) -> Value { .list(ListValue(items)) }
    static func tuple(_ items: [Value]) -> Value { .tuple(ListValue(items)) }
    static func strings(_ texts: [String]) -> Value { .list(texts.map(Value.string)) }
}
