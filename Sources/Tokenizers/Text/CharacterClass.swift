import Diagnostics

/// A bracketed set of Oniguruma: a union of items, possibly nested, possibly several of them intersected by `&&`.
struct CharacterClass {
    private enum Item {
        /// What may stand inside PCRE2's brackets as it is.
        case plain(String)
        case nested(CharacterClass)
    }

    private var negated = false
    /// The unions that are intersected; one as a rule.
    private var unions: [[Item]] = [[]]

    /// Parses after the opening bracket through the closing one.
    static func parse(_ text: [Unicode.Scalar], _ at: inout Int, _ pattern: String) throws(Problem) -> CharacterClass {
        try parse(text, &at, pattern, depth: 0)
    }

    private static func parse(
        _ text: [Unicode.Scalar], _ at: inout Int, _ pattern: String, depth: Int
    ) throws(Problem) -> CharacterClass {
        guard depth < 50 else {
            throw Problem("the regular expression \"\(pattern)\" nests character classes too deeply")
        }
        var set = CharacterClass()
        if at < text.count, text[at] == "^" {
            set.negated = true
            at += 1
        }
        var first = true
        while at < text.count {
            let c = text[at]
            switch c {
            case "]" where !first:
                at += 1
                return set
            case "[":
                at += 1
                if at < text.count, text[at] == ":", let named = try posix(text, &at, pattern) {
                    set.add(.plain(named))
                } else {
                    set.add(.nested(try parse(text, &at, pattern, depth: depth + 1)))
                }
            case "&" where at + 1 < text.count && text[at + 1] == "&":
                at += 2
                set.unions.append([])
            case "\\": set.add(try escape(text, &at, pattern))
            default:
                set.add(.plain(literal(c)))
                at += 1
            }
            first = false
        }
        throw Problem("the regular expression \"\(pattern)\" does not close a character class")
    }

    private mutating func add(_ item: Item) { unions[unions.count - 1].append(item) }

    // A dash keeps its meaning; anything PCRE2 could take for syntax inside brackets is escaped.
    private static func literal(_ c: Unicode.Scalar) -> String {
        if c == "]" || c == "[" || c == "^" || c == "&" || c == "\\" { return "\\" + String(c) }
        return String(c)
    }

    private static func escape(
        _ text: [Unicode.Scalar], _ at: inout Int, _ pattern: String
    ) throws(Problem) -> Item {
        guard at + 1 < text.count else {
            throw Problem("the regular expression \"\(pattern)\" ends in a backslash")
        }
        let c = text[at + 1]
        func complement(_ items: String) -> Item {
            var set = CharacterClass()
            set.negated = true
            set.add(.plain(items))
            return .nested(set)
        }
        at += 2
        switch c {
        case "s": return .plain(OnigurumaPattern.space)
        case "S": return complement(OnigurumaPattern.space)
        case "w": return .plain(OnigurumaPattern.word)
        case "W": return complement(OnigurumaPattern.word)
        case "h": return .plain("0-9A-Fa-f")
        case "H": return complement("0-9A-Fa-f")
        case "R", "X": return .plain(String(c))
        case "p", "P":
            at -= 2
            return .plain(try UnicodeProperty.parse(text, &at, pattern))
        case "u": return .plain("\\x{\(try hexadecimal(text, &at, digits: 4, pattern))}")
        default: return .plain("\\" + String(c))
        }
    }

    /// Exactly so many hexadecimal digits.
    static func hexadecimal(
        _ text: [Unicode.Scalar], _ at: inout Int, digits: Int, _ pattern: String
    ) throws(Problem) -> String {
        let end = at + digits
        guard end <= text.count, text[at..<end].allSatisfy({ $0.properties.isASCIIHexDigit }) else {
            throw Problem("the regular expression \"\(pattern)\" has \\u without \(digits) hexadecimal digits")
        }
        defer { at = end }
        return String(String.UnicodeScalarView(text[at..<end]))
    }

    private static func posix(
        _ text: [Unicode.Scalar], _ at: inout Int, _ pattern: String
    ) throws(Problem) -> String? {
        var end = at + 1
        while end < text.count, text[end].properties.isAlphabetic || text[end] == "^" { end += 1 }
        guard end + 1 < text.count, text[end] == ":", text[end + 1] == "]" else { return nil }
        let name = String(String.UnicodeScalarView(text[(at + 1)..<end]))
        let known = [
            "alpha": "\\p{Alphabetic}", "digit": "\\p{Nd}", "upper": "\\p{Uppercase}", "lower": "\\p{Lowercase}",
            "space": OnigurumaPattern.space, "punct": "\\p{P}\\p{S}", "word": OnigurumaPattern.word,
            "alnum": "\\p{Alphabetic}\\p{Nd}", "cntrl": "\\p{Cc}", "xdigit": "0-9A-Fa-f", "ascii": "\\x{0}-\\x{7f}",
            "blank": "\\p{Zs}\\x{9}",
        ]
        guard let meaning = known[name] else {
            throw Problem("the regular expression \"\(pattern)\" uses [:\(name):], which Graft does not have")
        }
        at = end + 2
        return meaning
    }

    /// The set in PCRE2's syntax: brackets where they suffice, else alternatives and lookaheads.
    var expression: String {
        let terms = unions.map { union -> (body: String?, whole: String) in
            var plain = ""
            var alternatives: [String] = []
            for item in union {
                switch item {
                case .plain(let text): plain += text
                case .nested(let set):
                    if let body = set.plainBody { plain += body } else { alternatives.append(set.expression) }
                }
            }
            if alternatives.isEmpty { return (plain, plain.isEmpty ? "(*F)" : "[\(plain)]") }
            if !plain.isEmpty { alternatives.append("[\(plain)]") }
            return (nil, "(?:" + alternatives.joined(separator: "|") + ")")
        }
        if terms.count == 1, let body = terms[0].body, !body.isEmpty { return negated ? "[^\(body)]" : terms[0].whole }
        let required = terms.dropLast().map { "(?=\($0.whole))" }.joined() + (terms.last?.whole ?? "(*F)")
        return negated ? "(?:(?!\(required))(?s:.))" : "(?:\(required))"
    }

    // What could be merged into the brackets around this set.
    private var plainBody: String? {
        guard !negated, unions.count == 1 else { return nil }
        var body = ""
        for item in unions[0] {
            switch item {
            case .plain(let text): body += text
            case .nested(let set):
                guard let inner = set.plainBody else { return nil }
                body += inner
            }
        }
        return body
    }
}
