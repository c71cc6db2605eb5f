// What Python's str() and repr() show.

/// The text in quotes, as Python's `repr` writes it.
func pythonRepr(_ text: String) -> String {
    let quote: Unicode.Scalar = text.utf8.contains(0x27) && !text.utf8.contains(0x22) ? "\"" : "'"
    var out = String.UnicodeScalarView()
    out.append(quote)
    for scalar in text.unicodeScalars {
        switch scalar {
        case quote, "\\":
            out.append("\\")
            out.append(scalar)
        case "\n": out.append(contentsOf: "\\n".unicodeScalars)
        case "\r": out.append(contentsOf: "\\r".unicodeScalars)
        case "\t": out.append(contentsOf: "\\t".unicodeScalars)
        default:
            if isPrintable(scalar) {
                out.append(scalar)
            } else {
                let hex = String(scalar.value, radix: 16)
                let (letter, width) = scalar.value <= 0xff ? ("x", 2) : scalar.value <= 0xffff ? ("u", 4) : ("U", 8)
                out.append(contentsOf: "\\\(letter)".unicodeScalars)
                out.append(contentsOf: String(repeating: "0", count: width - hex.utf8.count).unicodeScalars)
                out.append(contentsOf: hex.unicodeScalars)
            }
        }
    }
    out.append(quote)
    return String(out)
}

/// Whether Python's `str.isprintable` holds for the code point.
func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7f }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator:
        return false
    default: return true
    }
}

/// A floating-point number as Python writes it: the fewest digits that give it back, an exponent from 1e16 on.
func pythonText(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    let (negative, digits, exponent) = shortestDigits(value)
    let sign = negative ? "-" : ""
    if digits.isEmpty { return sign + "0.0" }
    // `exponent` is that of the first digit: d.ddd × 10^exponent.
    if exponent < -4 || exponent >= 16 {
        let rest = digits.dropFirst()
        let magnitude = abs(exponent)
        let shown = magnitude < 10 ? "0\(magnitude)" : "\(magnitude)"
        return sign + digits.prefix(1) + (rest.isEmpty ? "" : "." + rest) + "e" + (exponent < 0 ? "-" : "+") + shown
    }
    if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
    let whole = exponent + 1
    if digits.count <= whole { return sign + digits + String(repeating: "0", count: whole - digits.count) + ".0" }
    return sign + digits.prefix(whole) + "." + digits.dropFirst(whole)
}

/// Sign, digits without zeros at the ends, and the decimal exponent of the first digit of a finite number.
func shortestDigits(_ value: Double) -> (negative: Bool, digits: String, exponent: Int) {
    // Swift's description has the same shortest digits as Python's and differs in layout only.
    var text = value.description[...]
    let negative = text.first == "-"
    if negative { text.removeFirst() }
    var exponent = 0
    if let e = text.firstIndex(of: "e") {
        exponent = Int(text[text.index(after: e)...]) ?? 0
        text = text[..<e]
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let whole = parts[0]
    var digits = whole + (parts.count > 1 ? parts[1] : "")
    exponent += whole.count - 1
    while digits.first == "0" {
        digits.removeFirst()
        exponent -= 1
    }
    while digits.last == "0" { digits.removeLast() }
    return (negative, String(digits), digits.isEmpty ? 0 : exponent)
}

extension Value {
    /// What printing the value shows.
    var printed: String {
        switch self {
        case .string(let text), .markup(let text): text
        case .missing, .undefined: ""
        default: repr
        }
    }

    /// What Python's `repr` shows.
    var repr: String {
        var out = ""
        appendRepr(to: &out)
        return out
    }

    func appendRepr(to out: inout String) {
        switch self {
        case .missing, .undefined: out += "Undefined"
        case .none: out += "None"
        case .bool(let bool): out += bool ? "True" : "False"
        case .integer(let integer): out += String(integer)
        case .large(let integer): out += integer.text
        case .float(let float): out += pythonText(float)
        case .string(let text): out += pythonRepr(text)
        case .markup(let text): out += "Markup(" + pythonRepr(text) + ")"
        case .list(let list): Self.appendItems(list.items, "[", "]", to: &out)
        case .tuple(let list): Self.appendItems(list.items, "(", list.items.count == 1 ? ",)" : ")", to: &out)
        case .dict(let dict):
            out += "{"
            for (i, entry) in dict.entries.enumerated() {
                if i > 0 { out += ", " }
                entry.key.appendRepr(to: &out)
                out += ": "
                entry.value.appendRepr(to: &out)
            }
            out += "}"
        case .view(let view): Self.appendItems(view.items, view.kind.rawValue + "([", "])", to: &out)
        case .range(let range):
            out += "range(\(range.start), \(range.stop)" + (range.step == 1 ? ")" : ", \(range.step))")
        case .iterator(let iterator): out += "<\(iterator.typeName) object>"
        case .object(let object): out += object.text
        }
    }

    private static func appendItems(_ items: [Value], _ open: String, _ close: String, to out: inout String) {
        out += open
        for (i, item) in items.enumerated() {
            if i > 0 { out += ", " }
            item.appendRepr(to: &out)
        }
        out += close
    }
}
