import Diagnostics

/// Turns tokens into statements by Jinja's grammar. Nesting is bounded, so that no template can exhaust the stack.
struct Parser {
    /// Levels of nested statements and expressions a template may have; published templates stay below 30.
    static let nestingLimit = 100
    /// Levels of one expression, chains such as `a + b + c + …` included.
    static let expressionDepthLimit = 300

    let source: SourceText
    private let tokens: [Token]
    private var index = 0
    private var nesting = 0
    /// The tags still open, innermost last, for messages.
    private var openTags: [String] = []
    private var awaitedEnds: [[String]] = []
    /// How many loops a `break` could leave at this point.
    var loopDepth = 0
    var usesGenerationBlocks = false

    /// What the lexer could not read, if anything: the tokens end there.
    private let unreadable: (any Error)?

    init(_ source: SourceText) {
        self.source = source
        var lexer = Lexer(source)
        unreadable = lexer.tokenize()
        tokens = lexer.tokens
    }

    /// The whole template.
    mutating func parse() throws -> [Statement] {
        do {
            let body = try parseBody(until: [])
            if let unreadable { throw unreadable }
            return body
        } catch {
            // A mistake in what could be read comes first in the template.
            if let unreadable, index >= tokens.count - 1 { throw unreadable }
            throw error
        }
    }

    var isInsideFor: Bool { openTags.contains("for") }

    var current: Token { tokens[index] }
    var next: Token { tokens[min(index + 1, tokens.count - 1)] }

    mutating func advance() { if index < tokens.count - 1 { index += 1 } }

    mutating func take() -> Token {
        defer { advance() }
        return current
    }

    mutating func skip(name: String) -> Bool {
        guard current.isName(name) else { return false }
        advance()
        return true
    }

    mutating func skip(_ symbol: Token.Symbol) -> Bool {
        guard current.isSymbol(symbol) else { return false }
        advance()
        return true
    }

    @discardableResult
    mutating func expect(_ kind: Token.Kind) throws -> Token {
        guard current.kind == kind else { throw unexpected(expected: Token.describe(kind)) }
        return take()
    }

    @discardableResult
    mutating func expect(_ symbol: Token.Symbol) throws -> Token { try expect(.symbol(symbol)) }

    mutating func expect(name: String) throws {
        guard skip(name: name) else { throw unexpected(expected: name) }
    }

    private func unexpected(expected: String) -> Problem {
        current.kind == .end
            ? fail("unexpected end of template, expected '\(expected)'")
            : fail("expected token '\(expected)', got '\(current.description)'")
    }

    func fail(_ message: String, at offset: Int? = nil) -> Problem {
        source.problem(message, at: offset ?? current.offset)
    }

    /// Runs `body` one level deeper.
    mutating func nested<T>(_ body: (inout Parser) throws -> T) throws -> T {
        guard nesting < Self.nestingLimit else { throw fail("nested more than \(Self.nestingLimit) levels deep") }
        nesting += 1
        defer { nesting -= 1 }
        return try body(&self)
    }

    /// An expression, unless it gets too deep.
    func make(_ kind: Expr.Kind, at offset: Int) throws -> Expr {
        let expr = Expr(kind, at: offset)
        if expr.depth > Self.expressionDepthLimit {
            throw fail("expression of more than \(Self.expressionDepthLimit) levels", at: offset)
        }
        return expr
    }

    /// Statements up to a tag named in `ends`, which is left to read, or to the end of the template if there are none.
    mutating func parseBody(until ends: [String]) throws -> [Statement] {
        var body: [Statement] = []
        var parts: [Statement.OutputPart] = []
        var partsOffset = 0
        awaitedEnds.append(ends)
        defer { awaitedEnds.removeLast() }
        func flush() {
            if !parts.isEmpty { body.append(Statement(kind: .output(parts), offset: partsOffset)) }
            parts = []
        }
        while current.kind != .end {
            if parts.isEmpty { partsOffset = current.offset }
            switch current.kind {
            case .data:
                parts.append(.text(take().text))
            case .variableBegin:
                advance()
                parts.append(.expr(try parseTuple()))
                try expect(.variableEnd)
            default:
                flush()
                try expect(.blockBegin)
                if current.kind == .name, ends.contains(current.text) { return body }
                let tag = current
                openTags.append(tag.text)
                body.append(try nested { try $0.parseStatement() })
                openTags.removeLast()
                try expect(.blockEnd)
            }
        }
        flush()
        if !ends.isEmpty { throw endMissing() }
        return body
    }

    /// The body of a tag, from the end of its opening to one of the closing tags; the closing tag's name is taken.
    mutating func parseBlock(until ends: String...) throws -> (body: [Statement], end: String) {
        _ = skip(.colon)
        try expect(.blockEnd)
        let body = try parseBody(until: ends)
        return (body, take().text)
    }

    func unknownTag(_ token: Token) -> Problem {
        var message = "Encountered unknown tag '\(token.text)'."
        if awaitedEnds.contains(where: { $0.contains(token.text) }) {
            message = "Encountered unknown tag '\(token.text)'. You probably made a nesting mistake."
        }
        return fail(message + lookingFor(openTags.dropLast()), at: token.offset)
    }

    private func endMissing() -> Problem { fail("Unexpected end of template." + lookingFor(openTags[...])) }

    private func lookingFor(_ open: ArraySlice<String>) -> String {
        guard let awaited = awaitedEnds.last, !awaited.isEmpty, let tag = open.last else { return "" }
        let names = awaited.map { "'\($0)'" }.joined(separator: " or ")
        return " Jinja was looking for the following tags: \(names)."
            + " The innermost block that needs to be closed is '\(tag)'."
    }
}
