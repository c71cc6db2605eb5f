import Diagnostics

extension Parser {
    /// Any expression; `conditional` allows `a if b else c` at the top.
    mutating func parseExpression(conditional: Bool = true) throws -> Expr {
        try nested { conditional ? try $0.parseConditional() : try $0.parseOr() }
    }

    private mutating func parseConditional() throws -> Expr {
        var offset = current.offset
        var expr = try parseOr()
        while skip(name: "if") {
            let test = try parseOr()
            var otherwise: Expr?
            if skip(name: "else") { otherwise = try parseExpression() }
            expr = try make(.conditional(test: test, then: expr, otherwise: otherwise), at: offset)
            offset = current.offset
        }
        return expr
    }

    private mutating func parseOr() throws -> Expr {
        let offset = current.offset
        var left = try parseAnd()
        while skip(name: "or") { left = try make(.or(left, try parseAnd()), at: offset) }
        return left
    }

    private mutating func parseAnd() throws -> Expr {
        let offset = current.offset
        var left = try parseNot()
        while skip(name: "and") { left = try make(.and(left, try parseNot()), at: offset) }
        return left
    }

    private mutating func parseNot() throws -> Expr {
        let offset = current.offset
        guard skip(name: "not") else { return try parseCompare() }
        return try make(.not(try nested { try $0.parseNot() }), at: offset)
    }

    private mutating func parseCompare() throws -> Expr {
        let offset = current.offset
        let first = try parseSum()
        var rest: [Expr.Comparand] = []
        while let comparison = takeComparison() {
            rest.append(Expr.Comparand(comparison: comparison, expr: try parseSum()))
        }
        return rest.isEmpty ? first : try make(.compare(first, rest), at: offset)
    }

    private mutating func takeComparison() -> Expr.Comparison? {
        if case .symbol(let symbol) = current.kind, let comparison = Expr.Comparison(rawValue: symbol.rawValue) {
            advance()
            return comparison
        }
        if skip(name: "in") { return .isIn }
        if current.isName("not"), next.isName("in") {
            advance()
            advance()
            return .isNotIn
        }
        return nil
    }

    private mutating func parseSum() throws -> Expr {
        let offset = current.offset
        var left = try parseConcatenation()
        while let binary = takeBinary([.add, .subtract]) {
            left = try make(.binary(binary, left, try parseConcatenation()), at: offset)
        }
        return left
    }

    private mutating func parseConcatenation() throws -> Expr {
        let offset = current.offset
        var parts = [try parseProduct()]
        while skip(.tilde) { parts.append(try parseProduct()) }
        return parts.count == 1 ? parts[0] : try make(.concatenation(parts), at: offset)
    }

    private mutating func parseProduct() throws -> Expr {
        let offset = current.offset
        var left = try parsePower()
        while let binary = takeBinary([.multiply, .divide, .floorDivide, .modulo]) {
            left = try make(.binary(binary, left, try parsePower()), at: offset)
        }
        return left
    }

    private mutating func parsePower() throws -> Expr {
        let offset = current.offset
        var left = try parseUnary()
        while let binary = takeBinary([.power]) {
            left = try make(.binary(binary, left, try parseUnary()), at: offset)
        }
        return left
    }

    private mutating func takeBinary(_ allowed: [Expr.BinaryOperator]) -> Expr.BinaryOperator? {
        guard case .symbol(let symbol) = current.kind, let binary = Expr.BinaryOperator(rawValue: symbol.rawValue),
            allowed.contains(binary)
        else { return nil }
        advance()
        return binary
    }

    private mutating func parseUnary(filters: Bool = true) throws -> Expr {
        let offset = current.offset
        var expr: Expr
        if case .symbol(let symbol) = current.kind, let unary = Expr.UnaryOperator(rawValue: symbol.rawValue) {
            advance()
            expr = try make(
                .unary(unary, try nested { try $0.parseUnary(filters: false) }), at: offset)
        } else {
            expr = try parsePrimary()
        }
        expr = try parsePostfix(expr)
        return filters ? try parseFiltersAndTests(expr) : expr
    }

    func isTupleEnd(until end: String? = nil) -> Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .symbol(.rightParen): true
        case .name: current.text == end
        default: false
        }
    }

    /// An expression, or several with commas between, which make a tuple.
    mutating func parseTuple(conditional: Bool = true, until end: String? = nil, inParentheses: Bool = false)
        throws -> Expr
    {
        let offset = current.offset
        var items: [Expr] = []
        var isTuple = false
        while true {
            if !items.isEmpty { try expect(.comma) }
            if isTupleEnd(until: end) { break }
            items.append(try parseExpression(conditional: conditional))
            guard current.isSymbol(.comma) else { break }
            isTuple = true
        }
        if !isTuple {
            if let only = items.first { return only }
            if !inParentheses { throw fail("Expected an expression, got '\(current.description)'") }
        }
        return try make(.tuple(items), at: offset)
    }
}
