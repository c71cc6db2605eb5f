/// The methods of each type that templates may call, and those the sandbox keeps from them because they change values.
final class Methods: Sendable {
    let safe: Set<String>
    let unsafe: Set<String>

    private init(safe: Set<String>, unsafe: Set<String> = []) { (self.safe, self.unsafe) = (safe, unsafe) }

    private static let string = Methods(safe: [
        "capitalize", "casefold", "center", "count", "endswith", "expandtabs", "find", "format", "format_map", "index",
        "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable",
        "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix",
        "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines",
        "startswith", "strip", "swapcase", "title", "upper", "zfill", "encode", "translate", "maketrans",
    ])
    private static let list = Methods(
        safe: ["copy", "count", "index"],
        unsafe: ["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"])
    private static let tuple = Methods(safe: ["count", "index"])
    private static let dict = Methods(
        safe: ["get", "items", "keys", "values", "copy", "fromkeys"],
        unsafe: ["clear", "pop", "popitem", "setdefault", "update"])
    private static let integer = Methods(safe: ["bit_length", "bit_count", "conjugate"])
    private static let float = Methods(safe: ["is_integer", "conjugate"])

    /// The methods of a value's type; nil for types without any.
    static func of(_ value: Value) -> Methods? {
        switch value {
        case .string, .markup: string
        case .list: list
        case .tuple: tuple
        case .dict: dict
        case .integer, .bool: integer
        case .float: float
        default: nil
        }
    }

    /// Whether a dictionary has a method of that name, allowed or not.
    static func isKnown(_ name: String) -> Bool {
        dict.safe.contains(name) || dict.unsafe.contains(name) || isOnEveryObject(name)
    }

    /// Whether every Python object has an attribute of that name; the sandbox keeps all of them from templates.
    static func isOnEveryObject(_ name: String) -> Bool {
        name.utf8.first == UInt8(ascii: "_") && objectAttributes.contains(name)
    }

    private static let objectAttributes: Set<String> = [
        "__class__", "__delattr__", "__dir__", "__doc__", "__eq__", "__format__", "__ge__", "__getattribute__",
        "__getstate__", "__gt__", "__hash__", "__init__", "__init_subclass__", "__le__", "__lt__", "__ne__", "__new__",
        "__reduce__", "__reduce_ex__", "__repr__", "__setattr__", "__sizeof__", "__str__", "__subclasshook__",
    ]
}

extension Renderer {
    /// Calls a method that ``Methods`` lists as safe.
    func callMethod(_ base: Value, _ name: String, _ arguments: Arguments) throws -> Value {
        switch base {
        case .string(let text): return try callString(text, name, arguments, isMarkup: false)
        case .markup(let text): return try callString(text, name, arguments, isMarkup: true)
        case .list(let list), .tuple(let list): return try callList(base, list.items, name, arguments)
        case .dict(let dict): return try callDict(dict, name, arguments)
        default: return try callNumber(base, name, arguments)
        }
    }

    private func callDict(_ dict: DictValue, _ name: String, _ arguments: Arguments) throws -> Value {
        if name == "get" {
            let bound = try arguments.bound(to: name, ["key", "default"], required: 1, positionalOnly: true)
            let key = bound[0] ?? .none
            try checkHashable(key)
            return dict.value(key) ?? bound[1] ?? .none
        }
        if name == "fromkeys" { return try Globals.fromKeys(arguments, self) }
        try arguments.none(for: name)
        switch name {
        case "keys": return .view(DictView(dict, .keys))
        case "values": return .view(DictView(dict, .values))
        case "items": return .view(DictView(dict, .items))
        default: return .dict(DictValue(dict.entries))
        }
    }

    private func callList(_ base: Value, _ items: [Value], _ name: String, _ arguments: Arguments) throws -> Value {
        switch name {
        case "count":
            let wanted = try arguments.bound(to: name, ["value"], required: 1, positionalOnly: true)[0] ?? .none
            try charge(base.weight)
            return .integer(items.count { $0.equals(wanted) })
        case "index":
            let bound = try arguments.bound(to: name, ["value", "start", "stop"], required: 1, positionalOnly: true)
            let wanted = bound[0] ?? .none
            try charge(base.weight)
            let range = try SliceIndices(
                start: bound[1]?.requiredInteger(), stop: bound[2]?.requiredInteger(), step: 1, length: items.count)
            for i in range.start..<range.start + range.count where items[i].equals(wanted) { return .integer(i) }
            if case .tuple = base { throw Failure(.value, "tuple.index(x): x not in tuple") }
            throw Failure(.value, "\(wanted.repr) is not in list")
        default:
            try arguments.none(for: name)
            return .list(items)
        }
    }

    private func callNumber(_ base: Value, _ name: String, _ arguments: Arguments) throws -> Value {
        try arguments.none(for: name)
        switch (name, base) {
        case ("is_integer", .float(let float)): return .bool(float.isFinite && float == float.rounded())
        case ("conjugate", .float): return base
        case ("bit_length", _):
            return .integer(Int.bitWidth - Int((base.wholeNumber ?? 0).magnitude.leadingZeroBitCount))
        case ("bit_count", _): return .integer((base.wholeNumber ?? 0).magnitude.nonzeroBitCount)
        default: return .integer(base.wholeNumber ?? 0)
        }
    }
}
