/// How a JSON text is laid out.
public struct JSONStyle: Sendable {
    /// Spaces an indentation level takes; nil writes everything on one line.
    public var indent: Int?
    /// Between elements on one line.
    public var itemSeparator: String
    /// Between key and value.
    public var keySeparator: String
    /// Whether keys are sorted by their code points.
    public var sortedKeys: Bool
    /// Whether characters beyond ASCII are written as `\uXXXX`.
    public var asciiOnly: Bool

    /// A style; the defaults write `{"a":1,"b":[2,3]}`.
    public init(
        indent: Int? = nil, itemSeparator: String = ",", keySeparator: String = ":", sortedKeys: Bool = false,
        asciiOnly: Bool = false
    ) {
        self.indent = indent
        self.itemSeparator = itemSeparator
        self.keySeparator = keySeparator
        self.sortedKeys = sortedKeys
        self.asciiOnly = asciiOnly
    }

    /// One line without spaces.
    public static let compact = JSONStyle()
    /// Two spaces a level, as configuration files have it.
    public static let pretty = JSONStyle(indent: 2, keySeparator: ": ")
    /// What Python's `json.dumps(x, ensure_ascii=False)` writes.
    public static let python = JSONStyle(itemSeparator: ", ", keySeparator: ": ")
}

extension JSONValue {
    /// The value as JSON text. Numbers are written so that reading them gives the same value; infinities and NaN
    /// as `Infinity`, `-Infinity` and `NaN`, as Python does.
    public func serialized(_ style: JSONStyle = .compact) -> String {
        var out = ""
        write(to: &out, style, depth: 0)
        return out
    }

    private func write(to out: inout String, _ style: JSONStyle, depth: Int) {
        switch self {
        case .null: out += "null"
        case .bool(let b): out += b ? "true" : "false"
        case .integer(let i): out += String(i)
        case .largeInteger(let digits): out += digits
        case .number(let d): out += Self.text(of: d)
        case .string(let s): out.appendJSON(s, asciiOnly: style.asciiOnly)
        case .array(let elements):
            Self.writeList("[", "]", elements.count, to: &out, style, depth) { i, out in
                elements[i].write(to: &out, style, depth: depth + 1)
            }
        case .object(let object):
            let members =
                style.sortedKeys
                ? object.members.sorted { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
                : object.members
            Self.writeList("{", "}", members.count, to: &out, style, depth) { i, out in
                out.appendJSON(members[i].key, asciiOnly: style.asciiOnly)
                out += style.keySeparator
                members[i].value.write(to: &out, style, depth: depth + 1)
            }
        }
    }

    private static func writeList(
        _ open: String, _ close: String, _ count: Int, to out: inout String, _ style: JSONStyle, _ depth: Int,
        _ item: (Int, inout String) -> Void
    ) {
        out += open
        for i in 0..<count {
            if i > 0 { out += style.indent == nil ? style.itemSeparator : "," }
            if let indent = style.indent { out += "\n" + String(repeating: " ", count: indent * (depth + 1)) }
            item(i, &out)
        }
        if let indent = style.indent, count > 0 { out += "\n" + String(repeating: " ", count: indent * depth) }
        out += close
    }

    private static func text(of d: Double) -> String {
        if d.isNaN { return "NaN" }
        if d.isInfinite { return d < 0 ? "-Infinity" : "Infinity" }
        return "\(d)"
    }
}
