/// An expression as written, before names are resolved.
struct Expr: Sendable {
    /// The constants that can be written.
    enum Literal: Sendable {
        case none, bool(Bool), integer(Int), float(Double), string(String)
    }

    enum BinaryOperator: String, Sendable {
        case add = "+", subtract = "-", multiply = "*", divide = "/", floorDivide = "//", modulo = "%", power = "**"
    }

    enum UnaryOperator: String, Sendable { case plus = "+", minus = "-" }

    enum Comparison: String, Sendable {
        case equal = "==", notEqual = "!=", less = "<", lessEqual = "<=", greater = ">", greaterEqual = ">="
        case isIn = "in", isNotIn = "not in"
    }

    struct Comparand: Sendable {
        let comparison: Comparison
        let expr: Expr
    }

    struct Pair: Sendable {
        let key: Expr
        let value: Expr
    }

    indirect enum Kind: Sendable {
        case constant(Literal)
        case name(String)
        case list([Expr])
        case tuple([Expr])
        case dict([Pair])
        case attribute(Expr, String)
        case item(Expr, Expr)
        case slice(Expr, start: Expr?, stop: Expr?, step: Expr?)
        case call(Expr, CallArguments)
        /// A filter; without an expression it works on the text of its block.
        case filter(Expr?, String, CallArguments)
        case test(Expr, String, CallArguments)
        case unary(UnaryOperator, Expr)
        case binary(BinaryOperator, Expr, Expr)
        case not(Expr)
        case and(Expr, Expr)
        case or(Expr, Expr)
        case compare(Expr, [Comparand])
        case concatenation([Expr])
        case conditional(test: Expr, then: Expr, otherwise: Expr?)
    }

    let kind: Kind
    /// Where the expression stands, in bytes of the source.
    let offset: Int
    /// Levels of expressions below this one, itself included; bounded, because everything after walks recursively.
    let depth: Int

    init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
        depth = 1 + kind.children.reduce(0) { max($0, $1.depth) }
    }
}

/// The arguments of a call, filter or test as written.
struct CallArguments: Sendable {
    struct Named: Sendable {
        let name: String
        let value: Expr
    }

    var positional: [Expr] = []
    var named: [Named] = []
    /// What stands after `*`.
    var spread: Expr?
    /// What stands after `**`.
    var namedSpread: Expr?

    var children: [Expr] {
        positional + named.map(\.value) + [spread, namedSpread].compactMap { $0 }
    }
}

extension Expr.Kind {
    /// The expressions directly below, in the order of evaluation.
    var children: [Expr] {
        switch self {
        case .constant, .name: []
        case .list(let items), .tuple(let items), .concatenation(let items): items
        case .dict(let pairs): pairs.flatMap { [$0.key, $0.value] }
        case .attribute(let base, _), .unary(_, let base), .not(let base): [base]
        case .item(let a, let b), .binary(_, let a, let b), .and(let a, let b), .or(let a, let b): [a, b]
        case .slice(let base, let start, let stop, let step): [base] + [start, stop, step].compactMap { $0 }
        case .call(let base, let arguments), .test(let base, _, let arguments): [base] + arguments.children
        case .filter(let base, _, let arguments): (base.map { [$0] } ?? []) + arguments.children
        case .compare(let first, let rest): [first] + rest.map(\.expr)
        case .conditional(let test, let then, let otherwise): [test, then] + (otherwise.map { [$0] } ?? [])
        }
    }
}

extension Expr {
    /// Calls `body` with every name the expression reads.
    func forEachName(_ body: (String) -> Void) {
        if case .name(let name) = kind { body(name) }
        for child in kind.children { child.forEachName(body) }
    }
}
