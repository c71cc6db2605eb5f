import Foundation

/// A whole number beyond 64 bits, which conversations may hold (amounts, hashes): templates show it, compare it and
/// take it for a float; to compute with it goes beyond what they are allowed.
struct LargeInteger: Equatable {
    /// Whether it is below zero.
    let isNegative: Bool
    /// Its decimal digits without a sign.
    let digits: String

    /// The number with these digits, perhaps behind a sign.
    init(_ text: String) {
        isNegative = text.utf8.first == UInt8(ascii: "-")
        digits = isNegative ? String(text.dropFirst()) : text
    }

    var text: String { isNegative ? "-" + digits : digits }

    /// The nearest float.
    var float: Double { Double(text) ?? 0 }

    /// −1, 0 or 1 as the number is below, equal to or above another.
    func compare(_ other: LargeInteger) -> Int {
        if isNegative != other.isNegative { return isNegative ? -1 : 1 }
        let (a, b) = ((digits.utf8.count, digits), (other.digits.utf8.count, other.digits))
        return a == b ? 0 : (a < b) == isNegative ? 1 : -1
    }

    /// The same for a number of 64 bits or a float; nil for NaN and what is no number.
    func compare(_ other: Value) -> Int? {
        switch other {
        case .large(let other): return compare(other)
        case .float(let float):
            if float.isNaN { return nil }
            if float.magnitude < 0x1p63 { return isNegative ? -1 : 1 }
            if float.isInfinite { return float < 0 ? 1 : -1 }
            // Floats of this size are whole, and this writes all their digits.
            return compare(LargeInteger(String(format: "%.0f", float)))
        default: return other.wholeNumber.map { _ in isNegative ? -1 : 1 }
        }
    }
}
