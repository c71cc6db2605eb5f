import Foundation

/// Python's format specification: `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`.
struct FormatSpec {
    var fill: Unicode.Scalar = " "
    var align: Unicode.Scalar?
    var sign: Unicode.Scalar = "-"
    var alternate = false
    var zeroPadded = false
    var width = 0
    var grouping: Unicode.Scalar?
    var precision: Int?
    var kind: Unicode.Scalar?

    init() {}

    init(_ text: String, for value: Value, _ r: Renderer) throws {
        var rest = Array(text.unicodeScalars)[...]
        let aligns = "<>=^".unicodeScalars
        let hasFill = rest.count > 1 && aligns.contains(rest[rest.startIndex + 1])
        if hasFill {
            fill = rest.removeFirst()
            align = rest.removeFirst()
        } else if let first = rest.first, aligns.contains(first) {
            align = rest.removeFirst()
        }
        if let first = rest.first, "+- ".unicodeScalars.contains(first) { sign = rest.removeFirst() }
        if rest.first == "z" { rest.removeFirst() }
        if rest.first == "#" {
            rest.removeFirst()
            alternate = true
        }
        // Behind a fill the zero is a digit of the width.
        if rest.first == "0", !hasFill {
            rest.removeFirst()
            if align == nil { zeroPadded = true } else { fill = "0" }
        }
        func number() throws -> Int? {
            var value: Int?
            while let digit = rest.first, ("0"..."9").contains(digit) {
                rest.removeFirst()
                value = (value ?? 0) * 10 + Int(digit.value) - 0x30
                if value ?? 0 > r.limits.textBytes { throw Failure(.value, "Too many decimal digits in format string") }
            }
            return value
        }
        width = try number() ?? 0
        if let first = rest.first, first == "," || first == "_" { grouping = rest.removeFirst() }
        if rest.first == "." {
            rest.removeFirst()
            guard let digits = try number() else { throw Failure(.value, "Format specifier missing precision") }
            precision = digits
        }
        kind = rest.popFirst()
        if !rest.isEmpty {
            throw Failure(.value, "Invalid format specifier '\(text)' for object of type '\(value.typeName)'")
        }
    }

