/// What stands after `|`.
enum Filters {
    typealias Function = @Sendable (Renderer, Value, Arguments) throws -> Value

    /// The filter of a name.
    static func named(_ name: String) -> Function? { all[name] }

    private static let all: [String: Function] = texts.merging(sequences) { $1 }.merging(values) { $1 }

    /// Filters on any value.
    private static let values: [String: Function] = [
        "default": fallback, "d": fallback,
        "string": { _, value, a in
            try a.none(for: "string")
            if case .markup = value { return value }
            return .string(value.printed)
        },
        "safe": { _, value, _ in .markup(value.printed) },
        "escape": escape, "e": escape,
        "forceescape": { _, value, _ in .markup(escapedHTML(value.printed)) },
        "tojson": toJSON, "int": toInteger, "float": toFloat, "abs": abs, "round": round,
        "attr": { r, value, a in
            let name = try a.bound(to: "do_attr", ["name"], required: 1)[0]?.requiredText("attribute name") ?? ""
            if case .dict = value, Methods.of(value)?.safe.contains(name) != true {
                return .undefined(Undefined(of: value, name: .string(name)))
            }
            return try r.attribute(value, name)
        },
        "filesizeformat": fileSize,
        "pprint": { _, _, _ in throw Failure(.unsupported, "the filter 'pprint' is not supported") },
    ]

    @Sendable private static func fallback(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_default", ["default_value", "boolean"])
        if value.isUndefined || (bound[1]?.isTrue == true && !value.isTrue) { return bound[0] ?? .string("") }
        return value
    }

    @Sendable private static func escape(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        if case .markup = value { return value }
        let text = value.printed
        try r.checkSize(text.utf8.count.multipliedClamped(by: 5))
        return .markup(escapedHTML(text))
    }

    @Sendable private static func toJSON(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        var json = JSONText()
        if !a.isEmpty {
            let bound = try a.bound(to: "tojson", ["ensure_ascii", "indent", "separators", "sort_keys"])
            json.asciiOnly = bound[0]?.isTrue ?? false
            json.sortsKeys = bound[3]?.isTrue ?? false
            if let indent = bound[1], !indent.isNone {
                json.indent = try indent.text ?? r.repeated(" ", max(0, indent.requiredInteger()))
                json.itemSeparator = ","
            }
            if let separators = bound[2], !separators.isNone {
                let parts = try r.items(separators)
                guard parts.count == 2 else {
                    let words = parts.count > 2 ? "too many" : "not enough"
                    throw Failure(.value, "\(words) values to unpack (expected 2)")
                }
                json.itemSeparator = try parts[0].requiredText("separator")
                json.keySeparator = try parts[1].requiredText("separator")
            }
        }
        try json.write(value, r)
        return .string(json.out)
    }

    @Sendable private static func toInteger(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_int", ["default", "base"])
        let base = try bound[1]?.requiredInteger() ?? 10
        switch value {
        case .undefined(let undefined): throw undefined.failure
        case .bool, .integer: return .integer(value.wholeNumber ?? 0)
        case .large: return value
        case .float(let float):
            if float.isNaN { break }
            return .integer(try r.wholePart(float))
        case .string(let text), .markup(let text):
            if let integer = try PythonNumber.integer(text, base: base) { return .integer(integer) }
            if let float = PythonNumber.float(text), float.isFinite { return .integer(try r.wholePart(float)) }
        default: break
        }
        return bound[0] ?? .integer(0)
    }

    @Sendable private static func toFloat(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_float", ["default"])
        if case .undefined(let undefined) = value { throw undefined.failure }
        if let number = value.number ?? value.text.flatMap(PythonNumber.float) { return .float(number) }
        return bound[0] ?? .float(0)
    }

    @Sendable private static func abs(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        try a.none(for: "abs")
        switch value {
        case .float(let float): return .float(float.magnitude)
        case .large(let integer): return integer.isNegative ? try r.unary(.minus, value) : value
        case .bool, .integer:
            let integer = value.wholeNumber ?? 0
            return integer < 0 ? try r.unary(.minus, .integer(integer)) : .integer(integer)
        default: throw Failure(.type, "bad operand type for abs(): '\(value.typeName)'")
        }
    }

    @Sendable private static func round(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_round", ["precision", "method"])
        let precision = try bound[0]?.requiredInteger() ?? 0
        let method = bound[1]?.text ?? "common"
        guard ["common", "ceil", "floor"].contains(method) else {
            throw Failure(.filterArgument, "method must be common, ceil or floor")
        }
        if method == "common" {
            guard let number = value.number else {
                throw Failure(.type, "type \(value.typeName) doesn't define __round__ method")
            }
            if let integer = value.wholeNumber { return try PythonNumber.rounded(integer, precision) }
            if case .large = value {
                guard precision >= 0 else { throw r.integerOverflow }
                return value
            }
            return .float(PythonNumber.rounded(number, precision))
        }
        let power = try r.binary(.power, .integer(10), .integer(precision))
        let scaled = try r.binary(.multiply, value, power)
        guard let number = scaled.number else {
            throw Failure(.type, "must be real number, not \(scaled.typeName)")
        }
        let whole = try r.wholePart(number.rounded(method == "ceil" ? .up : .down))
        return try r.binary(.divide, .integer(whole), power)
    }

    @Sendable private static func fileSize(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let binary = try a.bound(to: "do_filesizeformat", ["binary"])[0]?.isTrue ?? false
        guard let bytes = value.number ?? value.text.flatMap(PythonNumber.float) else {
            if case .undefined(let undefined) = value { throw undefined.failure }
            if value.text != nil { throw Failure(.value, "could not convert string to float: \(value.repr)") }
            throw Failure(.type, "float() argument must be a string or a real number, not '\(value.typeName)'")
        }
        let base: Double = binary ? 1024 : 1000
        if bytes == 1 { return .string("1 Byte") }
        if bytes < base { return .string("\(try r.wholePart(bytes)) Bytes") }
        var unit = base
        var shown = ""
        for prefix in ["k", "M", "G", "T", "P", "E", "Z", "Y"] {
            let name = (binary ? prefix.uppercased() + "iB" : prefix + "B")
            shown = PythonNumber.fixed(bytes / unit, 1) + " " + name
            unit *= base
            if bytes < unit { break }
        }
        return .string(shown)
    }
}
