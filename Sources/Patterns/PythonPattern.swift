/// A regular expression as Python's `re` reads it: what PEFT selects modules by and lm-evaluation-harness answers.
///
/// A user writes it, so the ways to match it are bounded: `(a+)+$` has 2ⁿ of them on n letters.
public struct PythonPattern: Sendable {
    /// The expression as it was given.
    public let text: String
    private let compiled: CompiledPattern

    /// A tenth of a second or less.
    private static let mostWays: UInt32 = 2_000_000

    /// Compiles an expression.
    ///
    /// - Throws: ``PatternError/invalid(reason:offset:)``.
    public init(_ text: String) throws(PatternError) {
        self.text = text
        compiled = try CompiledPattern(Self.translated(text))
    }

    /// Whether it matches somewhere in a text (`re.search`).
    ///
    /// - Throws: ``PatternError/tooManyWays``.
    public func isFound(in text: String) throws(PatternError) -> Bool { try match(text, whole: false) }

    /// Whether it matches all of a text (`re.fullmatch`).
    ///
    /// - Throws: ``PatternError/tooManyWays``.
    public func matchesAll(of text: String) throws(PatternError) -> Bool { try match(text, whole: true) }

    private func match(_ text: String, whole: Bool) throws(PatternError) -> Bool {
        var text = text
        let scratch = PatternScratch(mostWays: Self.mostWays)
        switch text.withUTF8({ compiled.match($0, from: 0, whole: whole, scratch) }) {
        case .found: return true
        case .none: return false
        case .tooManyWays: throw .tooManyWays
        }
    }

    /// An expression in PCRE2's syntax. What differs: `\Z` is the very end, `\u` and `\U` give a character by its
    /// number, `{,n}` repeats from zero times, and a bracket within brackets is a character.
    static func translated(_ text: String) -> String {
        var result = ""
        var rest = Substring(text)
        // Within brackets: how many signs since they were opened, for one that closes them does not as the first.
        var signs: Int?
        while let sign = rest.popFirst() {
            switch sign {
            case "\\":
                let next = rest.popFirst().map(String.init) ?? ""
                let digits = ["u": 4, "U": 8][next]
                if let digits, rest.prefix(digits).count == digits, rest.prefix(digits).allSatisfy(\.isHexDigit) {
                    result += "\\x{\(rest.prefix(digits))}"
                    rest = rest.dropFirst(digits)
                } else {
                    result += "\\" + (next == "Z" ? "z" : next)
                }
            case "[" where signs == nil:
                result += "["
                if rest.first == "^" { result.append(rest.removeFirst()) }
                signs = 0
                continue
            case "[": result += "\\["
            case "]" where signs == 0: result += "\\]"
            case "]":
                result += "]"
                signs = nil
            case "{" where signs == nil && rest.hasPrefix(","):
                result += rest.dropFirst().drop(while: \.isNumber).hasPrefix("}") ? "{0" : "{"
            default: result.append(sign)
            }
            if let count = signs { signs = count + 1 }
        }
        return result
    }
}
