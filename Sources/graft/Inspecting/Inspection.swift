import Diagnostics
import Foundation
import OrderedJSON
import WeightFiles

/// What was found at a path: facts in reading order, and the tensors.
struct Inspection {
    /// A fact: a JSON member and, where a person wants it, a line of text.
    struct Fact {
        let key: String
        let value: JSONValue
        let text: String?

        /// A fact whose text is its value's unless given; `hidden` facts are for programs only.
        init(_ key: String, _ value: JSONValue, text: String? = nil, hidden: Bool = false) {
            self.key = key
            self.value = value
            self.text = hidden ? nil : text ?? value.plainText
        }
    }

    /// `model`, `adapter`, `safetensors`, `gguf`, `run` or `checkpoint`.
    let kind: String
    /// The path as given.
    let path: String
    /// What there is to say.
    var facts: [Fact] = []
    /// The tensors, where the kind has any.
    var tensors: WeightStore?
    /// Why it cannot be used, if it cannot.
    var problems: [Problem] = []

    init(_ kind: String, path: String) {
        self.kind = kind
        self.path = path
    }

    mutating func add(_ key: String, _ value: JSONValue, text: String? = nil, hidden: Bool = false) {
        facts.append(Fact(key, value, text: text, hidden: hidden))
    }

    mutating func add(_ key: String, _ value: Int?) {
        if let value { add(key, .integer(value), text: CountText.of(value)) }
    }

    mutating func add(_ key: String, _ value: String?) {
        if let value { add(key, .string(value)) }
    }

    /// The whole as one object.
    var json: JSONValue {
        var object = JSONObject([("kind", .string(kind)), ("path", .string(path))])
        for fact in facts { object[fact.key] = fact.value }
        if let tensors {
            object["bytes"] = .integer(tensors.byteCount)
            object["tensors"] = .array(
                tensors.all.map { tensor in
                    [
                        "name": .string(tensor.name), "shape": .array(tensor.shape.map(JSONValue.integer)),
                        "format": .string(tensor.format.name), "bytes": .integer(tensor.range.count),
                    ]
                })
        }
        object["problems"] = .array(problems.map { .string($0.description) })
        return .object(object)
    }

    /// The whole for a person.
    var text: String {
        var lines: [(title: String, text: String)] = [(kind, path)]
        for fact in facts { if let text = fact.text { lines.append((fact.key, text)) } }
        if let tensors { lines.append(("tensors", tensors.summary)) }
        let width = (lines.map(\.title.count).max() ?? 0) + 2
        return lines.map {
            $0.title.replacing("_", with: " ").padding(toLength: width, withPad: " ", startingAt: 0) + $0.text
        }.joined(separator: "\n")
    }
}

extension WeightStore {
    /// `290 (1.0 GB): 168 BF16, 122 F32`
    var summary: String {
        var counts: [(name: String, count: Int)] = []
        for tensor in all {
            if let at = counts.firstIndex(where: { $0.name == tensor.format.name }) {
                counts[at].count += 1
            } else {
                counts.append((tensor.format.name, 1))
            }
        }
        counts.sort { $0.count > $1.count }
        let formats = counts.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
        return "\(names.count) (\(ByteText.of(byteCount)))" + (counts.isEmpty ? "" : ": \(formats)")
    }

    /// Numbers in all tensors together.
    var parameterCount: Int { all.reduce(0) { $0 + $1.count } }
}

extension JSONValue {
    /// The value without quotes.
    fileprivate var plainText: String { stringValue ?? serialized(.python) }
}
