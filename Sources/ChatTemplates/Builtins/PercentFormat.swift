extension Renderer {
    /// Python's `format % value`.
    func percentFormat(_ format: String, _ value: Value, escaping: Bool) throws -> String {
        var out = ""
        let mapping: DictValue? = if case .dict(let dict) = value { dict } else { nil }
        var pending: [Value] = if case .tuple(let list) = value { list.items } else { [value] }
        pending.reverse()
        var usedMapping = false
        func next() throws -> Value {
            guard let item = pending.popLast() else {
                throw Failure(.type, "not enough arguments for format string")
            }
            return item
        }
        var scalars = Array(format.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            guard scalar == "%" else {
                out.unicodeScalars.append(scalar)
                continue
            }
            var source: (() throws -> Value) = next
            if scalars.first == "(" {
                guard let mapping else { throw Failure(.type, "format requires a mapping") }
                let key = try mappingKey(&scalars)
                usedMapping = true
                source = {
                    guard let item = mapping.value(key) else { throw Failure(.key, pythonRepr(key)) }
                    return item
                }
            }
            var spec = FormatSpec()
            spec.align = ">"
            while let flag = scalars.first, "-+ 0#".unicodeScalars.contains(flag) {
                scalars.removeFirst()
                switch flag {
                case "-": spec.align = "<"
                case "+": spec.sign = "+"
                case " ": if spec.sign != "+" { spec.sign = " " }
                case "0": spec.zeroPadded = true
                default: spec.alternate = true
                }
            }
            spec.width = try number(&scalars, next)
            if spec.width < 0 {
                spec.align = "<"
                spec.width = spec.width == .min ? .max : -spec.width
            }
            if scalars.first == "." {
                scalars.removeFirst()
                spec.precision = max(0, try number(&scalars, next))
            }
            while let modifier = scalars.first, "hlL".unicodeScalars.contains(modifier) { scalars.removeFirst() }
            guard let kind = scalars.popFirst() else { throw Failure(.value, "incomplete format") }
            if kind == "%" {
                out += "%"
            } else {
                out += try converted(source(), kind, spec, escaping: escaping, at: scalars.startIndex - 1)
            }
            if out.utf8.count > limits.textBytes { throw tooLarge("a text") }
        }
        let mayBeLeft: Bool
        switch value {
        case .dict, .list, .range, .undefined: mayBeLeft = true
        default: mayBeLeft = usedMapping
        }
        if !pending.isEmpty, !mayBeLeft {
            throw Failure(.type, "not all arguments converted during string formatting")
        }
        try checkSize(out.utf8.count)
        return out
    }

    private func mappingKey(_ scalars: inout ArraySlice<Unicode.Scalar>) throws -> String {
        scalars.removeFirst()
        var key = ""
        var open = 1
        while let scalar = scalars.popFirst() {
            if scalar == "(" { open += 1 }
            if scalar == ")" { open -= 1 }
            if open == 0 { return key }
            key.unicodeScalars.append(scalar)
        }
        throw Failure(.value, "incomplete format key")
    }

    /// A width or precision: digits, or `*` for the next argument.
    private func number(_ scalars: inout ArraySlice<Unicode.Scalar>, _ next: () throws -> Value) throws -> Int {
        if scalars.first == "*" {
            scalars.removeFirst()
            guard let value = try next().wholeNumber else { throw Failure(.type, "* wants int") }
            return value
        }
        var value = 0
        while let digit = scalars.first, ("0"..."9").contains(digit) {
            scalars.removeFirst()
            value = value * 10 + Int(digit.value) - 0x30
            if value > limits.textBytes { throw Failure(.value, "width too big") }
        }
        return value
    }

    private func converted(_ value: Value, _ kind: Unicode.Scalar, _ given: FormatSpec, escaping: Bool, at index: Int)
        throws -> String
    {
        var spec = given
        switch kind {
        case "s", "r", "a":
            var text = kind == "s" ? value.printed : value.repr
            if kind == "a" { text = asciiOnly(text) }
            if escaping {
                if case .markup = value {} else { text = escapedHTML(text) }
            }
            spec.zeroPadded = false
            return try spec.padded(spec.truncated(text), self)
        case "c":
            spec.zeroPadded = false
            if let text = value.text {
                guard text.scalarCount == 1 else { throw Failure(.type, "%c requires int or char") }
                return try spec.padded(text, self)
            }
            guard let code = value.wholeNumber else { throw Failure(.type, "%c requires int or char") }
            guard let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init) else {
                throw Failure(.overflow, "%c arg not in range(0x110000)")
            }
            return try spec.padded(String(scalar), self)
        case "d", "i", "u", "x", "X", "o":
            if case .large(let integer) = value {
                guard "diu".unicodeScalars.contains(kind) else { throw integerOverflow }
                return try spec.formattedDigits(integer, minimum: spec.precision ?? 0, self)
            }
            var number = value.wholeNumber
            if number == nil, "diu".unicodeScalars.contains(kind), case .float(let float) = value {
                number = try wholePart(float)
            }
            guard let number else {
                if case .undefined(let undefined) = value { throw undefined.failure }
                let wanted = "diu".unicodeScalars.contains(kind) ? "a real number" : "an integer"
                throw Failure(.type, "%\(kind) format: \(wanted) is required, not \(value.typeName)")
            }
            spec.kind = "diu".unicodeScalars.contains(kind) ? "d" : kind
            return try spec.formattedDigits(number, minimum: spec.precision ?? 0, self)
        case "e", "E", "f", "F", "g", "G":
            if case .undefined(let undefined) = value { throw undefined.failure }
            guard let number = value.number else { throw Failure(.type, "must be real number, not \(value.typeName)") }
            spec.kind = kind
            return try spec.formatted(number, self)
        default:
            let code = String(kind.value, radix: 16)
            throw Failure(
                .value, "unsupported format character '\(String(kind))' (0x\(code)) at index \(index)")
        }
    }

    private func asciiOnly(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            if scalar.isASCII {
                out.unicodeScalars.append(scalar)
            } else {
                let hex = String(scalar.value, radix: 16)
                let (letter, width) = scalar.value <= 0xff ? ("x", 2) : scalar.value <= 0xffff ? ("u", 4) : ("U", 8)
                out += "\\" + letter + String(repeating: "0", count: width - hex.utf8.count) + hex
            }
        }
        return out
    }
}
