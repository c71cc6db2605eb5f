import Foundation

/// One direction of a plot: what it shows, from where to where, and where numbers stand.
package struct Axis {
    package let low: Double
    package let high: Double
    package let ticks: [Double]
    private let decimals: Int
    private let isLogarithmic: Bool

    /// Differences and ratios of numbers up to here are numbers.
    private static let greatest = 1e150

    /// Whether a value can stand on an axis.
    static func holds(_ value: Double) -> Bool { abs(value) <= greatest }

    /// Whether a value can stand on an axis on which equal ratios are equal distances.
    static func holdsLogarithm(_ value: Double) -> Bool { value >= 1 / greatest && holds(value) }

    /// An axis that holds all of the values, its ends and ticks at round numbers.
    ///
    /// - Parameters:
    ///   - count: about how many ticks there is room for.
    ///   - including: a value that must be on the axis, 0 for bars.
    ///   - widened: whether the ends move out to ticks; else they are the values' own.
    package init(_ values: [Double], ticks count: Int, including: Double? = nil, widened: Bool = true) {
        let all = (values + (including.map { [$0] } ?? [])).filter(Self.holds)
        var low = all.min() ?? 0
        var high = all.max() ?? 1
        if high - low <= max(1 / Self.greatest, 1e-12 * max(abs(low), abs(high))) {
            let half = abs(high) <= 1 / Self.greatest ? 0.5 : abs(high) * 0.05
            (low, high) = (low - (including == low ? 0 : half), high + half)
        }
        let step = Self.step((high - low) / Double(max(1, count)))
        let first = (low / step + (widened ? 1e-9 : -1e-9)).rounded(widened ? .down : .up)
        let last = (high / step + (widened ? -1e-9 : 1e-9)).rounded(widened ? .up : .down)
        // Ticks are products, which may miss a value that is a tick by its last bit.
        self.low = widened ? min(low, first * step) : low
        self.high = widened ? max(high, last * step) : high
        ticks = stride(from: first, through: last, by: 1).map { $0 * step }
        decimals = max(0, Int(-log10(step * 1.0001).rounded(.down)))
        isLogarithmic = false
    }

    /// An axis on which equal ratios are equal distances, from the least value to the greatest, with ticks at powers of
    /// ten or, when these are few, of two. Values that are not positive are not on it.
    package init(logarithmic values: [Double]) {
        let all = values.filter(Self.holdsLogarithm)
        low = all.min() ?? 1
        high = max(all.max() ?? 10, low * (1 + 1e-9))
        let base = high / low >= 1000 ? 10.0 : 2
        let powers = (
            first: (log(low) / log(base) - 1e-9).rounded(.up), last: (log(high) / log(base) + 1e-9).rounded(.down)
        )
        ticks = stride(from: powers.first, through: powers.last, by: 1).map { pow(base, $0) }
        decimals = 0
        isLogarithmic = true
    }

    /// 1, 2 or 5 times a power of ten, at least `least`.
    private static func step(_ least: Double) -> Double {
        let power = pow(10, log10(least).rounded(.down))
        let factor = [1.0, 2, 5, 10].first { $0 * power >= least * (1 - 1e-9) } ?? 10
        return factor * power
    }

    /// A tick's number as written beside it.
    package func label(_ value: Double) -> String {
        if isLogarithmic && value < 1 { return String(format: "%.3g", value) }
        let value = abs(value) < 1e-12 ? 0 : value
        if abs(value) >= 1e6 || decimals > 5 { return String(format: "%.3g", value) }
        return Self.grouped(String(format: "%.\(decimals)f", value))
    }

    /// A minus sign instead of a hyphen, thousands apart.
    private static func grouped(_ text: String) -> String {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        var whole = String(parts[0])
        let sign = whole.hasPrefix("-") ? "−" : ""
        if whole.hasPrefix("-") { whole.removeFirst() }
        if whole.count > 4 {
            let digits = Array(whole)
            whole = digits.indices.map { at in
                (at > 0 && (digits.count - at) % 3 == 0 ? "," : "") + String(digits[at])
            }.joined()
        }
        return sign + whole + (parts.count > 1 ? "." + parts[1] : "")
    }

    /// Where a value stands between two places.
    package func place(_ value: Double, from start: Double, to end: Double) -> Double {
        let share = isLogarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low)
        return start + share * (end - start)
    }
}
