import Foundation

/// Reading and rounding numbers as Python does.
enum PythonNumber {
    /// Python's `int(text, base)`; nil when the text is no integer.
    static func integer(_ text: String, base: Int) throws -> Int? {
        var digits = withASCIIDigits(text.trimmedScalars(where: isPythonSpace))[...]
        let negative = digits.utf8.first == UInt8(ascii: "-")
        if negative || digits.utf8.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        guard base == 0 || (2...36).contains(base) else {
            return nil
        }
        var radix = base
        let lowered = digits.prefix(2).lowercased()
        for (prefix, value) in [("0x", 16), ("0o", 8), ("0b", 2)] where lowered == prefix {
            if radix == value || radix == 0 {
                radix = value
                digits = digits.dropFirst(2)
                if digits.utf8.first == UInt8(ascii: "_") { digits = digits.dropFirst() }
            }
        }
        if radix == 0 {
            radix = 10
            if digits.utf8.count > 1, digits.utf8.first == UInt8(ascii: "0"),
                !digits.utf8.allSatisfy({ $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "_") })
            {
                return nil
            }
        }
        guard let plain = withoutUnderscores(digits), plain.utf8.allSatisfy({ isASCIIAlphanumeric($0) }) else {
            return nil
        }
        if plain.utf8.contains(where: { digitValue($0) >= radix }) { return nil }
        guard let value = Int((negative ? "-" : "") + plain, radix: radix) else {
            throw Failure(.limit, "an integer beyond 64 bits")
        }
        return value
    }

    /// The text with the decimal digits of all scripts written as 0 to 9.
    private static func withASCIIDigits(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        return text.unicodeScalars.reduce(into: "") { out, scalar in
            if isDecimal(scalar), let value = scalar.properties.numericValue {
                out += String(Int(value))
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
    }

    private static func isASCIIAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
    }

    private static func digitValue(_ byte: UInt8) -> Int {
        byte <= 0x39 ? Int(byte) - 0x30 : Int(byte | 0x20) - 0x61 + 10
    }

    /// The digits without single underscores between them; nil when there are none or an underscore stands elsewhere.
    private static func withoutUnderscores(_ digits: Substring) -> String? {
        let parts = digits.split(separator: "_", omittingEmptySubsequences: false)
        return parts.contains { $0.isEmpty } ? nil : parts.joined()
    }

    /// Python's `float(text)`; nil when the text is no number.
    static func float(_ text: String) -> Double? {
        let trimmed = withASCIIDigits(text.trimmedScalars(where: isPythonSpace))
        let unsigned = trimmed.utf8.first.map { $0 == 0x2b || $0 == 0x2d } == true ? trimmed.dropFirst() : trimmed[...]
        switch unsigned.lowercased() {
        case "inf", "infinity": return trimmed.utf8.first == 0x2d ? -.infinity : .infinity
        case "nan": return .nan
        default: break
        }
        // Swift reads more than Python: hexadecimal digits and payloads of NaN.
        guard unsigned.utf8.first.map({ (0x30...0x39).contains($0) || $0 == 0x2e }) == true else { return nil }
        guard trimmed.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE_".utf8.contains($0) }) else { return nil }
        let bytes = Array(trimmed.utf8)
        for (i, byte) in bytes.enumerated() where byte == UInt8(ascii: "_") {
            let isBetween = i > 0 && i + 1 < bytes.count
            guard isBetween, (0x30...0x39).contains(bytes[i - 1]), (0x30...0x39).contains(bytes[i + 1]) else {
                return nil
            }
        }
        let plain = trimmed.replacing("_", by: "", limit: -1)
        if let value = Double(plain) { return value }
        // `1.` and `.5` are numbers in Python.
        let (mantissa, exponent) = split(plain)
        guard mantissa.utf8.contains(where: { (0x30...0x39).contains($0) }) else { return nil }
        return Double(filled(mantissa) + exponent)
    }

    private static func split(_ text: String) -> (mantissa: String, exponent: String) {
        guard let e = text.utf8.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) else { return (text, "") }
        return (String(text[..<e]), String(text[e...]))
    }

    /// The mantissa with digits on both sides of its point.
    private static func filled(_ mantissa: String) -> String {
        var text = mantissa
        if text.hasSuffix(".") { text += "0" }
        if text.hasPrefix(".") { return "0" + text }
        for sign in ["+.", "-."] where text.hasPrefix(sign) { return sign.prefix(1) + "0" + text.dropFirst() }
        return text
    }

    /// The number with so many digits after the point, correctly rounded.
    static func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

    /// Python's `round(float, digits)`: correctly rounded, ties to even.
    static func rounded(_ value: Double, _ digits: Int) -> Double {
        guard value.isFinite, value != 0 else { return value }
        if digits > 323 { return value }
        if digits >= 0 { return Double(fixed(value, digits)) ?? value }
        if digits < -308 { return Double(signOf: value, magnitudeOf: 0) }
        let power = pow(10, Double(-digits))
        return (value / power).rounded(.toNearestOrEven) * power
    }

    /// Python's `round(int, digits)`, which stays an integer.
    static func rounded(_ value: Int, _ digits: Int) throws -> Value {
        if digits >= 0 { return .integer(value) }
        if digits < -18 { return .integer(0) }
        let power = (0..<(-digits)).reduce(1) { product, _ in product * 10 }
        var rest = value % power
        if rest < 0 { rest += power }
        let (low, overflow) = value.subtractingReportingOverflow(rest)
        if overflow { throw Failure(.limit, "an integer beyond 64 bits") }
        let half = power / 2
        let goesUp = rest > half || (rest == half && (low / power) % 2 != 0)
        guard goesUp else { return .integer(low) }
        let (up, over) = low.addingReportingOverflow(power)
        if over { throw Failure(.limit, "an integer beyond 64 bits") }
        return .integer(up)
    }
}
