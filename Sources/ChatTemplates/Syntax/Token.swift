/// One word of a template: literal text, a delimiter, or a word between delimiters.
struct Token: Sendable {
    enum Kind: Sendable, Equatable {
        case data, variableBegin, variableEnd, blockBegin, blockEnd
        case name, string, integer, float, symbol(Symbol), end
    }

    /// The operators and brackets of expressions.
    enum Symbol: String, Sendable {
        case add = "+", subtract = "-", divide = "/", floorDivide = "//", multiply = "*", power = "**", modulo = "%"
        case tilde = "~", leftBracket = "[", rightBracket = "]", leftParen = "(", rightParen = ")"
        case leftBrace = "{", rightBrace = "}"
        case equal = "==", notEqual = "!=", greaterEqual = ">=", lessEqual = "<=", greater = ">", less = "<"
        case assign = "=", dot = ".", colon = ":", pipe = "|", comma = ",", semicolon = ";"
    }

    var kind: Kind
    /// The text of data, names and numbers; the value of strings.
    var text: String
    /// Where the token starts, in bytes of the normalised source.
    var offset: Int

    /// The token in the words of an error message.
    var description: String {
        switch kind {
        case .name: text
        case .data: "template data / text"
        case .end: "end of template"
        default: Self.describe(kind)
        }
    }

    /// A kind of token in the words of an error message.
    static func describe(_ kind: Kind) -> String {
        switch kind {
        case .data: "template data / text"
        case .variableBegin: "begin of print statement"
        case .variableEnd: "end of print statement"
        case .blockBegin: "begin of statement block"
        case .blockEnd: "end of statement block"
        case .name: "name"
        case .string: "string"
        case .integer: "integer"
        case .float: "float"
        case .symbol(let symbol): symbol.rawValue
        case .end: "end of template"
        }
    }

    func isName(_ word: String) -> Bool { kind == .name && text == word }
    func isSymbol(_ symbol: Symbol) -> Bool { kind == .symbol(symbol) }
}
