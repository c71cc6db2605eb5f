extension Filters {
    /// Filters that work on text; what is no text is printed first.
    static let texts: [String: Function] = [
        "upper": { _, value, a in
            try a.none(for: "do_upper")
            return mapped(value) { uppercased($0) }
        },
        "lower": { _, value, a in
            try a.none(for: "do_lower")
            return mapped(value) { lowercased($0) }
        },
        "capitalize": { _, value, a in
            try a.none(for: "do_capitalize")
            return mapped(value) { capitalized($0) }
        },
        "title": { _, value, a in
            try a.none(for: "do_title")
            return .string(title(value.printed))
        },
        "trim": { r, value, a in
            if a.isEmpty { return mapped(value) { $0.trimmedScalars(where: isPythonSpace) } }
            let text: Value = value.text == nil ? .string(value.printed) : value
            let chars = try a.bound(to: "do_trim", ["chars"])[0] ?? .none
            return try r.callMethod(text, "strip", Arguments(positional: [chars]))
        },
        "replace": { r, value, a in
            let bound = try a.bound(to: "do_replace", ["s", "old", "new", "count"].dropFirst().map { $0 }, required: 2)
            let (old, new) = (bound[0]?.printed ?? "", bound[1]?.printed ?? "")
            let count = try bound[2].flatMap { $0.isNone ? nil : $0 }?.requiredInteger() ?? -1
            return .string(try r.replaced(value.printed, old, new, count))
        },
        "center": { r, value, a in
            let width = try a.bound(to: "do_center", ["width"])[0] ?? .integer(80)
            let text: Value = value.text == nil ? .string(value.printed) : value
            return try r.callMethod(text, "center", Arguments(positional: [width]))
        },
        "format": { r, value, a in
            if !a.positional.isEmpty, !a.named.isEmpty {
                let message = "can't handle positional and keyword arguments at the same time"
                throw Failure(.filterArgument, message)
            }
            let named = Value.dict(DictValue(a.named.map { (.string($0.name), $0.value) }))
            let text: Value = value.text == nil ? .string(value.printed) : value
            return try r.binary(.modulo, text, a.named.isEmpty ? .tuple(a.positional) : named)
        },
        "indent": indent, "truncate": truncate, "wordcount": wordCount, "urlencode": urlEncode,
        "striptags": { _, value, _ in .string(stripTags(value.printed)) },
        "xmlattr": xmlAttributes,
        "urlize": { _, _, _ in throw Failure(.unsupported, "the filter 'urlize' is not supported") },
        "wordwrap": { _, _, _ in throw Failure(.unsupported, "the filter 'wordwrap' is not supported") },
    ]

    /// The value's text changed; safe text stays safe.
    private static func mapped(_ value: Value, _ change: (String) -> String) -> Value {
        if case .markup(let text) = value { return .markup(change(text)) }
        return .string(change(value.printed))
    }

    /// Words start after white space, hyphens and opening brackets, unlike in Python's own `title`.
    private static func title(_ text: String) -> String {
        var out = ""
        var atStart = true
        var rest = String.UnicodeScalarView()
        func flush() {
            out += lowercased(String(rest))
            rest = String.UnicodeScalarView()
        }
        for scalar in text.unicodeScalars {
            if isPythonSpace(scalar) || "-({[<".unicodeScalars.contains(scalar) {
                flush()
                out.unicodeScalars.append(scalar)
                atStart = true
            } else if atStart {
                out += uppercased(String(scalar))
                atStart = false
            } else {
                rest.append(scalar)
            }
        }
        flush()
        return out
    }

    @Sendable private static func indent(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_indent", ["width", "first", "blank"])
        let indentation = try bound[0]?.text ?? r.repeated(" ", max(0, bound[0]?.requiredInteger() ?? 4))
        guard let text = value.text else {
            switch value {
            case .undefined(let undefined): throw undefined.failure
            case .list: throw noAttribute(value, "splitlines")
            case .tuple: throw Failure(.type, "can only concatenate tuple (not \"str\") to tuple")
            default: throw Failure(.type, "unsupported operand type(s) for +=: '\(value.typeName)' and 'str'")
            }
        }
        // Python's splitlines drops the last line break, so one is added first.
        let lines = splitLines(text + "\n", keepEnds: false)
        try r.checkSize(text.utf8.count + lines.count.multipliedClamped(by: indentation.utf8.count + 1))
        let blank = bound[2]?.isTrue ?? false
        var out = bound[1]?.isTrue == true ? indentation : ""
        for (i, line) in lines.enumerated() {
            if i > 0 {
                out += "\n"
                if blank || !line.isEmpty { out += indentation }
            }
            out += line
        }
        if case .markup = value { return .markup(out) }
        return .string(out)
    }

    @Sendable private static func truncate(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_truncate", ["length", "killwords", "end", "leeway"])
        let length = try bound[0]?.requiredInteger() ?? 255
        let end = try bound[2]?.requiredText("end") ?? "..."
        let leeway = try bound[3].flatMap { $0.isNone ? nil : $0 }?.requiredInteger() ?? 5
        let endCount = end.scalarCount
        guard length >= endCount else { throw Failure(.assertion, "expected length >= \(endCount), got \(length)") }
        guard leeway >= 0 else { throw Failure(.assertion, "expected leeway >= 0, got \(leeway)") }
        guard let count = r.length(value) else {
            throw Failure(.type, "object of type '\(value.typeName)' has no len()")
        }
        if count - leeway <= length { return value }
        let text = try value.requiredText("truncated value")
        let kept = text.scalarSlice(
            try SliceIndices(start: 0, stop: length - endCount, step: 1, length: text.scalarCount))
        if bound[1]?.isTrue == true { return .string(kept + end) }
        let words = kept.withBytes { bytes -> String in
            guard let space = bytes.lastIndex(of: 0x20) else { return kept }
            return String(piece: bytes[..<space])
        }
        return .string(words + end)
    }

    @Sendable private static func wordCount(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        var count = 0
        var inWord = false
        for scalar in value.printed.unicodeScalars {
            let isWord = scalar == "_" || isAlphanumeric(scalar)
            if isWord, !inWord { count += 1 }
            inWord = isWord
        }
        return .integer(count)
    }

    @Sendable private static func urlEncode(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        func quoted(_ value: Value, query: Bool) -> String {
            var out = ""
            for byte in value.printed.utf8 {
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f, 0x2e, 0x2d, 0x7e:
                    out.unicodeScalars.append(Unicode.Scalar(byte))
                case 0x2f where !query: out += "/"
                case 0x20 where query: out += "+"
                default: out += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
                }
            }
            return out
        }
        let pairs: [Value]
        switch value {
        case .string, .markup, .none, .bool, .integer, .large, .float: return .string(quoted(value, query: false))
        case .dict(let dict): pairs = DictView(dict, .items).items
        case .object(let object) where !(object is LoopValue): return .string(quoted(value, query: false))
        default: pairs = try r.items(value)
        }
        let parts = try pairs.map { pair in
            let items = try r.items(pair)
            guard items.count == 2 else { throw Failure(.value, "not enough values to unpack (expected 2)") }
            return quoted(items[0], query: true) + "=" + quoted(items[1], query: true)
        }
        return .string(parts.joined(separator: "&"))
    }

    @Sendable private static func xmlAttributes(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let spaced = try a.bound(to: "do_xmlattr", ["autospace"])[0]?.isTrue ?? true
        guard case .dict(let dict) = value else { throw noAttribute(value, "items") }
        var parts: [String] = []
        for entry in dict.entries where !entry.value.isNone && !entry.value.isUndefined {
            let key = try entry.key.requiredText("attribute name")
            if key.unicodeScalars.contains(where: { " \t\n\r\u{b}\u{c}/>=".unicodeScalars.contains($0) }) {
                throw Failure(.value, "Invalid character in attribute name: \(pythonRepr(key))")
            }
            func escaped(_ value: Value) -> String {
                if case .markup(let text) = value { return text }
                return escapedHTML(value.printed)
            }
            parts.append("\(escaped(entry.key))=\"\(escaped(entry.value))\"")
        }
        let text = parts.joined(separator: " ")
        return .string(spaced && !text.isEmpty ? " " + text : text)
    }

    /// The text without tags and comments, with runs of white space as one space and the basic entities as characters.
    private static func stripTags(_ text: String) -> String {
        var out = ""
        var rest = text[...]
        while let open = rest.utf8.firstIndex(of: UInt8(ascii: "<")) {
            let isComment = rest[open...].hasPrefix("<!--")
            let marks = isComment ? "-->" : ">"
            let from = isComment ? rest.utf8.index(open, offsetBy: 4) : open
            guard let close = rest[from...].utf8Range(of: marks) else { break }
            out += rest[..<open]
            rest = rest[close...]
        }
        out += rest
        var words = splitOnSpace(out, limit: -1).joined(separator: " ")
        for (entity, character) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&#34;", "\""), ("&quot;", "\""), ("&amp;", "&"),
        ] {
            words = words.replacing(entity, by: character, limit: -1)
        }
        return words
    }
}

