extension Renderer {
    /// Calls a method of Python's `str`; methods of safe text give safe text and escape what they are given.
    func callString(_ text: String, _ name: String, _ arguments: Arguments, isMarkup: Bool) throws -> Value {
        try charge(bytes: text.utf8.count)
        try charge(arguments.weight)
        if let value = try callPredicate(text, name, arguments) { return value }
        func same(_ text: String) -> Value { isMarkup ? .markup(text) : .string(text) }
        func bound(_ names: [String], required: Int = 0, positionalOnly: Bool = true) throws -> [Value?] {
            try arguments.bound(to: name, names, required: required, positionalOnly: positionalOnly)
        }
        switch name {
        case "strip", "lstrip", "rstrip":
            let chars = arguments.isEmpty ? nil : try bound(["chars"])[0]
            return same(try stripped(text, chars, leading: name != "rstrip", trailing: name != "lstrip"))
        case "split", "rsplit":
            let given = try bound(["sep", "maxsplit"], positionalOnly: false)
            let limit = try given[1]?.requiredInteger() ?? -1
            let pieces: [String]
            if let separator = given[0], !separator.isNone {
                let separator = try separator.requiredText("")
                if separator.isEmpty { throw Failure(.value, "empty separator") }
                pieces =
                    name == "split"
                    ? text.pieces(separatedBy: separator, limit: limit)
                    : piecesFromEnd(text, separator, limit)
            } else {
                pieces = name == "split" ? splitOnSpace(text, limit: limit) : splitOnSpaceFromEnd(text, limit: limit)
            }
            return .list(try checked(pieces.map(same)))
        case "splitlines":
            let keep = try bound(["keepends"], positionalOnly: false)[0]?.isTrue ?? false
            return .list(try checked(splitLines(text, keepEnds: keep).map(same)))
        case "partition", "rpartition":
            let separator = try (bound(["sep"], required: 1)[0] ?? .none).requiredText("")
            if separator.isEmpty { throw Failure(.value, "empty separator") }
            let pieces =
                name == "partition"
                ? text.pieces(separatedBy: separator, limit: 1) : piecesFromEnd(text, separator, 1)
            if pieces.count == 2 { return .tuple([same(pieces[0]), same(separator), same(pieces[1])]) }
            return .tuple((name == "partition" ? [text, "", ""] : ["", "", text]).map(same))
        case "replace":
            let given = try bound(["old", "new", "count"], required: 2)
            let old = try (given[0] ?? .none).requiredText("replace() argument 1")
            var new = try (given[1] ?? .none).requiredText("replace() argument 2")
            if isMarkup, case .string(let plain) = given[1] { new = escapedHTML(plain) }
            return same(try replaced(text, old, new, given[2]?.requiredInteger() ?? -1))
        case "join":
            return try joined(text, bound(["iterable"], required: 1)[0] ?? .none, isMarkup: isMarkup)
        case "removeprefix", "removesuffix":
            let affix = try (bound(["affix"], required: 1)[0] ?? .none).requiredText("\(name)() argument")
            return same(removed(affix, from: text, atStart: name == "removeprefix"))
        case "upper", "lower", "title", "capitalize", "swapcase", "casefold":
            try arguments.none(for: name)
            return same(cased(text, name))
        case "center", "ljust", "rjust":
            let given = try bound(["width", "fillchar"], required: 1)
            return same(try padded(text, to: (given[0] ?? .none).requiredInteger(), with: given[1], name))
        case "zfill": return same(try zeroFilled(text, (bound(["width"], required: 1)[0] ?? .none).requiredInteger()))
        case "expandtabs":
            return same(try tabsExpanded(text, bound(["tabsize"], positionalOnly: false)[0]?.requiredInteger() ?? 8))
        case "find", "rfind", "index", "rindex", "count", "startswith", "endswith":
            return try search(text, name, bound(["sub", "start", "end"], required: 1))
        case "format": return same(try format(text, arguments, escaping: isMarkup))
        case "format_map":
            guard case .dict(let dict) = try bound(["mapping"], required: 1)[0] ?? .none else {
                throw Failure(.type, "format_map() argument must be a mapping")
            }
            let named = dict.entries.compactMap { entry in entry.key.text.map { (name: $0, value: entry.value) } }
            return same(try format(text, Arguments(named: named), escaping: isMarkup))
        default: throw Failure(.unsupported, "str.\(name) is not supported")
        }
    }

