/// One word of a template: literal text, a delimiter, or a word between delimiters.
struct Token: Sendable {
  enum Kind: Sendable, Equatable {
    case data, variableBegin, variableEnd, blockBegin, blockEnd
    case name, string, integer, float
    case symbol(Symbol)
    case end
  }

  /// The operators and brackets of expressions.
  enum Symbol: String, Sendable {
    case add = "+"
    case subtract = "-"
    case divide = "/"
    case floorDivide = "//"
    case multiply = "*"
    case power = "**"
    case modulo = "%"
    case tilde = "~"
    case leftBracket = "["
    case rightBracket = "]"
    case leftParen = "("
    case rightParen = ")"
    case leftBrace = "{"
    case rightBrace = "}"
    case equal = "=="
    case notEqual = "!="
    case greaterEqual = ">="
    case lessEqual = "<="
    case greater = ">"
    case less = "<"
    case assign = "="
    case dot = "."
    case colon = ":"
    case pipe = "|"
    case comma = ","
    case semicolon = ";"
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
