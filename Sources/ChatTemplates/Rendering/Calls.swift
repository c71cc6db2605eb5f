/// The arguments of a call as evaluated.
struct Arguments {
    var positional: [Value] = []
    var named: [(name: String, value: Value)] = []

    var isEmpty: Bool { positional.isEmpty && named.isEmpty }

    /// What it takes to go through all of them, see ``Value/weight``.
    var weight: Int {
        let weight = positional.reduce(0) { $0.addedClamped($1.weight) }
        return named.reduce(weight) { $0.addedClamped($1.value.weight) }
    }

    /// Takes the named argument out.
    mutating func take(_ name: String) -> Value? {
        guard let at = named.firstIndex(where: { $0.name == name }) else { return nil }
        return named.remove(at: at).value
    }
}

/// The arguments of a call, filter or test, ready to be evaluated.
struct ArgumentExpressions: Sendable {
    struct Named: Sendable {
        let name: String
        let value: any Expression
    }

    let positional: [any Expression]
    let named: [Named]
    let spread: (any Expression)?
    let namedSpread: (any Expression)?

    func evaluate(_ r: Renderer) throws -> Arguments {
        var arguments = Arguments()
        if !positional.isEmpty { arguments.positional = try positional.map(r.evaluate) }
        if !named.isEmpty { arguments.named = try named.map { ($0.name, try r.evaluate($0.value)) } }
        if let spread { arguments.positional += try r.items(r.evaluate(spread)) }
        if let namedSpread {
            let value = try r.evaluate(namedSpread)
            guard case .dict(let dict) = value else {
                if case .undefined(let undefined) = value { throw undefined.failure }
                throw Failure(.type, "argument after ** must be a mapping, not \(value.typeName)")
            }
            for entry in dict.entries {
                guard let name = entry.key.text else { throw Failure(.type, "keywords must be strings") }
                if arguments.named.contains(where: { sameText($0.name, name) }) {
                    throw Failure(.type, "got multiple values for keyword argument '\(name)'")
                }
                arguments.named.append((name, entry.value))
            }
        }
        return arguments
    }
}

final class CallExpression: Expression {
    let offset: Int
    let callee: any Expression
    let arguments: ArgumentExpressions
    /// The attribute called, when that is what is called: then no method object needs to be made.
    private let method: AttributeExpression?

    init(_ callee: any Expression, _ arguments: ArgumentExpressions, at offset: Int) {
        (self.callee, self.arguments, self.offset) = (callee, arguments, offset)
        method = callee as? AttributeExpression
    }

    func evaluate(_ r: Renderer) throws -> Value { try evaluate(r, caller: nil) }

    /// Calls with the body of a call block as one more argument.
    func evaluate(_ r: Renderer, caller: Value?) throws -> Value {
        if let method, caller == nil {
            let base = try r.evaluate(method.base)
            if let methods = Methods.of(base), methods.safe.contains(method.name) {
                return try r.checked(r.callMethod(base, method.name, arguments.evaluate(r)))
            }
            return try call(r.attribute(base, method.name), r, caller: nil)
        }
        return try call(r.evaluate(callee), r, caller: caller)
    }

    private func call(_ function: Value, _ r: Renderer, caller: Value?) throws -> Value {
        var arguments = try arguments.evaluate(r)
        if let caller { arguments.named.append(("caller", caller)) }
        switch function {
        case .object(let object): return try r.checked(object.call(arguments, r))
        case .undefined(let undefined): throw undefined.failure
        default: throw Failure(.type, "'\(function.typeName)' object is not callable")
        }
    }
}

final class FilterExpression: Expression {
    let offset: Int
    /// What is filtered; nil for the text of a filter block, which is then passed in.
    let base: (any Expression)?
    let name: String
    let filter: Filters.Function?
    let arguments: ArgumentExpressions

    init(_ base: (any Expression)?, _ name: String, _ arguments: ArgumentExpressions, at offset: Int) {
        (self.base, self.name, self.arguments, self.offset) = (base, name, arguments, offset)
        filter = Filters.named(name)
    }

    func evaluate(_ r: Renderer) throws -> Value { try evaluate(r, text: nil) }

    func evaluate(_ r: Renderer, text: Value?) throws -> Value {
        // A chain of filters on a block begins at its innermost filter.
        let value: Value
        if let inner = base as? FilterExpression, text != nil {
            value = try inner.evaluate(r, text: text)
        } else {
            value = try base.map(r.evaluate) ?? text ?? .none
        }
        let arguments = try arguments.evaluate(r)
        try r.charge(value.weight.addedClamped(arguments.weight))
        guard let filter else { throw Failure(.templateRuntime, "No filter named \(pythonRepr(name)) found.") }
        return try r.checked(filter(r, value, arguments))
    }
}

final class TestExpression: Expression {
    let offset: Int
    let base: any Expression
    let name: String
    let test: Tests.Function?
    let arguments: ArgumentExpressions

    init(_ base: any Expression, _ name: String, _ arguments: ArgumentExpressions, at offset: Int) {
        (self.base, self.name, self.arguments, self.offset) = (base, name, arguments, offset)
        test = Tests.named(name)
    }

    func evaluate(_ r: Renderer) throws -> Value {
        let value = try r.evaluate(base)
        let arguments = try arguments.evaluate(r)
        try r.charge(value.weight)
        guard let test else { throw Failure(.templateRuntime, "No test named \(pythonRepr(name)) found.") }
        return .bool(try test(r, value, arguments))
    }
}
