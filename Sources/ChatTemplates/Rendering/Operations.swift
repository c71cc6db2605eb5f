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
            let part = try r.printed(value)
            try r.charge(bytes: part.utf8.count)
            text += part
            if text.utf8.count > r.limits.textBytes { throw r.tooLarge("a text") }
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
