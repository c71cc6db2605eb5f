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

final class UnaryExpression: Expression {
    let offset: Int
    let sign: Expr.UnaryOperator
    let operand: any Expression

    init(_ sign: Expr.UnaryOperator, _ operand: any Expression, at offset: Int) {
        (self.sign, self.operand, self.offset) = (sign, operand, offset)
    }

    func evaluate(_ r: Renderer) throws -> Value { try r.unary(sign, r.evaluate(operand)) }
}

final class BinaryExpression: Expression {
    let offset: Int
    let sign: Expr.BinaryOperator
    let left: any Expression
    let right: any Expression

    init(_ sign: Expr.BinaryOperator, _ left: any Expression, _ right: any Expression, at offset: Int) {
        (self.sign, self.left, self.right, self.offset) = (sign, left, right, offset)
    }

    func evaluate(_ r: Renderer) throws -> Value { try r.binary(sign, r.evaluate(left), r.evaluate(right)) }
}

final class NotExpression: Expression {
    let offset: Int
    let operand: any Expression

    init(_ operand: any Expression, at offset: Int) { (self.operand, self.offset) = (operand, offset) }

    func evaluate(_ r: Renderer) throws -> Value { .bool(!(try r.evaluate(operand).isTrue)) }
}

/// `and` and `or`: the value of the operand that decides.
final class LogicExpression: Expression {
    let offset: Int
    let isAnd: Bool
    let left: any Expression
    let right: any Expression

    init(isAnd: Bool, _ left: any Expression, _ right: any Expression, at offset: Int) {
        (self.isAnd, self.left, self.right, self.offset) = (isAnd, left, right, offset)
    }

    func evaluate(_ r: Renderer) throws -> Value {
        let first = try r.evaluate(left)
        return first.isTrue == isAnd ? try r.evaluate(right) : first
    }
}

final class ComparisonExpression: Expression {
    struct Comparand: Sendable {
        let comparison: Expr.Comparison
        let expression: any Expression
    }

    let offset: Int
    let first: any Expression
    let rest: [Comparand]

    init(_ first: any Expression, _ rest: [Comparand], at offset: Int) {
        (self.first, self.rest, self.offset) = (first, rest, offset)
    }

    func evaluate(_ r: Renderer) throws -> Value {
        var left = try r.evaluate(first)
        for comparand in rest {
            let right = try r.evaluate(comparand.expression)
            guard try r.compare(comparand.comparison, left, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }
}

extension Renderer {
    func compare(_ comparison: Expr.Comparison, _ a: Value, _ b: Value) throws -> Bool {
        try charge(min(a.weight, b.weight))
        return switch comparison {
        case .equal: a.equals(b)
        case .notEqual: !a.equals(b)
        case .isIn: try contains(b, a)
        case .isNotIn: !(try contains(b, a))
        default: try a.isOrdered(comparison, b)
        }
    }
}

final class ConcatenationExpression: Expression {
    let offset: Int
    let parts: [any Expression]

    init(_ parts: [any Expression], at offset: Int) { (self.parts, self.offset) = (parts, offset) }

    func evaluate(_ r: Renderer) throws -> Value {
        var text = ""
        for value in try parts.map(r.evaluate) {
            text += try r.printed(value)
            try r.checkSize(text.utf8.count)
        }
        return .string(text)
    }
}

final class ConditionalExpression: Expression {
    let offset: Int
    let test: any Expression
    let then: any Expression
    let otherwise: (any Expression)?
    let line: Int

    init(test: any Expression, then: any Expression, otherwise: (any Expression)?, line: Int, at offset: Int) {
        (self.test, self.then, self.otherwise) = (test, then, otherwise)
        (self.line, self.offset) = (line, offset)
    }

    func evaluate(_ r: Renderer) throws -> Value {
        if try r.evaluate(test).isTrue { return try r.evaluate(then) }
        if let otherwise { return try r.evaluate(otherwise) }
        let hint =
            "the inline if-expression on line \(line) evaluated to false and no else section was defined."
        return .undefined(Undefined(hint: hint))
    }
}
