import Diagnostics

extension Parser {
    /// One statement, from the tag's name up to but not including the end of its last tag.
    mutating func parseStatement() throws -> Statement {
        let tag = current
        guard tag.kind == .name else { throw fail("tag name expected") }
        advance()
        let kind: Statement.Kind
        switch tag.text {
        case "set": kind = try parseSet()
        case "if": kind = try parseIf()
        case "for": kind = try parseFor()
        case "macro": kind = try parseMacro()
        case "call": kind = try parseCall()
        case "filter":
            let filter = try parseFilterChain(nil, inline: true)
            kind = .filterBlock(filter, body: try parseBlock(until: "endfilter").body)
        case "with": kind = try parseWith()
        case "block": kind = try parseNamedBlock()
        case "print": kind = try parsePrint()
        case "generation":
            usesGenerationBlocks = true
            kind = .generation(
                body: try outsideLoops { try $0.parseBlock(until: "endgeneration").body })
        case "break", "continue":
            guard loopDepth > 0 else { throw fail("'\(tag.text)' outside loop", at: tag.offset) }
            kind = tag.text == "break" ? .breakLoop : .continueLoop
        case "include", "import", "from", "extends": kind = try parseLoad(tag.text)
        case "autoescape": throw fail("autoescape blocks are not supported in chat templates", at: tag.offset)
        default: throw unknownTag(tag)
        }
        return Statement(kind: kind, offset: tag.offset)
    }

    /// Runs `body` where no loop can be left: Jinja makes a function of it.
    private mutating func outsideLoops<T>(_ body: (inout Parser) throws -> T) throws -> T {
        let saved = loopDepth
        loopDepth = 0
        defer { loopDepth = saved }
        return try body(&self)
    }

    private mutating func parseSet() throws -> Statement.Kind {
        let offset = current.offset
        let target = try parseTarget(namespaces: true)
        if target.names.contains("loop"), isInsideFor {
            throw fail("Can't assign to special loop variable in for-loop target", at: offset)
        }
        if skip(.assign) { return .set(target, try parseTuple()) }
        let filter = current.isSymbol(.pipe) ? try parseFilterChain(nil, inline: false) : nil
        return .setBlock(target, filter: filter, body: try parseBlock(until: "endset").body)
    }

    private mutating func parseIf() throws -> Statement.Kind {
        var branches: [Statement.Branch] = []
        while true {
            let test = try parseTuple(conditional: false)
            let (body, end) = try parseBlock(until: "elif", "else", "endif")
            branches.append(Statement.Branch(test: test, body: body))
            switch end {
            case "elif": continue
            case "else": return .condition(branches, otherwise: try parseBlock(until: "endif").body)
            default: return .condition(branches, otherwise: [])
            }
        }
    }

    private mutating func parseFor() throws -> Statement.Kind {
        let offset = current.offset
        let target = try parseTarget(namespaces: false, until: "in")
        if target.names.contains("loop") {
            throw fail("Can't assign to special loop variable in for-loop target", at: offset)
        }
        try expect(name: "in")
        let iterable = try parseTuple(conditional: false, until: "recursive")
        let test = skip(name: "if") ? try parseExpression() : nil
        let recursive = skip(name: "recursive")
        loopDepth += 1
        let (body, end) = try parseBlock(until: "endfor", "else")
        loopDepth -= 1
        var otherwise: [Statement] = []
        if end == "else" {
            // A recursive loop is a function in Jinja, so its `else` part lies outside every loop.
            otherwise =
                recursive
                ? try outsideLoops { try $0.parseBlock(until: "endfor").body }
                : try parseBlock(until: "endfor").body
        }
        let loop = Statement.Loop(
            target: target, iterable: iterable, test: test, recursive: recursive, body: body, otherwise: otherwise)
        return .loop(loop)
    }

    private mutating func parseMacro() throws -> Statement.Kind {
        let name = try assignableName()
        let parameters = try parseParameters()
        let body = try outsideLoops { try $0.parseBlock(until: "endmacro").body }
        return .macro(Statement.Macro(name: name, parameters: parameters, body: body))
    }

    private mutating func parseCall() throws -> Statement.Kind {
        let parameters = current.isSymbol(.leftParen) ? try parseParameters() : []
        let offset = current.offset
        let call = try parseExpression()
        guard case .call = call.kind else { throw fail("expected call", at: offset) }
        let body = try outsideLoops { try $0.parseBlock(until: "endcall").body }
        return .call(Statement.Macro(name: nil, parameters: parameters, body: body), call: call)
    }