    /// The `is…` methods; nil for any other name.
    private func callPredicate(_ text: String, _ name: String, _ arguments: Arguments) throws -> Value? {
        guard name.utf8.starts(with: "is".utf8) else { return nil }
        try arguments.none(for: name)
        let scalars = text.unicodeScalars
        func all(_ predicate: (Unicode.Scalar) -> Bool) -> Value {
            .bool(!text.isEmpty && scalars.allSatisfy(predicate))
        }
        switch name {
        case "isspace": return all(isPythonSpace)
        case "isalpha": return all(isAlphabetic)
        case "isdecimal": return all(isDecimal)
        case "isdigit": return all(isDigit)
        case "isnumeric": return all(isNumeric)
        case "isalnum": return all(isAlphanumeric)
        case "isascii": return .bool(text.utf8.allSatisfy { $0 < 0x80 })
        case "isprintable": return .bool(scalars.allSatisfy(isPrintable))
        case "islower": return .bool(isLower(text))
        case "isupper": return .bool(isUpper(text))
        case "istitle": return .bool(isTitle(text))
        case "isidentifier":
            guard let first = scalars.first else { return .bool(false) }
            let starts = first == "_" || first.properties.isXIDStart
            return .bool(starts && scalars.allSatisfy { $0.properties.isXIDContinue })
        default: return nil
        }
    }

    private func stripped(_ text: String, _ chars: Value?, leading: Bool, trailing: Bool) throws -> String {
        guard let chars, !chars.isNone else {
            return text.trimmedScalars(leading: leading, trailing: trailing, where: isPythonSpace)
        }
        if case .undefined = chars { throw Failure(.type, "strip arg must be None or str") }
        let set = Set(try chars.requiredText("strip arg").unicodeScalars)
        return text.trimmedScalars(leading: leading, trailing: trailing) { set.contains($0) }
    }

    private func joined(_ separator: String, _ value: Value, isMarkup: Bool) throws -> Value {
        var out = ""
        var iterator: ValueIterator
        do { iterator = try iterate(value) } catch let failure as Failure where failure.error == .type {
            throw Failure(.type, "can only join an iterable")
        }
        var i = 0
        while let item = try iterator.next() {
            if i > 0 { out += separator }
            if isMarkup {
                if case .markup(let text) = item { out += text } else { out += escapedHTML(item.printed) }
            } else {
                guard let text = item.text else {
                    throw Failure(.type, "sequence item \(i): expected str instance, \(item.typeName) found")
                }
                out += text
            }
            i += 1
            try charge(1)
            if out.utf8.count > limits.textBytes { throw tooLarge("a text") }
        }
        try checkSize(out.utf8.count)
        return isMarkup ? .markup(out) : .string(out)
    }

    private func removed(_ affix: String, from text: String, atStart: Bool) -> String {
        let (bytes, part) = (text.utf8, affix.utf8)
        guard bytes.count >= part.count else { return text }
        if atStart {
            guard bytes.starts(with: part) else { return text }
            return String(text[bytes.index(bytes.startIndex, offsetBy: part.count)...])
        }
        let cut = bytes.index(bytes.startIndex, offsetBy: bytes.count - part.count)
        return bytes[cut...].elementsEqual(part) ? String(text[..<cut]) : text
    }

    private func cased(_ text: String, _ name: String) -> String {
        switch name {
        case "upper": uppercased(text)
        case "lower": lowercased(text)
        case "title": titlecased(text)
        case "capitalize": capitalized(text)
        case "swapcase": swappedCase(text)
        default: caseFolded(text)
        }
    }

    private func padded(_ text: String, to width: Int, with fill: Value?, _ name: String) throws -> String {
        let fill = try fill?.requiredText("The fill character") ?? " "
        guard fill.scalarCount == 1 else {
            throw Failure(.type, "The fill character must be exactly one character long")
        }
        let count = text.scalarCount
        guard width > count else { return text }
        let missing = width - count
        let left: Int
        switch name {
        case "ljust": left = 0
        case "rjust": left = missing
        default: left = missing / 2 + (missing & width & 1)
        }
        return try repeated(fill, left) + text + repeated(fill, missing - left)
    }

    private func zeroFilled(_ text: String, _ width: Int) throws -> String {
        let count = text.scalarCount
        guard width > count else { return text }
        let zeros = try repeated("0", width - count)
        guard let sign = text.unicodeScalars.first, sign == "+" || sign == "-" else { return zeros + text }
        return String(sign) + zeros + String(text.unicodeScalars.dropFirst())
    }

    private func tabsExpanded(_ text: String, _ size: Int) throws -> String {
        var out = ""
        var column = 0
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\t":
                guard size > 0 else { continue }
                let spaces = size - column % size
                out += try repeated(" ", spaces)
                column += spaces
                if out.utf8.count > limits.textBytes { throw tooLarge("a text") }
            case "\n", "\r":
                out.unicodeScalars.append(scalar)
                column = 0
            default:
                out.unicodeScalars.append(scalar)
                column += 1
            }
        }
        return out
    }
}
