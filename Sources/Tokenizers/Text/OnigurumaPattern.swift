import Diagnostics

/// Translates a pattern from Oniguruma's Ruby syntax, in which tokenizer files are written, to PCRE2's with the options
/// UTF, UCP and MULTILINE. What means the same in both is copied; what differs is spelt out:
///
/// - `\s`, `\w`, `\b` by Unicode's own properties (PCRE2 counts U+180E as a space and no marks as word characters);
/// - `\h` is a hexadecimal digit; the option `m` lets the dot match newlines, which PCRE2 calls `s`;
/// - `{1,3}+` repeats the interval and is not possessive; scripts are scripts, not script extensions;
/// - character classes may be nested and intersected (`[\p{L}&&[^\p{Han}]]`).
struct OnigurumaPattern {
    static let space =
        "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
    static let word = "\\p{L}\\p{M}\\p{Nd}\\p{Pc}"

    private let scalars: [Unicode.Scalar]
    private let pattern: String
    private var at = 0
    private var out: [Unicode.Scalar] = []
    /// Where in `out` the last complete item begins, for a quantifier that must enclose it.
    private var itemStart = 0
    private var groupStarts: [Int] = []

    /// The pattern in PCRE2's syntax; throws when it uses what PCRE2 has no equivalent for.
    static func translated(_ pattern: String) throws(Problem) -> String {
        var translation = OnigurumaPattern(pattern)
        try translation.run()
        var text = String.UnicodeScalarView()
        text.append(contentsOf: translation.out)
        return String(text)
    }

    private init(_ pattern: String) {
        self.pattern = pattern
        scalars = Array(pattern.unicodeScalars)
    }

    private mutating func emit(_ text: String) { out.append(contentsOf: text.unicodeScalars) }

    private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        at + ahead < scalars.count ? scalars[at + ahead] : nil
    }

    private func problem(_ what: String) -> Problem {
        Problem("the regular expression \"\(pattern)\" \(what)")
    }

    private mutating func run() throws(Problem) {
        while let c = peek() {
            switch c {
            case "\\": try escape()
            case "[":
                itemStart = out.count
                at += 1
                let set = try CharacterClass.parse(scalars, &at, pattern)
                emit(set.expression)
            case "(": try group()
            case ")":
                out.append(c)
                at += 1
                itemStart = groupStarts.popLast() ?? 0
            case "{": interval()
            case "*", "+", "?":
                out.append(c)
                at += 1
            default:
                itemStart = out.count
                out.append(c)
                at += 1
            }
        }
    }

    private mutating func escape() throws(Problem) {
        guard let c = peek(1) else { throw problem("ends in a backslash") }
        itemStart = out.count
        at += 2
        switch c {
        case "s": emit("[\(Self.space)]")
        case "S": emit("[^\(Self.space)]")
        case "w": emit("[\(Self.word)]")
        case "W": emit("[^\(Self.word)]")
        case "h": emit("[0-9A-Fa-f]")
        case "H": emit("[^0-9A-Fa-f]")
        case "b": emit("(?:(?<=[\(Self.word)])(?![\(Self.word)])|(?<![\(Self.word)])(?=[\(Self.word)]))")
        case "B": emit("(?:(?<=[\(Self.word)])(?=[\(Self.word)])|(?<![\(Self.word)])(?![\(Self.word)]))")
        case "p", "P":
            at -= 2
            emit(try UnicodeProperty.parse(scalars, &at, pattern))
        case "u":
            emit("\\x{\(try CharacterClass.hexadecimal(scalars, &at, digits: 4, pattern))}")
        case "x" where peek() == "{":
            emit("\\x")
            while let next = peek() {
                out.append(next)
                at += 1
                if next == "}" { break }
            }
        case "R": emit("(?>\\r\\n|[\\x{a}-\\x{d}\\x{85}\\x{2028}\\x{2029}])")
        case "C", "N", "O", "y", "Y", "g", "M", "c":
            throw problem("uses \\\(c), which Graft does not have")
        default:
            out.append("\\")
            out.append(c)
        }
    }

    // (?m) means that the dot matches newlines; (?~ is Oniguruma's alone.
    private mutating func group() throws(Problem) {
        groupStarts.append(out.count)
        out.append("(")
        at += 1
        guard peek() == "?" else { return }
        out.append("?")
        at += 1
        if peek() == "~" { throw problem("uses (?~…), which Graft does not have") }
        if peek() == "#" {
            while let c = peek(), c != ")" {
                out.append(c)
                at += 1
            }
            return
        }
        var options: [Unicode.Scalar] = []
        var ahead = at
        while ahead < scalars.count, "imx-".unicodeScalars.contains(scalars[ahead]) {
            options.append(scalars[ahead] == "m" ? "s" : scalars[ahead])
            ahead += 1
        }
        guard !options.isEmpty, ahead < scalars.count, scalars[ahead] == ":" || scalars[ahead] == ")" else { return }
        out.append(contentsOf: options)
        at = ahead
    }

    // {n,m}+ repeats the interval; {,m} begins at none.
    private mutating func interval() {
        var end = at + 1
        while end < scalars.count, ("0"..."9").contains(scalars[end]) || scalars[end] == "," { end += 1 }
        guard end < scalars.count, scalars[end] == "}", end > at + 1 else {
            itemStart = out.count
            emit("\\{")
            at += 1
            return
        }
        var text = String(String.UnicodeScalarView(scalars[at...end]))
        if text.hasPrefix("{,") { text = "{0" + text.dropFirst() }
        emit(text)
        at = end + 1
        if peek() == "+" {
            at += 1
            out.insert(contentsOf: "(?:".unicodeScalars, at: itemStart)
            emit(")+")
        }
    }
}
