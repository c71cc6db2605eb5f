extension String {
    /// Appends a text as a JSON string, quotes included, escaped as Python's `json.dumps` does; with `asciiOnly`
    /// characters beyond `~` too.
    public mutating func appendJSON(_ text: String, asciiOnly: Bool) {
        self += "\""
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5c && ($0 < 0x7f || !asciiOnly) }) {
            self += text
        } else {
            for scalar in text.unicodeScalars { appendJSON(scalar, asciiOnly) }
        }
        self += "\""
    }

    private mutating func appendJSON(_ scalar: Unicode.Scalar, _ asciiOnly: Bool) {
        switch scalar {
        case "\"": self += "\\\""
        case "\\": self += "\\\\"
        case "\n": self += "\\n"
        case "\r": self += "\\r"
        case "\t": self += "\\t"
        case "\u{8}": self += "\\b"
        case "\u{c}": self += "\\f"
        case _ where scalar.value < 0x20 || (asciiOnly && scalar.value > 0x7e):
            for unit in String(scalar).utf16 {
                let hex = String(unit, radix: 16)
                self += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
            }
        default: unicodeScalars.append(scalar)
        }
    }
}