extension Substring {
    /// The index after the first occurrence of a text.
    fileprivate func utf8Range(of marks: String) -> Index? {
        var at = utf8.startIndex
        while at < utf8.endIndex {
            if utf8[at...].starts(with: marks.utf8) { return utf8.index(at, offsetBy: marks.utf8.count) }
            at = utf8.index(after: at)
        }
        return nil
    }
}

/// Python's failure of a missing attribute.
func noAttribute(_ value: Value, _ name: String) -> Failure {
    if case .undefined(let undefined) = value { return undefined.failure }
    return Failure(.attribute, "'\(value.typeName)' object has no attribute '\(name)'")
}

extension Renderer {
    /// Python's `text.replace(old, new, count)`.
    func replaced(_ text: String, _ old: String, _ new: String, _ count: Int) throws -> String {
        try charge(bytes: text.utf8.count)
        let most = old.isEmpty ? text.utf8.count + 1 : text.utf8.count / old.utf8.count
        let growth = max(0, new.utf8.count - old.utf8.count)
        if growth.multipliedClamped(by: most) > limits.textBytes - min(text.utf8.count, limits.textBytes) {
            // Only the worst case is too large: count before refusing.
            let found = old.isEmpty ? most : text.occurrences(of: old)
            try checkSize(found.multipliedClamped(by: growth))
        }
        let result = text.replacing(old, by: new, limit: count)
        try checkSize(result.utf8.count)
        return result
    }
}
