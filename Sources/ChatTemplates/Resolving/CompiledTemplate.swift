import Diagnostics

/// A template with all its names resolved, ready to be rendered any number of times.
struct CompiledTemplate: Sendable {
    let body: [any Executable]
    let scope: ScopeEntry
    let slotCount: Int
    let blocks: [String: NamedBlock]

    init(_ statements: [Statement], _ source: SourceText) throws {
        let layout = FunctionLayout(parent: nil)
        let frame = Frame(function: layout, parent: nil)
        frame.isTopLevel = true
        frame.visit(statements)
        var resolver = Resolver(source: source)
        body = try resolver.resolve(statements, in: frame)
        scope = ScopeEntry(frame)
        slotCount = layout.slotCount
        blocks = resolver.blocks
    }
}

/// Turns statements as written into statements that run.
struct Resolver {
    let source: SourceText
    var blocks: [String: NamedBlock] = [:]

    init(source: SourceText) { self.source = source }

    mutating func resolve(_ statements: [Statement], in frame: Frame) throws -> [any Executable] {
        var out: [any Executable] = []
        out.reserveCapacity(statements.count)
        for statement in statements { out.append(try resolve(statement, in: frame)) }
        return out
    }

    private mutating func resolve(_ statement: Statement, in frame: Frame) throws -> any Executable {
        let offset = statement.offset
        switch statement.kind {
        case .output(let parts):
            var out: [OutputStatement.Part] = []
            for part in parts {
                switch part {
                case .text(let text): out.append(.text(text))
                case .expr(let expr): out.append(.expression(try resolve(expr, in: frame)))
                }
            }
            return OutputStatement(out, at: offset)
        case .set(let target, let value):
            return SetStatement(resolve(target, in: frame), try resolve(value, in: frame), at: offset)
        case .setBlock(let target, let filter, let body):
            let inner = Frame(inside: frame)
            inner.visit(body)
            let resolved = try resolve(body, in: inner)
            let chain = try filter.map { try resolveFilter($0, in: inner) }
            return SetBlockStatement(resolve(target, in: frame), chain, ScopeEntry(inner), resolved, at: offset)
        case .condition(let branches, let otherwise): return try resolveIf(branches, otherwise, in: frame, at: offset)
        case .loop(let loop): return try resolveLoop(loop, in: frame, at: offset)
        case .macro(let macro):
            let code = try resolveMacro(macro, in: frame, at: offset)
            return MacroStatement(resolve(.name(macro.name ?? "", offset: offset), in: frame), code, at: offset)
        case .call(let macro, let call):
            let code = try resolveMacro(macro, in: frame, at: offset)
            guard let call = try resolve(call, in: frame) as? CallExpression else {
                throw source.problem("expected call", at: offset)
            }
            return CallBlockStatement(call, code, at: offset)
        case .filterBlock(let filter, let body):
            let inner = Frame(inside: frame)
            inner.visit(body)
            inner.visit(filter)
            let resolved = try resolve(body, in: inner)
            return FilterBlockStatement(try resolveFilter(filter, in: inner), ScopeEntry(inner), resolved, at: offset)
        case .with(let bindings, let body): return try resolveWith(bindings, body, in: frame, at: offset)
        case .block(let name, let scoped, let required, let body):
            return try resolveBlock(name, scoped, required, body, in: frame, at: offset)
        case .generation(let body):
            let macro = Statement.Macro(name: nil, parameters: [], body: body)
            return GenerationStatement(try resolveMacro(macro, in: frame, at: offset), at: offset)
        case .breakLoop: return JumpStatement(.breakLoop, at: offset)
        case .continueLoop: return JumpStatement(.continueLoop, at: offset)
        case .load(let template, _): return LoadStatement(try resolve(template, in: frame), at: offset)
        }
    }

    private mutating func resolveIf(
        _ branches: [Statement.Branch], _ otherwise: [Statement], in frame: Frame, at offset: Int
    ) throws -> any Executable {
        let wasSoft = frame.isSoft
        frame.isSoft = true
        defer { frame.isSoft = wasSoft }
        var out: [IfStatement.Branch] = []
        for branch in branches {
            let test = try resolve(branch.test, in: frame)
            out.append(IfStatement.Branch(test: test, body: try resolve(branch.body, in: frame)))
        }
        return IfStatement(out, try resolve(otherwise, in: frame), at: offset)
    }

