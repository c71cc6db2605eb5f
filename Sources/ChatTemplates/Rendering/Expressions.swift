/// An expression with its names resolved, ready to be evaluated.
protocol Expression: AnyObject, Sendable {
    var offset: Int { get }
    /// Called through ``Renderer/evaluate(_:)`` only, which counts steps and depth.
    func evaluate(_ r: Renderer) throws -> Value
}

final class ConstantExpression: Expression {
    let offset: Int
    let literal: Expr.Literal

    init(_ literal: Expr.Literal, at offset: Int) { (self.literal, self.offset) = (literal, offset) }

    func evaluate(_ r: Renderer) -> Value { Value(literal) }
}

final class VariableExpression: Expression {
    let offset: Int
    let name: String
    let slot: Slot?

    init(_ name: String, _ slot: Slot?, at offset: Int) { (self.name, self.slot, self.offset) = (name, slot, offset) }

    func evaluate(_ r: Renderer) -> Value {
        let value = slot.map(r.value) ?? r.resolve(name)
        if case .missing = value { return .undefined(Undefined(name: name)) }
        return value
    }
}

final class AttributeExpression: Expression {
    let offset: Int
    let base: any Expression
    let name: String
    /// Whether some type has a method of that name; if none has, a dictionary need not be asked for it.
    private let mayBeMethod: Bool

    init(_ base: any Expression, _ name: String, at offset: Int) {
        (self.base, self.name, self.offset) = (base, name, offset)
        mayBeMethod = Methods.isKnown(name)
    }

    func evaluate(_ r: Renderer) throws -> Value {
        let owner = try r.evaluate(base)
        if !mayBeMethod, case .dict(let dict) = owner {
            return dict.value(name) ?? .undefined(Undefined(of: owner, name: .string(name)))
        }
        return try r.attribute(owner, name)
    }
}

final class ItemExpression: Expression {
    let offset: Int
    let base: any Expression
    let key: any Expression

    init(_ base: any Expression, _ key: any Expression, at offset: Int) {
        (self.base, self.key, self.offset) = (base, key, offset)
    }

    func evaluate(_ r: Renderer) throws -> Value { try r.item(r.evaluate(base), r.evaluate(key)) }
}

final class SliceExpression: Expression {
    let offset: Int
    let base: any Expression
    let bounds: [(any Expression)?]

    init(_ base: any Expression, _ bounds: [(any Expression)?], at offset: Int) {
        (self.base, self.bounds, self.offset) = (base, bounds, offset)
    }

    func evaluate(_ r: Renderer) throws -> Value {
        let owner = try r.evaluate(base)
        let values = try bounds.map { bound in try bound.map(r.evaluate) ?? .none }
        return try r.slice(owner, values[0], values[1], values[2])
    }
}

final class ListExpression: Expression {
    let offset: Int
    let items: [any Expression]
    let isTuple: Bool

    init(_ items: [any Expression], isTuple: Bool, at offset: Int) {
        (self.items, self.isTuple, self.offset) = (items, isTuple, offset)
    }

    func evaluate(_ r: Renderer) throws -> Value {
        let list = ListValue(try items.map(r.evaluate))
        return try r.checked(isTuple ? .tuple(list) : .list(list))
    }
}

final class DictExpression: Expression {
    struct Pair: Sendable {
        let key: any Expression
        let value: any Expression
    }

    let offset: Int
    let pairs: [Pair]

    init(_ pairs: [Pair], at offset: Int) { (self.pairs, self.offset) = (pairs, offset) }

    func evaluate(_ r: Renderer) throws -> Value {
        let entries = try pairs.map { (key: try r.evaluate($0.key), value: try r.evaluate($0.value)) }
        for entry in entries { try r.checkHashable(entry.key) }
        return try r.checked(.dict(DictValue(entries)))
    }
}
