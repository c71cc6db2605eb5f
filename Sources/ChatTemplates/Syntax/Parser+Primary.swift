import Diagnostics

extension Parser {
    /// A name, a literal, or something in brackets.
    mutating func parsePrimary() throws -> Expr {
        let token = current
        switch token.kind {
        case .name:
            advance()
            switch token.text {
            case "true", "True": return try make(.constant(.bool(true)), at: token.offset)
            case "false", "False": return try make(.constant(.bool(false)), at: token.offset)
            case "none", "None": return try make(.constant(.none), at: token.offset)
            default: return try make(.name(token.text), at: token.offset)
            }
        case .string:
            var text = ""
            while current.kind == .string { text += take().text }
            return try make(.constant(.string(text)), at: token.offset)
        case .integer:
            advance()
            return try make(.constant(.integer(try integer(token))), at: token.offset)
        case .float:
            advance()
            guard let value = Double(token.text) else { throw fail("invalid number", at: token.offset) }
            return try make(.constant(.float(value)), at: token.offset)
        case .symbol(.leftParen):
            advance()
            let expr = try parseTuple(inParentheses: true)
            try expect(.rightParen)
            return expr
        case .symbol(.leftBracket): return try parseList()
        case .symbol(.leftBrace): return try parseDict()
        default: throw fail("unexpected '\(token.description)'")
        }
    }

    private func integer(_ token: Token) throws -> Int {
        let text = token.text.lowercased()
        let radix = text.hasPrefix("0x") ? 16 : text.hasPrefix("0o") ? 8 : text.hasPrefix("0b") ? 2 : 10
        guard let value = Int(radix == 10 ? text : String(text.dropFirst(2)), radix: radix) else {
            throw fail("integers beyond 64 bits are not supported", at: token.offset)
        }
        return value
    }

    private mutating func parseList() throws -> Expr {
        let offset = try expect(.leftBracket).offset
        var items: [Expr] = []
        while !current.isSymbol(.rightBracket) {
            if !items.isEmpty { try expect(.comma) }
            if current.isSymbol(.rightBracket) { break }
            items.append(try parseExpression())
        }
        try expect(.rightBracket)
        return try make(.list(items), at: offset)
    }

    private mutating func parseDict() throws -> Expr {
        let offset = try expect(.leftBrace).offset
        var pairs: [Expr.Pair] = []
        while !current.isSymbol(.rightBrace) {
            if !pairs.isEmpty { try expect(.comma) }
            if current.isSymbol(.rightBrace) { break }
            let key = try parseExpression()
            try expect(.colon)
            pairs.append(Expr.Pair(key: key, value: try parseExpression()))
        }
        try expect(.rightBrace)
        return try make(.dict(pairs), at: offset)
    }

    /// Attributes, subscripts and calls after an expression.
    mutating func parsePostfix(_ expr: Expr) throws -> Expr {
        var expr = expr
        while true {
            switch current.kind {
            case .symbol(.dot): expr = try parseAttribute(expr)
            case .symbol(.leftBracket): expr = try parseSubscript(expr)
            case .symbol(.leftParen): expr = try parseCall(expr)
            default: return expr
            }
        }
    }

    /// Filters, tests and calls after an expression.
    mutating func parseFiltersAndTests(_ expr: Expr) throws -> Expr {
        var expr = expr
        while true {
            if current.isSymbol(.pipe) {
                expr = try parseFilterChain(expr, inline: false)
            } else if current.isName("is") {
                expr = try parseTest(expr)
            } else if current.isSymbol(.leftParen) {
                expr = try parseCall(expr)
            } else {
                return expr
            }
        }
    }

    private mutating func parseAttribute(_ base: Expr) throws -> Expr {
        let offset = try expect(.dot).offset
        let token = take()
        switch token.kind {
        case .name: return try make(.attribute(base, token.text), at: offset)
        case .integer:
            let index = try make(.constant(.integer(try integer(token))), at: token.offset)
            return try make(.item(base, index), at: offset)
        default: throw fail("expected name or number", at: token.offset)
        }
    }

