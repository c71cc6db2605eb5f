extension Renderer {
    /// Python's `text.format(…)`, whose fields may look into their values by Jinja's rules.
    func format(_ text: String, _ arguments: Arguments, escaping: Bool) throws -> String {
        var automatic = 0
        return try format(text, arguments, escaping: escaping, &automatic, nesting: 2)
    }

    private func format(
        _ text: String, _ arguments: Arguments, escaping: Bool, _ automatic: inout Int, nesting: Int
    ) throws -> String {
        if nesting < 0 { throw Failure(.value, "Max string recursion exceeded") }
        var out = ""
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "{":
                if scalars.first == "{" {
                    scalars.removeFirst()
                    out += "{"
                } else {
                    let field = try takeField(&scalars)
                    out += try formatted(field, arguments, escaping: escaping, &automatic, nesting: nesting)
                }
            case "}":
                guard scalars.first == "}" else { throw Failure(.value, "Single '}' encountered in format string") }
                scalars.removeFirst()
                out += "}"
            default: out.unicodeScalars.append(scalar)
            }
            if out.utf8.count > limits.textBytes { throw tooLarge("a text") }
        }
        try checkSize(out.utf8.count)
        return out
    }

    /// One replacement field: `name!conversion:specification`.
    private struct Field {
        var name = ""
        var conversion: Unicode.Scalar?
        var specification = ""
    }

    private func takeField(_ scalars: inout ArraySlice<Unicode.Scalar>) throws -> Field {
        var field = Field()
        var inBrackets = false
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "[": inBrackets = true
            case "]": inBrackets = false
            case "{": throw Failure(.value, "unexpected '{' in field name")
            case "}" where !inBrackets: return field
            case ":" where !inBrackets:
                field.specification = try takeSpecification(&scalars)
                return field
            case "!" where !inBrackets:
                guard let conversion = scalars.popFirst() else {
                    throw Failure(.value, "end of string while looking for conversion specifier")
                }
                field.conversion = conversion
                switch scalars.popFirst() {
                case "}": return field
                case ":":
                    field.specification = try takeSpecification(&scalars)
                    return field
                default: throw Failure(.value, "expected ':' after conversion specifier")
                }
            default: break
            }
            field.name.unicodeScalars.append(scalar)
        }
        throw Failure(
            .value, field.name.isEmpty ? "Single '{' encountered in format string" : "expected '}' before end of string"
        )
    }

    private func takeSpecification(_ scalars: inout ArraySlice<Unicode.Scalar>) throws -> String {
        var text = ""
        var open = 1
        while let scalar = scalars.popFirst() {
            if scalar == "{" { open += 1 }
            if scalar == "}" { open -= 1 }
            if open == 0 { return text }
            text.unicodeScalars.append(scalar)
        }
        throw Failure(.value, "expected '}' before end of string")
    }

    private func formatted(
        _ field: Field, _ arguments: Arguments, escaping: Bool, _ automatic: inout Int, nesting: Int
    ) throws -> String {
        var value = try lookUp(field.name, arguments, &automatic)
        switch field.conversion {
        case nil: break
        case "s": value = .string(value.printed)
        case "r", "a": value = .string(value.repr)
        case .some(let other):
            throw Failure(.value, "Unknown conversion specifier \(String(other))")
        }
        let nested = field.specification.utf8.contains(UInt8(ascii: "{"))
        let specification =
            nested
            ? try format(field.specification, arguments, escaping: false, &automatic, nesting: nesting - 1)
            : field.specification
        if escaping, case .markup(let text) = value {
            if !specification.isEmpty { throw Failure(.value, "Unsupported format specification for Markup.") }
            return text
        }
        let text =
            specification.isEmpty
            ? value.printed : try FormatSpec(specification, for: value, self).formatted(value, self)
        return escaping ? escapedHTML(text) : text
    }

    /// The value a field's name leads to: an argument, then attributes and elements of it.
    private func lookUp(_ name: String, _ arguments: Arguments, _ automatic: inout Int) throws -> Value {
        var rest = Array(name.unicodeScalars)[...]
        var first = ""
        while let scalar = rest.first, scalar != ".", scalar != "[" {
            first.unicodeScalars.append(scalar)
            rest.removeFirst()
        }
        var value: Value
        if first.isEmpty {
            if automatic < 0 {
                throw Failure(
                    .value, "cannot switch from manual field specification to automatic field numbering")
            }
            value = try positional(automatic, arguments)
            automatic += 1
        } else if let index = Int(first), first.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            if automatic > 0 {
                throw Failure(
                    .value, "cannot switch from manual field specification to automatic field numbering")
            }
            automatic = -1
            value = try positional(index, arguments)
        } else {
            guard let named = arguments.named.first(where: { sameText($0.name, first) }) else {
                throw Failure(.key, pythonRepr(first))
            }
            value = named.value
        }
        while let mark = rest.popFirst() {
            var part = ""
            if mark == "." {
                while let scalar = rest.first, scalar != ".", scalar != "[" {
                    part.unicodeScalars.append(scalar)
                    rest.removeFirst()
                }
                if part.isEmpty { throw Failure(.value, "Empty attribute in format string") }
                value = try attribute(value, part)
            } else {
                while let scalar = rest.popFirst(), scalar != "]" { part.unicodeScalars.append(scalar) }
                if part.isEmpty { throw Failure(.value, "Empty attribute in format string") }
                if let next = rest.first, next != ".", next != "[" {
                    throw Failure(.value, "Only '.' or '[' may follow ']' in format field specifier")
                }
                let isNumber = part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                value = try item(value, isNumber ? Int(part).map(Value.integer) ?? .string(part) : .string(part))
            }
        }
        return value
    }

    private func positional(_ index: Int, _ arguments: Arguments) throws -> Value {
        guard arguments.positional.indices.contains(index) else {
            throw Failure(.index, "Replacement index \(index) out of range for positional args tuple")
        }
        return arguments.positional[index]
    }
}
