extension Filters {
    @Sendable static func map(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        var source: ValueIterator?
        var change: ((Value) throws -> Value)?
        return .iterator(
            IteratorValue(over: value) { _ in
                if source == nil {
                    guard value.isTrue else { return nil }
                    change = try mapping(r, a)
                    source = try r.iterate(value)
                }
                guard let item = try source?.next() else { return nil }
                try r.charge(1)
                return try change?(item)
            })
    }

    /// What `map` does to each item: look up an attribute or apply a filter.
    private static func mapping(_ r: Renderer, _ arguments: Arguments) throws -> (Value) throws -> Value {
        var arguments = arguments
        if arguments.positional.isEmpty, let attribute = arguments.take("attribute") {
            let path = try AttributePath(attribute, fallback: arguments.take("default"))
            if let extra = arguments.named.first {
                throw Failure(.filterArgument, "Unexpected keyword argument \(pythonRepr(extra.name))")
            }
            return { try path.value(of: $0, r) }
        }
        guard !arguments.positional.isEmpty else {
            throw Failure(.filterArgument, "map requires a filter argument")
        }
        let name = arguments.positional.removeFirst()
        guard let filter = name.text.flatMap(named) else { throw unknown("filter", name) }
        return { try r.checked(filter(r, $0, arguments)) }
    }

    private static func unknown(_ kind: String, _ name: Value) -> Failure {
        var message = "No \(kind) named \(name.repr)."
        if case .undefined(let undefined) = name {
            message += " (\(undefined.failure.message); did you forget to quote the callable name?)"
        }
        return Failure(.templateRuntime, message)
    }

    static func select(_ r: Renderer, _ value: Value, _ a: Arguments, byAttribute: Bool, keeping: Bool) -> Value {
        var source: ValueIterator?
        var test: ((Value) throws -> Bool)?
        return .iterator(
            IteratorValue(over: value) { _ in
                if source == nil {
                    guard value.isTrue else { return nil }
                    test = try selection(r, a, byAttribute: byAttribute)
                    source = try r.iterate(value)
                }
                while let item = try source?.next() {
                    try r.charge(1)
                    if try test?(item) == keeping { return item }
                }
                return nil
            })
    }

    private static func selection(_ r: Renderer, _ arguments: Arguments, byAttribute: Bool) throws
        -> (Value) throws -> Bool
    {
        var arguments = arguments
        var path = try AttributePath(nil)
        if byAttribute {
            guard !arguments.positional.isEmpty else {
                throw Failure(.filterArgument, "Missing parameter for attribute name")
            }
            path = try AttributePath(arguments.positional.removeFirst())
        }
        guard !arguments.positional.isEmpty else { return { try path.value(of: $0, r).isTrue } }
        let name = arguments.positional.removeFirst()
        guard let test = name.text.flatMap(Tests.named) else {
            let failure = unknown("test", name)
            return { _ in throw failure }
        }
        return { try test(r, path.value(of: $0, r), arguments) }
    }
}

/// A path such as `function.name` or `0.role` into an item, as filters take it.
struct AttributePath {
    private let parts: [Value]
    private let fallback: Value

    init(_ attribute: Value?, fallback: Value? = nil) throws {
        self.fallback = fallback ?? .none
        switch attribute {
        case nil, .some(.none): parts = []
        case .some(.string(let text)), .some(.markup(let text)):
            parts = text.pieces(separatedBy: ".", limit: -1).map { part in
                let isNumber = !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                return isNumber ? Int(part).map(Value.integer) ?? .string(part) : .string(part)
            }
        case .some(let other): parts = [other]
        }
    }

    func value(of item: Value, _ r: Renderer) throws -> Value {
        var value = item
        for part in parts {
            value = try r.item(value, part)
            if value.isUndefined, !fallback.isNone { value = fallback }
        }
        return value
    }
}

extension Value {
    /// Texts in lower case, anything else as it is.
    var ignoringCase: Value {
        switch self {
        case .string(let text): .string(lowercased(text))
        case .markup(let text): .markup(lowercased(text))
        default: self
        }
    }
}

extension Renderer {
    /// Python's `sorted(items, key=…, reverse=…)`: stable both ways.
    func sorted<T>(_ items: [T], reverse: Bool = false, key: (T) throws -> Value) throws -> [T] {
        let keyed = try items.map { (item: $0, key: try key($0)) }
        // So many comparisons each key takes part in.
        let rounds = 1 + items.count.bitWidth - items.count.leadingZeroBitCount
        for (_, key) in keyed { try charge(key.weight.multipliedClamped(by: rounds)) }
        let comparison: Expr.Comparison = .less
        return try keyed.sorted { a, b in
            reverse ? try b.key.isOrdered(comparison, a.key) : try a.key.isOrdered(comparison, b.key)
        }.map(\.item)
    }

    func sorted<T>(_ items: [T], by key: (T) throws -> Value) throws -> [T] { try sorted(items, key: key) }
}
