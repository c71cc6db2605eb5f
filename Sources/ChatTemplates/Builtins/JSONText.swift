import OrderedJSON

/// Writes values as Python's `json.dumps` does, with transformers' default of leaving characters beyond ASCII alone.
struct JSONText {
    var asciiOnly = false
    /// What a level of indentation is written as; nil for everything on one line.
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false
    private(set) var out = ""

    mutating func write(_ value: Value, _ r: Renderer, level: Int = 0) throws {
        try r.charge(1)
        switch value {
        case .none: out += "null"
        case .bool(let bool): out += bool ? "true" : "false"
        case .integer(let integer): out += String(integer)
        case .large(let integer): out += integer.text
        case .float(let float): out += Self.number(float)
        case .string(let text), .markup(let text): try write(text, r)
        case .list(let list), .tuple(let list):
            try writeLines("[", "]", list.items.count, level, r) { json, i in
                try json.write(list.items[i], r, level: level + 1)
            }
        case .dict(let dict):
            let entries = sortsKeys ? try r.sorted(dict.entries, by: { $0.key }) : dict.entries
            try writeLines("{", "}", entries.count, level, r) { json, i in
                try json.write(Self.key(entries[i].key), r)
                json.out += json.keySeparator
                try json.write(entries[i].value, r, level: level + 1)
            }
        default:
            throw Failure(.type, "Object of type \(value.typeName) is not JSON serializable")
        }
    }

    private mutating func writeLines(
        _ open: String, _ close: String, _ count: Int, _ level: Int, _ r: Renderer,
        _ item: (inout JSONText, Int) throws -> Void
    ) throws {
        out += open
        for i in 0..<count {
            if i > 0 { out += itemSeparator }
            if let indent { out += "\n" + (try r.repeated(indent, level + 1)) }
            try item(&self, i)
        }
        if let indent, count > 0 { out += "\n" + (try r.repeated(indent, level)) }
        out += close
        if out.utf8.count > r.limits.textBytes { throw r.tooLarge("a text") }
    }

    private static func number(_ float: Double) -> String {
        if float.isNaN { return "NaN" }
        return float.isInfinite ? (float < 0 ? "-Infinity" : "Infinity") : pythonText(float)
    }

    private static func key(_ value: Value) throws -> String {
        switch value {
        case .string(let text), .markup(let text): text
        case .bool(let bool): bool ? "true" : "false"
        case .none: "null"
        case .integer(let integer): String(integer)
        case .large(let integer): integer.text
        case .float(let float): number(float)
        default:
            throw Failure(.type, "keys must be str, int, float, bool or None, not \(value.typeName)")
        }
    }

    private mutating func write(_ text: String, _ r: Renderer) throws {
        try r.charge(bytes: text.utf8.count)
        out.appendJSON(text, asciiOnly: asciiOnly)
    }
}
