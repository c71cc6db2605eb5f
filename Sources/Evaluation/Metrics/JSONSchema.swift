import OrderedJSON

/// A JSON schema: of the 2020-12 draft the keywords that describe a value's shape. Others are annotations here.
struct JSONSchema {
    private let root: JSONValue

    init(_ schema: JSONValue) { root = schema }

    /// Whether a value meets the schema.
    func accepts(_ value: JSONValue) -> Bool { part(value, meets: root) }

    /// - Parameter answers: by reference, whether this value meets what is referred to. A schema may refer to itself without end,
    ///   or to others so often that they could not be followed one by one.
    private func accepts(_ value: JSONValue, _ schema: JSONValue, _ answers: inout [String: Bool]) -> Bool {
        if let all = schema.boolValue { return all }
        guard schema.objectValue != nil else { return false }
        func meets(_ other: JSONValue) -> Bool { accepts(value, other, &answers) }
        if let target = schema["$ref"]?.stringValue {
            if answers[target] == nil {
                answers[target] = false
                let isMet = resolved(target).map(meets) ?? false
                answers[target] = isMet
            }
            if answers[target] == false { return false }
        }
        if let type = schema["type"] {
            let names = type.stringValue.map { [$0] } ?? (type.arrayValue ?? []).compactMap(\.stringValue)
            if !names.contains(where: { value.isOf(type: $0) }) { return false }
        }
        if let values = schema["enum"]?.arrayValue, !values.contains(value) { return false }
        if let constant = schema["const"], constant != value { return false }
        if let parts = schema["allOf"]?.arrayValue, !parts.allSatisfy(meets) { return false }
        if let parts = schema["anyOf"]?.arrayValue, !parts.contains(where: meets) { return false }
        if let parts = schema["oneOf"]?.arrayValue, parts.count(where: meets) != 1 { return false }
        if let other = schema["not"], meets(other) { return false }
        switch value {
        case .integer, .largeInteger, .number: return acceptsNumber(value.doubleValue ?? 0, schema)
        case .string(let text): return acceptsText(text, schema)
        case .array(let elements): return acceptsList(elements, schema)
        case .object(let object): return acceptsObject(object, schema)
        case .null, .bool: return true
        }
    }

    /// Whether a value, or an element or member of it, meets a schema.
    private func part(_ value: JSONValue, meets schema: JSONValue) -> Bool {
        var answers: [String: Bool] = [:]
        return accepts(value, schema, &answers)
    }

    private func acceptsNumber(_ number: Double, _ schema: JSONValue) -> Bool {
        if let bound = schema["minimum"]?.doubleValue, number < bound { return false }
        if let bound = schema["maximum"]?.doubleValue, number > bound { return false }
        if let bound = schema["exclusiveMinimum"]?.doubleValue, number <= bound { return false }
        if let bound = schema["exclusiveMaximum"]?.doubleValue, number >= bound { return false }
        if let step = schema["multipleOf"]?.doubleValue, step > 0 {
            let quotient = number / step
            if abs(quotient - quotient.rounded()) > 1e-9 { return false }
        }
        return true
    }

    private func acceptsText(_ text: String, _ schema: JSONValue) -> Bool {
        let length = text.unicodeScalars.count
        if let bound = schema["minLength"]?.intValue, length < bound { return false }
        if let bound = schema["maxLength"]?.intValue, length > bound { return false }
        guard let pattern = schema["pattern"]?.stringValue else { return true }
        guard let expression = try? Regex(pattern) else { return false }
        return text.contains(expression.matchingSemantics(.unicodeScalar))
    }

    private func acceptsList(_ elements: [JSONValue], _ schema: JSONValue) -> Bool {
        if let bound = schema["minItems"]?.intValue, elements.count < bound { return false }
        if let bound = schema["maxItems"]?.intValue, elements.count > bound { return false }
        if schema["uniqueItems"]?.boolValue == true,
            elements.indices.contains(where: { elements[..<$0].contains(elements[$0]) })
        {
            return false
        }
        let first = schema["prefixItems"]?.arrayValue ?? []
        for (element, own) in zip(elements, first) where !part(element, meets: own) { return false }
        guard let rest = schema["items"] else { return true }
        return elements.dropFirst(first.count).allSatisfy { part($0, meets: rest) }
    }

    private func acceptsObject(_ object: JSONObject, _ schema: JSONValue) -> Bool {
        for name in schema["required"]?.arrayValue ?? [] {
            guard let name = name.stringValue, object[name] != nil else { return false }
        }
        if let bound = schema["minProperties"]?.intValue, object.keys.count < bound { return false }
        if let bound = schema["maxProperties"]?.intValue, object.keys.count > bound { return false }
        let known = schema["properties"]
        for (name, value) in object.members {
            if let own = known?[name] {
                if !part(value, meets: own) { return false }
            } else if let other = schema["additionalProperties"], !part(value, meets: other) {
                return false
            }
        }
        return true
    }

    /// What a reference within the schema (`#/$defs/name`) names.
    private func resolved(_ reference: String) -> JSONValue? {
        guard reference.hasPrefix("#") else { return nil }
        var value: JSONValue? = root
        for part in reference.dropFirst().split(separator: "/") {
            let name = String(part.replacing("~1", with: "/").replacing("~0", with: "~"))
            let (before, position) = (value, Int(name))
            value = position.flatMap { before?[$0] } ?? before?[name]
        }
        return value
    }
}

extension JSONValue {
    fileprivate func isOf(type: String) -> Bool {
        switch type {
        case "null": isNull
        case "boolean": boolValue != nil
        case "integer": intValue != nil || isLargeInteger
        case "number": doubleValue != nil
        case "string": stringValue != nil
        case "array": arrayValue != nil
        case "object": objectValue != nil
        default: false
        }
    }
}