    private mutating func resolveLoop(_ loop: Statement.Loop, in frame: Frame, at offset: Int) throws
        -> any Executable
    {
        let iterable = try resolve(loop.iterable, in: frame)
        let layout = loop.recursive ? FunctionLayout(parent: frame.layout) : frame.layout
        let outer = loop.recursive ? Frame(function: layout, parent: frame) : frame
        let inner = Frame(inside: outer)
        let usesLoop = loop.recursive || !Statement.undeclared(["loop"], in: loop.body).isEmpty
        if usesLoop { inner.declareParameter("loop") }
        for name in loop.target.names { inner.declareParameter(name) }
        inner.visit(loop.body)
        let elseFrame = Frame(inside: outer)
        elseFrame.visit(loop.otherwise)

        var test: ForStatement.LoopTest?
        if let condition = loop.test {
            let testFrame = Frame(inside: outer)
            for name in loop.target.names { testFrame.declareParameter(name) }
            testFrame.visit(condition)
            let resolved = try resolve(condition, in: testFrame)
            let target = resolve(loop.target, in: testFrame)
            test = ForStatement.LoopTest(target: target, scope: ScopeEntry(testFrame), condition: resolved)
        }
        let body = try resolve(loop.body, in: inner)
        let otherwise = try resolve(loop.otherwise, in: elseFrame)
        return ForStatement(
            target: resolve(loop.target, in: inner), iterable: iterable, test: test, body: body,
            scope: ScopeEntry(inner), otherwise: otherwise, otherwiseScope: ScopeEntry(elseFrame),
            loopSlot: usesLoop ? inner.slot("loop") : nil, slotCount: loop.recursive ? layout.slotCount : nil,
            at: offset)
    }

    private mutating func resolveMacro(_ macro: Statement.Macro, in frame: Frame, at offset: Int) throws
        -> MacroCode
    {
        let layout = FunctionLayout(parent: frame.layout)
        let inner = Frame(function: layout, parent: frame)
        for parameter in macro.parameters { inner.declareParameter(parameter.name) }
        for parameter in macro.parameters { inner.visit(parameter.fallback) }
        inner.visit(macro.body)
        let special = Statement.undeclared(["caller", "kwargs", "varargs"], in: macro.body)
        var slots: [String: Slot] = [:]
        for name in special.sorted() {
            if let parameter = macro.parameters.first(where: { $0.name == name }) {
                if name == "caller", parameter.fallback == nil {
                    let message =
                        "When defining macros or call blocks the special \"caller\" argument must be omitted or be"
                        + " given a default."
                    throw source.problem(message, at: offset)
                }
            } else {
                inner.declareParameter(name)
                slots[name] = inner.slot(name)
            }
        }
        var parameters: [MacroCode.Parameter] = []
        for parameter in macro.parameters {
            let fallback = try parameter.fallback.map { try resolve($0, in: inner) }
            guard let slot = inner.slot(parameter.name) else { continue }
            parameters.append(MacroCode.Parameter(name: parameter.name, slot: slot, fallback: fallback))
        }
        let body = try resolve(macro.body, in: inner)
        let entry = ScopeEntry(inner)
        return MacroCode(
            name: macro.name, parameters: parameters, slotCount: layout.slotCount, scope: entry, body: body,
            caller: slots["caller"], kwargs: slots["kwargs"], varargs: slots["varargs"])
    }

    private mutating func resolveWith(
        _ bindings: [Statement.Binding], _ body: [Statement], in frame: Frame, at offset: Int
    ) throws -> any Executable {
        let inner = Frame(inside: frame)
        for binding in bindings { for name in binding.target.names { inner.declareParameter(name) } }
        inner.visit(body)
        var out: [WithStatement.Binding] = []
        for binding in bindings {
            let value = try resolve(binding.value, in: frame)
            out.append(WithStatement.Binding(target: resolve(binding.target, in: inner), value: value))
        }
        let resolved = try resolve(body, in: inner)
        return WithStatement(out, ScopeEntry(inner), resolved, at: offset)
    }

    private mutating func resolveBlock(
        _ name: String, _ scoped: Bool, _ required: Bool, _ body: [Statement], in frame: Frame, at offset: Int
    ) throws -> any Executable {
        if blocks[name] != nil { throw source.problem("block '\(name)' defined twice", at: offset) }
        let layout = FunctionLayout(parent: nil)
        let inner = Frame(function: layout, parent: nil)
        inner.visit(body)
        let resolved = try resolve(body, in: inner)
        let entry = ScopeEntry(inner)
        blocks[name] = NamedBlock(name: name, slotCount: layout.slotCount, scope: entry, body: resolved)
        var locals: [BlockStatement.Local] = []
        var outer: Frame? = scoped ? frame : nil
        while let current = outer {
            for stored in current.symbols.stores.sorted() where !locals.contains(where: { $0.name == stored }) {
                if let slot = frame.slot(stored) { locals.append(BlockStatement.Local(name: stored, slot: slot)) }
            }
            outer = current.parent
        }
        return BlockStatement(name, required: required, locals: locals, at: offset)
    }

    /// A target with its names resolved.
    func resolve(_ target: Target, in frame: Frame) -> Assignee {
        switch target {
        case .name(let name, _):
            guard let slot = frame.slot(name) else { preconditionFailure("no variable for the written name \(name)") }
            return .variable(slot, context: frame.isTopLevel ? name : nil)
        case .attribute(let name, let attribute, _): return .attribute(frame.slot(name), attribute, of: name)
        case .tuple(let targets, _): return .tuple(targets.map { resolve($0, in: frame) })
        }
    }
}