    private mutating func parseSubscript(_ base: Expr) throws -> Expr {
        let offset = try expect(.leftBracket).offset
        var items: [Expr] = []
        while !current.isSymbol(.rightBracket) {
            if !items.isEmpty { try expect(.comma) }
            let start = current.isSymbol(.colon) ? nil : try parseExpression()
            if current.isSymbol(.colon) {
                guard items.isEmpty else { throw fail("a slice among several subscripts is not supported") }
                let slice = try parseSlice(base, start: start, at: offset)
                try expect(.rightBracket)
                return slice
            }
            if let start { items.append(start) }
        }
        try expect(.rightBracket)
        let item = items.count == 1 ? items[0] : try make(.tuple(items), at: offset)
        return try make(.item(base, item), at: offset)
    }

    private mutating func parseSlice(_ base: Expr, start: Expr?, at offset: Int) throws -> Expr {
        try expect(.colon)
        var parts: [Expr?] = []
        while parts.count < 2 {
            let isEmpty = [.symbol(.colon), .symbol(.rightBracket), .symbol(.comma)].contains(current.kind)
            parts.append(isEmpty ? nil : try parseExpression())
            if parts.count == 1, !skip(.colon) { break }
        }
        let step = parts.count == 2 ? parts[1] : nil
        return try make(.slice(base, start: start, stop: parts[0], step: step), at: offset)
    }

    private mutating func parseCall(_ callee: Expr) throws -> Expr {
        let offset = current.offset
        return try make(.call(callee, try parseArguments()), at: offset)
    }

    private mutating func parseArguments() throws -> CallArguments {
        let offset = try expect(.leftParen).offset
        var arguments = CallArguments()
        var needsComma = false
        func ensure(_ condition: Bool) throws {
            if !condition { throw fail("invalid syntax for function call expression", at: offset) }
        }
        while !current.isSymbol(.rightParen) {
            if needsComma {
                try expect(.comma)
                if current.isSymbol(.rightParen) { break }
            }
            needsComma = true
            if skip(.multiply) {
                try ensure(arguments.spread == nil && arguments.namedSpread == nil)
                arguments.spread = try parseExpression()
            } else if skip(.power) {
                try ensure(arguments.namedSpread == nil)
                arguments.namedSpread = try parseExpression()
            } else if current.kind == .name, next.isSymbol(.assign) {
                try ensure(arguments.namedSpread == nil)
                let name = take().text
                advance()
                try ensure(!arguments.named.contains { $0.name == name })
                arguments.named.append(CallArguments.Named(name: name, value: try parseExpression()))
            } else {
                try ensure(arguments.spread == nil && arguments.namedSpread == nil && arguments.named.isEmpty)
                arguments.positional.append(try parseExpression())
            }
        }
        try expect(.rightParen)
        return arguments
    }

    private mutating func dottedName() throws -> String {
        var name = try expect(.name).text
        while skip(.dot) { name += "." + (try expect(.name).text) }
        return name
    }

    /// Filters one after the other; `inline` when the first follows without a bar, as in a filter block.
    mutating func parseFilterChain(_ base: Expr?, inline: Bool) throws -> Expr {
        var expr = base
        var inline = inline
        while inline || current.isSymbol(.pipe) {
            if !inline { advance() }
            inline = false
            let offset = current.offset
            let name = try dottedName()
            let arguments = current.isSymbol(.leftParen) ? try parseArguments() : CallArguments()
            expr = try make(.filter(expr, name, arguments), at: offset)
        }
        guard let expr else { throw fail("filter expected") }
        return expr
    }

    private mutating func parseTest(_ base: Expr) throws -> Expr {
        let offset = take().offset
        let negated = skip(name: "not")
        let name = try dottedName()
        var arguments = CallArguments()
        switch current.kind {
        case .symbol(.leftParen): arguments = try parseArguments()
        case .name where ["else", "or", "and"].contains(current.text): break
        case .name where current.text == "is": throw fail("You cannot chain multiple tests with is")
        case .name, .string, .integer, .float, .symbol(.leftBracket), .symbol(.leftBrace):
            let argument = try nested { try $0.parsePrimary() }
            arguments.positional.append(try parsePostfix(argument))
        default: break
        }
        let test = try make(.test(base, name, arguments), at: offset)
        return negated ? try make(.not(test), at: offset) : test
    }
}
