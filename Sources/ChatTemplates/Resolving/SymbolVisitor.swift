// The walk over statements that finds out which names a scope reads and writes, in Jinja's order.

extension Frame {
    /// Notes what statements of this scope read and write, without going into scopes of their own.
    func visit(_ statements: [Statement]) {
        for statement in statements { visit(statement) }
    }

    func visit(_ expr: Expr?) { expr?.forEachName(load) }

    func visit(_ arguments: CallArguments) {
        for child in arguments.children { visit(child) }
    }

    /// Notes the names a target writes; the namespaces it writes into are read.
    func visit(_ target: Target) {
        switch target {
        case .name(let name, _): store(name)
        case .attribute(let name, _, _): load(name)
        case .tuple(let targets, _): for target in targets { visit(target) }
        }
    }

    private func visit(_ statement: Statement) {
        switch statement.kind {
        case .output(let parts):
            for case .expr(let expr) in parts { visit(expr) }
        case .set(let target, let expr):
            visit(expr)
            visit(target)
        case .setBlock(let target, _, _): visit(target)
        case .condition(let branches, let otherwise): visit(branches[...], otherwise)
        case .loop(let loop): visit(loop.iterable)
        case .macro(let macro): if let name = macro.name { store(name) }
        case .call(_, let call): visit(call)
        case .filterBlock(let filter, _): visit(filter)
        case .with(let bindings, _): for binding in bindings { visit(binding.value) }
        case .load(let expr, let names):
            visit(expr)
            names.forEach(store)
        case .block, .generation, .breakLoop, .continueLoop: break
        }
    }

    private func visit(_ branches: ArraySlice<Statement.Branch>, _ otherwise: [Statement]) {
        guard let first = branches.first else { return }
        visit(first.test)
        let body = onCopy { visit(first.body) }
        let middle = onCopy { for branch in branches.dropFirst() { visit([branch], []) } }
        let last = onCopy { visit(otherwise) }
        merge([body, middle, last])
    }

    private func onCopy(_ body: () -> Void) -> Symbols {
        let original = symbols
        body()
        defer { symbols = original }
        return symbols
    }
}

extension Statement {
    /// Whether `names` are read somewhere in the statements before something there writes them: which of them.
    static func undeclared(_ names: Set<String>, in statements: [Statement]) -> Set<String> {
        var search = UndeclaredSearch(names: names)
        search.visit(statements)
        return search.found
    }
}

/// Finds special names that are read although nothing before defines them, nested scopes included.
private struct UndeclaredSearch {
    var names: Set<String>
    var found: Set<String> = []

    mutating func visit(_ statements: [Statement]) { for statement in statements { visit(statement) } }

    private mutating func visit(_ expr: Expr?) {
        guard let expr else { return }
        var read: [String] = []
        expr.forEachName { read.append($0) }
        for name in read where names.contains(name) { found.insert(name) }
    }

    private mutating func visit(_ target: Target) { names.subtract(target.names) }

    private mutating func visit(_ parameters: [Statement.Parameter]) {
        for parameter in parameters { names.remove(parameter.name) }
        for parameter in parameters { visit(parameter.fallback) }
    }

    private mutating func visit(_ statement: Statement) {
        switch statement.kind {
        case .output(let parts): for case .expr(let expr) in parts { visit(expr) }
        case .set(let target, let expr):
            visit(target)
            visit(expr)
        case .setBlock(let target, let filter, let body):
            visit(target)
            visit(filter)
            visit(body)
        case .condition(let branches, let otherwise):
            for branch in branches {
                visit(branch.test)
                visit(branch.body)
            }
            visit(otherwise)
        case .loop(let loop):
            visit(loop.target)
            visit(loop.iterable)
            visit(loop.body)
            visit(loop.otherwise)
            visit(loop.test)
        case .macro(let macro):
            visit(macro.parameters)
            visit(macro.body)
        case .call(let macro, let call):
            visit(call)
            visit(macro.parameters)
            visit(macro.body)
        case .filterBlock(let filter, let body):
            visit(body)
            visit(filter)
        case .with(let bindings, let body):
            for binding in bindings { visit(binding.target) }
            for binding in bindings { visit(binding.value) }
            visit(body)
        case .generation(let body): visit(body)
        case .load(let expr, _): visit(expr)
        case .block, .breakLoop, .continueLoop: break
        }
    }
}
