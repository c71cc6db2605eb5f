/// A value a template works on, with the types and meanings of Python.
enum Value {
    /// A variable's place that nothing was written to; templates never see it.
    case missing
    case undefined(Undefined)
    case none
    case bool(Bool)
    case integer(Int)
    case large(LargeInteger)
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
        case .large(let integer): 1 + integer.digits.utf8.count >> 4
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
        case .integer, .large: "int"
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
        case .large: true
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
