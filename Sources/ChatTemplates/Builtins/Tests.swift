/// What stands after `is`.
enum Tests {
    typealias Function = @Sendable (Renderer, Value, Arguments) throws -> Bool

    /// The test of a name.
    static func named(_ name: String) -> Function? { all[name] }

    private static let all: [String: Function] = {
        var tests: [String: Function] = [
            "odd": { r, value, _ in try remainder(r, value, .integer(2)).equals(.integer(1)) },
            "even": { r, value, _ in try remainder(r, value, .integer(2)).equals(.integer(0)) },
            "divisibleby": { r, value, a in
                try remainder(r, value, one(a, "test_divisibleby", "num")).equals(.integer(0))
            },
            "sameas": { _, value, a in value.isSame(as: try one(a, "test_sameas", "other")) },
            "in": { r, value, a in try r.contains(try one(a, "in", "seq"), value) },
            "filter": { _, value, _ in
                if let failure = value.unhashable { throw failure }
                return value.text.map { Filters.named($0) != nil } ?? false
            },
            "test": { _, value, _ in
                if let failure = value.unhashable { throw failure }
                return value.text.map { named($0) != nil } ?? false
            },
        ]
        let simple: [String: @Sendable (Value) -> Bool] = [
            "defined": { !$0.isUndefined },
            "undefined": { $0.isUndefined },
            "none": { $0.isNone },
            "boolean": { if case .bool = $0 { true } else { false } },
            "true": { if case .bool(true) = $0 { true } else { false } },
            "false": { if case .bool(false) = $0 { true } else { false } },
            "integer": {
                switch $0 {
                case .integer, .large: true
                default: false
                }
            },
            "float": { if case .float = $0 { true } else { false } },
            "number": { $0.number != nil },
            "string": { $0.text != nil },
            "mapping": { if case .dict = $0 { true } else { false } },
            "sequence": isSequence,
            "iterable": { $0.isIterable },
            "callable": isCallable,
            "escaped": { if case .markup = $0 { true } else { false } },
            "lower": { isLower($0.printed) },
            "upper": { isUpper($0.printed) },
        ]
        for (name, test) in simple {
            tests[name] = { _, value, arguments in
                let given = arguments.positional.count + 1
                if given > 1 {
                    throw Failure(.type, "test_\(name)() takes 1 positional argument but \(given) were given")
                }
                try arguments.none(for: "test_" + name)
                return test(value)
            }
        }
        let comparisons: [(Expr.Comparison, [String])] = [
            (.equal, ["==", "eq", "equalto"]), (.notEqual, ["!=", "ne"]),
            (.greater, [">", "gt", "greaterthan"]), (.greaterEqual, [">=", "ge"]),
            (.less, ["<", "lt", "lessthan"]), (.lessEqual, ["<=", "le"]),
        ]
        for (comparison, names) in comparisons {
            for name in names {
                tests[name] = { r, value, arguments in try r.compare(comparison, value, one(arguments, name, "b")) }
            }
        }
        return tests
    }()

    private static func one(_ arguments: Arguments, _ function: String, _ parameter: String) throws -> Value {
        try arguments.bound(to: function, [parameter], required: 1)[0] ?? .none
    }

    private static func remainder(_ r: Renderer, _ a: Value, _ b: Value) throws -> Value { try r.binary(.modulo, a, b) }

    @Sendable private static func isSequence(_ value: Value) -> Bool {
        switch value {
        case .undefined, .string, .markup, .list, .tuple, .dict, .range: true
        default: false
        }
    }

    @Sendable private static func isCallable(_ value: Value) -> Bool {
        switch value {
        case .undefined: true
        case .object(let object): object.isCallable
        default: false
        }
    }
}

extension Value {
    /// Whether a loop can go over it.
    var isIterable: Bool {
        switch self {
        case .none, .bool, .integer, .large, .float, .missing: false
        case .object(let object): object is LoopValue
        default: true
        }
    }
}
