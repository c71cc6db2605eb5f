import Diagnostics
import OrderedJSON

/// Reads one config.json with a family's defaults and collects everything that is wrong with it.
///
/// Each accessor returns a usable value even where it notes a problem, so that reading goes on and all problems are
/// reported together. A key that is absent takes the default of transformers' config class; so does `null`, except
/// where `null` has a meaning of its own.
final class ConfigReader {
    /// The members of the text model's configuration.
    let json: JSONObject
    /// The file, as the user named it.
    let file: String
    /// Before every key in messages: `text_config.` or nothing.
    let keyPrefix: String
    /// What was found wrong so far.
    private(set) var problems: [Problem] = []

    init(_ json: JSONObject, file: String, keyPrefix: String = "") {
        self.json = json
        self.file = file
        self.keyPrefix = keyPrefix
    }

    /// The largest size of anything: no model comes near. What all sizes make together has a bound of its own, see
    /// ``ModelDescription/init(configuration:file:)``.
    static let largest = 1 << 21

    /// Notes that `key` is wrong.
    func fault(_ key: String, _ what: String, advice: String? = nil) {
        problems.append(Problem("\(keyPrefix)\(key) \(what)", file: file, advice: advice))
    }

    /// The member, or nil when it is absent or null.
    func value(_ key: String) -> JSONValue? {
        guard let value = json[key], !value.isNull else { return nil }
        return value
    }

    /// A whole number within `range`; `fallback` when absent or null.
    func count(_ key: String, _ fallback: Int, in range: ClosedRange<Int> = 1...largest) -> Int {
        guard let value = value(key) else { return fallback }
        return count(value, named: key, in: range) ?? fallback
    }

    /// A whole number within `range`, or nil when absent or null.
    func optionalCount(_ key: String, in range: ClosedRange<Int> = 1...largest) -> Int? {
        value(key).flatMap { count($0, named: key, in: range) }
    }

    /// A whole number within `range`; `fallback` when absent, nil when null.
    func nullableCount(_ key: String, _ fallback: Int?, in range: ClosedRange<Int> = 1...largest) -> Int? {
        guard let value = json[key] else { return fallback }
        return value.isNull ? nil : count(value, named: key, in: range)
    }

    private func count(_ value: JSONValue, named key: String, in range: ClosedRange<Int>) -> Int? {
        guard let whole = value.intValue else {
            fault(key, "is \(Self.shown(value)), not a whole number")
            return nil
        }
        guard range.contains(whole) else {
            fault(key, "is \(whole), outside \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return whole
    }

    /// A finite number; `fallback` when absent or null.
    func number(_ key: String, _ fallback: Double, above bound: Double? = nil) -> Double {
        optionalNumber(key, above: bound) ?? fallback
    }

    /// A finite number, or nil when absent or null.
    func optionalNumber(_ key: String, above bound: Double? = nil) -> Double? {
        value(key).flatMap { number($0, named: key, above: bound) }
    }

    /// A finite number; `fallback` when absent, nil when null.
    func nullableNumber(_ key: String, _ fallback: Double?, above bound: Double? = nil) -> Double? {
        guard let value = json[key] else { return fallback }
        return value.isNull ? nil : number(value, named: key, above: bound)
    }

    /// The value as a finite number, beyond `bound` if there is one.
    func number(_ value: JSONValue, named key: String, above bound: Double?) -> Double? {
        guard let number = value.doubleValue, number.isFinite, abs(number) < 1e30 else {
            fault(key, "is \(Self.shown(value)), not a number")
            return nil
        }
        if let bound, number <= bound {
            fault(key, "is \(number), must be more than \(bound)")
            return nil
        }
        return number
    }

    /// A boolean; `fallback` when absent or null.
    func flag(_ key: String, _ fallback: Bool) -> Bool {
        guard let value = value(key) else { return fallback }
        guard let flag = value.boolValue else {
            fault(key, "is \(Self.shown(value)), not true or false")
            return fallback
        }
        return flag
    }

    /// A string; `fallback` when absent or null.
    func string(_ key: String, _ fallback: String) -> String {
        guard let value = value(key) else { return fallback }
        guard let string = value.stringValue else {
            fault(key, "is \(Self.shown(value)), not a string")
            return fallback
        }
        return string
    }

    /// Notes that `key` names something that the decoder does not have, and what it has.
    func fault(_ key: String, names name: String, insteadOf known: [String]) {
        let near = suggestion(for: name, among: known).map { "did you mean \"\($0)\"? " } ?? ""
        fault(
            key, "is \"\(name)\", which is not supported", advice: near + "supported: " + known.joined(separator: ", "))
    }

    /// Notes that a switch is on which the decoder does not have.
    func refuse(_ key: String, because reason: String) {
        if flag(key, false) { fault(key, "is true: \(reason)", advice: "use a model made to generate text") }
    }

    /// A value as it stands in the file, cut short.
    static func shown(_ value: JSONValue) -> String {
        let text = value.serialized()
        return text.count <= 40 ? text : text.prefix(37) + "…"
    }
}
