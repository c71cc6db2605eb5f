import Diagnostics

extension Resolver {
    func resolve(_ expr: Expr, in frame: Frame) throws -> any Expression {
        let offset = expr.offset
        switch expr.kind {
        case .constant(let literal): return ConstantExpression(literal, at: offset)
        case .name(let name): return VariableExpression(name, frame.slot(name), at: offset)
        case .list(let items): return ListExpression(try resolve(items, in: frame), isTuple: false, at: offset)
        case .tuple(let items): return ListExpression(try resolve(items, in: frame), isTuple: true, at: offset)
        case .dict(let pairs):
            var out: [DictExpression.Pair] = []
            for pair in pairs {
                let key = try resolve(pair.key, in: frame)
                out.append(DictExpression.Pair(key: key, value: try resolve(pair.value, in: frame)))
            }
            return DictExpression(out, at: offset)
        case .attribute(let base, let name): return AttributeExpression(try resolve(base, in: frame), name, at: offset)
        case .item(let base, let key):
            return ItemExpression(try resolve(base, in: frame), try resolve(key, in: frame), at: offset)
        case .slice(let base, let start, let stop, let step):
            var bounds: [(any Expression)?] = []
            for bound in [start, stop, step] { bounds.append(try resolve(bound, in: frame)) }
            return SliceExpression(try resolve(base, in: frame), bounds, at: offset)
        case .call(let callee, let arguments):
            return CallExpression(try resolve(callee, in: frame), try resolve(arguments, in: frame), at: offset)
        case .filter: return try resolveFilter(expr, in: frame)
        case .test(let base, let name, let arguments):
            let test = TestExpression(
                try resolve(base, in: frame), name, try resolve(arguments, in: frame), at: offset)
            if test.test == nil, !frame.isSoft { throw source.problem("No test named '\(name)'.", at: offset) }
            return test
        case .unary(let sign, let operand): return UnaryExpression(sign, try resolve(operand, in: frame), at: offset)
        case .binary(let sign, let left, let right):
            return BinaryExpression(sign, try resolve(left, in: frame), try resolve(right, in: frame), at: offset)
        case .not(let operand): return NotExpression(try resolve(operand, in: frame), at: offset)
        case .and(let left, let right):
            let (left, right) = (try resolve(left, in: frame), try resolve(right, in: frame))
            return LogicExpression(isAnd: true, left, right, at: offset)
        case .or(let left, let right):
            let (left, right) = (try resolve(left, in: frame), try resolve(right, in: frame))
            return LogicExpression(isAnd: false, left, right, at: offset)
        case .compare(let first, let rest):
            var comparands: [ComparisonExpression.Comparand] = []
            for comparand in rest {
                let expression = try resolve(comparand.expr, in: frame)
                comparands.append(.init(comparison: comparand.comparison, expression: expression))
            }
            return ComparisonExpression(try resolve(first, in: frame), comparands, at: offset)
        case .concatenation(let parts): return ConcatenationExpression(try resolve(parts, in: frame), at: offset)
        case .conditional(let test, let then, let otherwise):
            let wasSoft = frame.isSoft
            frame.isSoft = true
            defer { frame.isSoft = wasSoft }
            return ConditionalExpression(
                test: try resolve(test, in: frame), then: try resolve(then, in: frame),
                otherwise: try resolve(otherwise, in: frame), line: source.place(offset).line, at: offset)
        }
    }

    /// A filter or chain of filters.
    func resolveFilter(_ expr: Expr, in frame: Frame) throws -> FilterExpression {
        guard case .filter(let base, let name, let arguments) = expr.kind else {
            preconditionFailure("a chain of filters consists of filters")
        }
        let filter = FilterExpression(
            try resolve(base, in: frame), name, try resolve(arguments, in: frame), at: expr.offset)
        if filter.filter == nil, !frame.isSoft { throw source.problem("No filter named '\(name)'.", at: expr.offset) }
        return filter
    }

    private func resolve(_ exprs: [Expr], in frame: Frame) throws -> [any Expression] {
        var out: [any Expression] = []
        for expr in exprs { out.append(try resolve(expr, in: frame)) }
        return out
    }

    private func resolve(_ expr: Expr?, in frame: Frame) throws -> (any Expression)? {
        guard let expr else { return nil }
        let resolved: any Expression = try resolve(expr, in: frame)
        return resolved
    }

    private func resolve(_ arguments: CallArguments, in frame: Frame) throws -> ArgumentExpressions {
        var named: [ArgumentExpressions.Named] = []
        for argument in arguments.named {
            named.append(.init(name: argument.name, value: try resolve(argument.value, in: frame)))
        }
        return ArgumentExpressions(
            positional: try resolve(arguments.positional, in: frame), named: named,
            spread: try resolve(arguments.spread, in: frame), namedSpread: try resolve(arguments.namedSpread, in: frame)
        )
    }
}