    /// The text cut to the precision.
    func truncated(_ text: String) -> String {
        guard let precision, text.scalarCount > precision else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(precision)))
    }

    /// The text filled up to the width; without an alignment to the given side.
    func padded(_ text: String, _ r: Renderer, default side: Unicode.Scalar = "<") throws -> String {
        let missing = width - text.scalarCount
        guard missing > 0 else { return text }
        let fill = String(zeroPadded && align == nil ? "0" : fill)
        switch align ?? side {
        case "<": return try text + r.repeated(fill, missing)
        case "^": return try r.repeated(fill, missing / 2) + text + r.repeated(fill, missing - missing / 2)
        default: return try r.repeated(fill, missing) + text
        }
    }

    /// The value as `format(value, spec)` shows it.
    func formatted(_ value: Value, _ r: Renderer) throws -> String {
        switch value {
        case .string(let text), .markup(let text):
            if let kind, kind != "s" { throw unknown(kind, value) }
            if sign != "-" { throw Failure(.value, "Sign not allowed in string format specifier") }
            if align == "=" { throw Failure(.value, "'=' alignment not allowed in string format specifier") }
            if let grouping { throw Failure(.value, "Cannot specify '\(String(grouping))' with 's'.") }
            return try padded(truncated(text), r)
        case .integer, .bool:
            let number = value.wholeNumber ?? 0
            switch kind {
            case nil, "d", "n", "b", "o", "x", "X":
                if precision != nil { throw Failure(.value, "Precision not allowed in integer format specifier") }
                return try formattedDigits(number, minimum: 0, r)
            case "c":
                guard let scalar = UInt32(exactly: number).flatMap(Unicode.Scalar.init) else {
                    throw Failure(.overflow, "%c arg not in range(0x110000)")
                }
                return try padded(String(scalar), r)
            case "e", "E", "f", "F", "g", "G", "%": return try formatted(Double(number), r)
            case .some(let kind): throw unknown(kind, value)
            }
        case .large(let integer):
            switch kind {
            case nil, "d", "n":
                if precision != nil { throw Failure(.value, "Precision not allowed in integer format specifier") }
                return try formattedDigits(integer, minimum: 0, r)
            case "e", "E", "f", "F", "g", "G", "%": return try formatted(integer.float, r)
            default: throw r.integerOverflow
            }
        case .float(let float):
            if let kind, !"eEfFgGn%".unicodeScalars.contains(kind) { throw unknown(kind, value) }
            return try formatted(float, r)
        default: throw Failure(.type, "unsupported format string passed to \(value.typeName).__format__")
        }
    }

    private func unknown(_ kind: Unicode.Scalar, _ value: Value) -> Failure {
        Failure(.value, "Unknown format code '\(String(kind))' for object of type '\(value.typeName)'")
    }

    /// An integer in the base of the kind, with at least so many digits.
    func formattedDigits(_ value: Int, minimum: Int, _ r: Renderer) throws -> String {
        let radix = kind == "b" ? 2 : kind == "o" ? 8 : kind == "x" || kind == "X" ? 16 : 10
        var digits = String(value.magnitude, radix: radix, uppercase: kind == "X")
        if digits.utf8.count < minimum { digits = try r.repeated("0", minimum - digits.utf8.count) + digits }
        var prefix = ""
        if alternate, radix != 10, let kind { prefix = "0" + String(kind) }
        let size = radix == 10 ? 3 : 4
        return try signed(negative: value < 0, prefix, whole: digits, rest: "", groupSize: size, r)
    }

    /// The same for an integer beyond 64 bits, in decimal digits.
    func formattedDigits(_ value: LargeInteger, minimum: Int, _ r: Renderer) throws -> String {
        let missing = minimum - value.digits.utf8.count
        let digits = missing > 0 ? try r.repeated("0", missing) + value.digits : value.digits
        return try signed(negative: value.isNegative, "", whole: digits, rest: "", groupSize: 3, r)
    }

    /// A number by the kind: fixed, exponent, general or percent; without a kind as Python prints it.
    func formatted(_ value: Double, _ r: Renderer) throws -> String {
        if let precision, precision > 5_000 { throw Failure(.limit, "a precision beyond 5000 digits") }
        var body: String
        let magnitude = value.magnitude
        if !value.isFinite {
            body = value.isNaN ? "nan" : "inf"
            if kind == "F" || kind == "E" || kind == "G" { body = body.uppercased() }
            if kind == "%" { body += "%" }
        } else {
            let flag = alternate ? "#" : ""
            switch kind {
            case "%": body = String(format: "%\(flag).\(precision ?? 6)f", magnitude * 100) + "%"
            case nil:
                if let precision {
                    body = String(format: "%#.\(max(1, precision))g", magnitude)
                    body = Self.tidied(body, point: true)
                } else {
                    body = pythonText(magnitude)
                }
            case .some(let kind):
                let letter = kind == "n" ? "g" : String(kind)
                body = String(format: "%\(flag).\(precision ?? 6)\(letter)", magnitude)
            }
        }
        let end = body.utf8.firstIndex { !(0x30...0x39).contains($0) } ?? body.endIndex
        let (whole, rest) = (String(body[..<end]), String(body[end...]))
        return try signed(negative: value.sign == .minus && !value.isNaN, "", whole: whole, rest: rest, groupSize: 3, r)
    }

    /// A number in general format without the zeros after its point, but with one digit there.
    private static func tidied(_ text: String, point: Bool) -> String {
        let e = text.firstIndex(of: "e") ?? text.endIndex
        var mantissa = text[..<e]
        guard mantissa.contains(".") else { return text }
        while mantissa.hasSuffix("0") { mantissa.removeLast() }
        if mantissa.hasSuffix(".") { mantissa += e == text.endIndex ? "0" : "" }
        if mantissa.hasSuffix(".") { mantissa.removeLast() }
        return String(mantissa) + text[e...]
    }

    /// Sign, prefix and digits put together, grouped and filled up to the width.
    private func signed(
        negative: Bool, _ prefix: String, whole: String, rest: String, groupSize: Int, _ r: Renderer
    ) throws -> String {
        let mark = (negative ? "-" : sign == "-" ? "" : String(sign)) + prefix
        // Infinity and NaN have no digits to group.
        let grouping = whole.isEmpty ? nil : grouping
        let zeros =
            align == "=" ? fill == "0" : zeroPadded && (align == nil || fill == " " && align == ">" && grouping == nil)
        var digits = whole
        if zeros {
            let room = width - mark.scalarCount - rest.scalarCount
            // The fewest digits that fill the room: a mark stands behind every group but the last.
            let needed = grouping == nil ? room : room - (room - 1) / (groupSize + 1)
            if needed > digits.utf8.count {
                try r.checkSize(width)
                digits = String(repeating: "0", count: needed - digits.utf8.count) + digits
            }
        }
        let body = Self.grouped(digits, grouping, groupSize) + rest
        if align == "=" {
            return try mark + r.repeated(String(fill), width - mark.scalarCount - body.scalarCount) + body
        }
        var outer = self
        outer.zeroPadded = false
        return try outer.padded(mark + body, r, default: ">")
    }

    private static func grouped(_ digits: String, _ mark: Unicode.Scalar?, _ size: Int) -> String {
        guard let mark else { return digits }
        var out = ""
        let count = digits.utf8.count
        for (i, digit) in digits.unicodeScalars.enumerated() {
            if i > 0, (count - i) % size == 0 { out.unicodeScalars.append(mark) }
            out.unicodeScalars.append(digit)
        }
        return out
    }
}