    private mutating func parseParameters() throws -> [Statement.Parameter] {
        var parameters: [Statement.Parameter] = []
        try expect(.leftParen)
        while !current.isSymbol(.rightParen) {
            if !parameters.isEmpty { try expect(.comma) }
            let offset = current.offset
            let name = try assignableName()
            if parameters.contains(where: { $0.name == name }) {
                throw fail("duplicate argument '\(name)'", at: offset)
            }
            let fallback = skip(.assign) ? try parseExpression() : nil
            if fallback == nil, parameters.last?.fallback != nil {
                throw fail("non-default argument follows default argument", at: offset)
            }
            parameters.append(Statement.Parameter(name: name, fallback: fallback))
        }
        try expect(.rightParen)
        return parameters
    }

    private mutating func parseWith() throws -> Statement.Kind {
        var bindings: [Statement.Binding] = []
        while current.kind != .blockEnd {
            if !bindings.isEmpty { try expect(.comma) }
            let target = try parseTarget(namespaces: false)
            try expect(.assign)
            bindings.append(Statement.Binding(target: target, value: try parseExpression()))
        }
        return .with(bindings, body: try parseBlock(until: "endwith").body)
    }

    private mutating func parseNamedBlock() throws -> Statement.Kind {
        let name = try expect(.name).text
        let scoped = skip(name: "scoped")
        let required = skip(name: "required")
        let body = try outsideLoops { try $0.parseBlock(until: "endblock").body }
        _ = skip(name: name)
        return .block(name: name, scoped: scoped, required: required, body: body)
    }

    private mutating func parsePrint() throws -> Statement.Kind {
        var parts: [Statement.OutputPart] = []
        while current.kind != .blockEnd {
            if !parts.isEmpty { try expect(.comma) }
            parts.append(.expr(try parseExpression()))
        }
        return .output(parts)
    }

    /// Parses as much of the tags that load other templates as their grammar needs; they fail when they are run.
    private mutating func parseLoad(_ tag: String) throws -> Statement.Kind {
        let template = try parseExpression()
        var names: [String] = []
        switch tag {
        case "import":
            try expect(name: "as")
            names.append(try assignableName())
        case "from":
            try expect(name: "import")
            repeat {
                let name = try assignableName()
                names.append(skip(name: "as") ? try assignableName() : name)
            } while skip(.comma)
        case "include":
            if skip(name: "ignore") { try expect(name: "missing") }
        default: break
        }
        if skip(name: "with") || skip(name: "without") { try expect(name: "context") }
        return .load(template, binding: names)
    }

    // MARK: Targets

    private mutating func assignableName() throws -> String {
        let token = try expect(.name)
        try checkAssignable(token.text, at: token.offset)
        return token.text
    }

    private func checkAssignable(_ name: String, at offset: Int) throws {
        if ["true", "false", "none", "True", "False", "None"].contains(name) {
            throw fail("can't assign to '\(name)'", at: offset)
        }
    }

    /// A target: a name, a namespace's attribute where allowed, or several with commas between.
    private mutating func parseTarget(namespaces: Bool, until end: String? = nil) throws -> Target {
        let offset = current.offset
        var targets: [Target] = []
        var isTuple = false
        while true {
            if !targets.isEmpty { try expect(.comma) }
            if isTupleEnd(until: end) { break }
            targets.append(try nested { try $0.parseSimpleTarget(namespaces: namespaces) })
            guard current.isSymbol(.comma) else { break }
            isTuple = true
        }
        if isTuple { return .tuple(targets, offset: offset) }
        guard let only = targets.first else {
            throw fail("Expected an expression, got '\(current.description)'")
        }
        return only
    }

    private mutating func parseSimpleTarget(namespaces: Bool) throws -> Target {
        let token = take()
        switch token.kind {
        case .name:
            try checkAssignable(token.text, at: token.offset)
            if namespaces, skip(.dot) {
                return .attribute(token.text, try expect(.name).text, offset: token.offset)
            }
            return .name(token.text, offset: token.offset)
        case .symbol(.leftParen):
            var targets: [Target] = []
            var isTuple = false
            while !current.isSymbol(.rightParen) {
                targets.append(try nested { try $0.parseSimpleTarget(namespaces: false) })
                guard skip(.comma) else { break }
                isTuple = true
            }
            try expect(.rightParen)
            if targets.count == 1, !isTuple { return targets[0] }
            return .tuple(targets, offset: token.offset)
        default:
            throw fail("can't assign to '\(token.description)'", at: token.offset)
        }
    }
}
