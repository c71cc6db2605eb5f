import Diagnostics

/// `\p{…}` of Oniguruma in PCRE2's spelling: long names of general categories become short, scripts are asked for by
/// `sc:` because PCRE2's bare names mean script extensions.
enum UnicodeProperty {
    private static let categories: [String: String] = [
        "letter": "L", "uppercaseletter": "Lu", "lowercaseletter": "Ll", "titlecaseletter": "Lt", "casedletter": "L&",
        "modifierletter": "Lm", "otherletter": "Lo", "mark": "M", "nonspacingmark": "Mn", "spacingmark": "Mc",
        "enclosingmark": "Me", "number": "N", "decimalnumber": "Nd", "letternumber": "Nl", "othernumber": "No",
        "punctuation": "P", "connectorpunctuation": "Pc", "dashpunctuation": "Pd", "openpunctuation": "Ps",
        "closepunctuation": "Pe", "initialpunctuation": "Pi", "finalpunctuation": "Pf", "otherpunctuation": "Po",
        "symbol": "S", "mathsymbol": "Sm", "currencysymbol": "Sc", "modifiersymbol": "Sk", "othersymbol": "So",
        "separator": "Z", "spaceseparator": "Zs", "lineseparator": "Zl", "paragraphseparator": "Zp", "other": "C",
        "control": "Cc", "format": "Cf", "surrogate": "Cs", "privateuse": "Co", "unassigned": "Cn",
        "alpha": "Alphabetic", "alphabetic": "Alphabetic", "upper": "Uppercase", "uppercase": "Uppercase",
        "lower": "Lowercase", "lowercase": "Lowercase", "digit": "Nd", "whitespace": "White_Space",
        "space": "White_Space", "any": "Any", "emoji": "Emoji", "extendedpictographic": "Extended_Pictographic",
        "ideographic": "Ideographic", "math": "Math", "asciihexdigit": "AHex", "hexdigit": "Hex",
    ]

    /// Parses from the backslash through the closing brace.
    static func parse(_ text: [Unicode.Scalar], _ at: inout Int, _ pattern: String) throws(Problem) -> String {
        var negated = text[at + 1] == "P"
        var start = at + 2
        guard start < text.count, text[start] == "{" else {
            guard start < text.count else { throw Problem("the regular expression \"\(pattern)\" ends in \\p") }
            at = start + 1
            return "\\\(negated ? "P" : "p"){\(text[start])}"
        }
        start += 1
        if start < text.count, text[start] == "^" {
            negated.toggle()
            start += 1
        }
        guard let end = text[start...].firstIndex(of: "}") else {
            throw Problem("the regular expression \"\(pattern)\" does not close \\p{")
        }
        let name = String(String.UnicodeScalarView(text[start..<end]))
        at = end + 1
        return "\\\(negated ? "P" : "p"){\(spelling(name))}"
    }

    private static func spelling(_ name: String) -> String {
        let plain = String(name.lowercased().filter { $0 != "_" && $0 != " " && $0 != "-" })
        if let category = categories[plain] { return category }
        if name.count <= 2 { return name }
        if let equals = name.firstIndex(where: { $0 == "=" || $0 == ":" }) {
            return "sc:" + name[name.index(after: equals)...]
        }
        return "sc:" + name
    }
}
