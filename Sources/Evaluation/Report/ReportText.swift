import Foundation
import OrderedJSON

/// Numbers as reports write them.
enum ReportText {
    /// A difference with its sign, a minus sign being one: `−0.031`, `+12.0 points`.
    static func difference(_ metric: Metric, _ value: Double, unit: Bool = true) -> String {
        let text = metric.differenceText(value).replacing("-", with: "−")
        return unit ? text : text.replacing(" points", with: "")
    }

    /// An interval of differences: `+9.1 … +14.8 points`.
    static func interval(_ metric: Metric, _ interval: ClosedRange<Double>) -> String {
        difference(metric, interval.lowerBound, unit: false) + " … " + difference(metric, interval.upperBound)
    }

    /// A probability: `0.031`, `< 0.001`, `4e-12`.
    static func probability(_ p: Double) -> String {
        if p > 0 && p < 1e-4 { return String(format: "%.0e", p) }
        return p < 0.001 ? "< 0.001" : String(format: "%.3f", p)
    }

    /// A number of things: `1 row`, `210 rows`.
    static func count(_ number: Int, _ noun: String) -> String { number == 1 ? "1 \(noun)" : "\(number) \(noun)s" }

    /// What a comparison shows, in a word or two.
    static func finding(_ compared: MetricComparison) -> String {
        guard let change = compared.change else { return "" }
        if !change.isCertain { return "not shown" }
        let isBetter = (change.difference < 0) == compared.metric.isLowerBetter
        if compared.metric.role == .drift { return isBetter ? "less" : "more" }
        return isBetter ? "better" : "worse"
    }
}

extension ReportText {
    /// The beginning and the end of a long text.
    static func excerpt(_ text: String, limit: Int = 2000) -> String {
        if text.count <= limit { return text }
        return text.prefix(limit * 3 / 4) + "\n[… \(text.count - limit) characters left out …]\n"
            + text.suffix(limit / 4)
    }

    /// A setting's value: strings without quotes, everything else as JSON.
    static func value(_ value: JSONValue) -> String { value.stringValue ?? value.serialized() }
}
