import OrderedJSON
import Patterns

/// A JSON schema: the keywords of the 2020-12 draft and of drafts 6 and 7 that assert something, but those that depend
/// on what other keywords have looked at; what cannot be judged is refused when it is read.
public struct JSONSchema: Sendable {
    let root: JSONValue
    /// The expressions in it, by their text.
    let patterns: [String: PythonPattern]

    /// Whether a value meets the schema.
    ///
    /// - Throws: ``PatternError`` when an expression in it has too many ways to match.
    func accepts(_ value: JSONValue) throws(PatternError) -> Bool { try part(value, meets: root) }

    /// - Parameter answers: by reference, whether this value meets what is referred to. A schema may refer to itself
    ///   without end, or to others so often that they could not be followed one by one.
    private func accepts(
        _ value: JSONValue, _ schema: JSONValue, _ answers: inout [String: Bool]
    ) throws(PatternError) -> Bool {
        if let all = schema.boolValue { return all }
        func meets(_ other: JSONValue) throws(PatternError) -> Bool { try accepts(value, other, &answers) }
        func count(_ parts: [JSONValue]) throws(PatternError) -> Int {
            var count = 0
            for part in parts where try meets(part) { count += 1 }
            return count
        }
        if let target = schema["$ref"]?.stringValue {
            if answers[target] == nil {
                answers[target] = false
                if let other = resolved(target) { answers[target] = try meets(other) }
            }
            if answers[target] == false { return false }
        }
        if let type = schema["type"] {
            let names = type.stringValue.map { [$0] } ?? (type.arrayValue ?? []).compactMap(\.stringValue)
            if !names.contains(where: { value.isOf(type: $0) }) { return false }
        }
        if let values = schema["enum"]?.arrayValue, !values.contains(where: { $0.isSame(as: value) }) { return false }
        if let constant = schema["const"], !constant.isSame(as: value) { return false }
        if let parts = schema["allOf"]?.arrayValue, try count(parts) < parts.count { return false }
        if let parts = schema["anyOf"]?.arrayValue, try count(parts) == 0 { return false }
        if let parts = schema["oneOf"]?.arrayValue, try count(parts) != 1 { return false }
        if let other = schema["not"], try meets(other) { return false }
        if let condition = schema["if"] {
            let branch = try meets(condition) ? schema["then"] : schema["else"]
            if let branch, try !meets(branch) { return false }
        }
        switch value {
        case .integer, .largeInteger, .number: return acceptsNumber(value.doubleValue ?? 0, schema)
        case .string(let text): return try acceptsText(text, schema)
        case .array(let elements): return try acceptsList(elements, schema)
        case .object(let object):
            for (name, other) in (schema["dependentSchemas"] ?? schema["dependencies"])?.objectValue?.members ?? []
            where object[name] != nil && other.arrayValue == nil {
                if try !meets(other) { return false }
            }
            return try acceptsObject(object, schema)
        case .null, .bool: return true
        }
    }

    /// Whether a value, or an element or member of it, meets a schema.
    private func part(_ value: JSONValue, meets schema: JSONValue) throws(PatternError) -> Bool {
        var answers: [String: Bool] = [:]
        return try accepts(value, schema, &answers)
    }

    private func acceptsNumber(_ number: Double, _ schema: JSONValue) -> Bool {
        if let bound = schema["minimum"]?.doubleValue, number < bound { return false }
        if let bound = schema["maximum"]?.doubleValue, number > bound { return false }
        if let bound = schema["exclusiveMinimum"]?.doubleValue, number <= bound { return false }
        if let bound = schema["exclusiveMaximum"]?.doubleValue, number >= bound { return false }
        if let step = schema["multipleOf"]?.doubleValue {
            let quotient = number / step
            if abs(quotient - quotient.rounded()) > 1e-9 { return false }
        }
        return true
    }

    private func acceptsText(_ text: String, _ schema: JSONValue) throws(PatternError) -> Bool {
        let length = text.unicodeScalars.count
        if let bound = schema["minLength"]?.intValue, length < bound { return false }
        if let bound = schema["maxLength"]?.intValue, length > bound { return false }
        guard let pattern = schema["pattern"]?.stringValue else { return true }
        return try isFound(pattern, in: text)
    }

    private func acceptsList(_ elements: [JSONValue], _ schema: JSONValue) throws(PatternError) -> Bool {
        if let bound = schema["minItems"]?.intValue, elements.count < bound { return false }
        if let bound = schema["maxItems"]?.intValue, elements.count > bound { return false }
        if schema["uniqueItems"]?.boolValue == true,
            elements.indices.contains(where: { at in elements[..<at].contains { $0.isSame(as: elements[at]) } })
        {
            return false
        }
        if let wanted = schema["contains"] {
            var found = 0
            for element in elements where try part(element, meets: wanted) { found += 1 }
            if found < schema["minContains"]?.intValue ?? 1 || found > schema["maxContains"]?.intValue ?? .max {
                return false
            }
        }
        // Before 2020-12 a list of items was what prefixItems is, and additionalItems what items is.
        let list = schema["items"]?.arrayValue
        let first = list ?? schema["prefixItems"]?.arrayValue ?? []
        for (element, own) in zip(elements, first) where try !part(element, meets: own) { return false }
        guard let rest = list == nil ? schema["items"] : schema["additionalItems"] else { return true }
        for element in elements.dropFirst(first.count) where try !part(element, meets: rest) { return false }
        return true
    }

    private func acceptsObject(_ object: JSONObject, _ schema: JSONValue) throws(PatternError) -> Bool {
        var required = schema["required"]?.arrayValue ?? []
        for (name, others) in (schema["dependentRequired"] ?? schema["dependencies"])?.objectValue?.members ?? []
        where object[name] != nil {
            required += others.arrayValue ?? []
        }
        if required.contains(where: { name in name.stringValue.map { object[$0] == nil } ?? true }) { return false }
        if let bound = schema["minProperties"]?.intValue, object.keys.count < bound { return false }
        if let bound = schema["maxProperties"]?.intValue, object.keys.count > bound { return false }
        for (name, value) in object.members {
            if let names = schema["propertyNames"], try !part(.string(name), meets: names) { return false }
            var isKnown = false
            if let own = schema["properties"]?[name] {
                isKnown = true
                if try !part(value, meets: own) { return false }
            }
            for (pattern, own) in schema["patternProperties"]?.objectValue?.members ?? []
            where try isFound(pattern, in: name) {
                isKnown = true
                if try !part(value, meets: own) { return false }
            }
            if !isKnown, let other = schema["additionalProperties"], try !part(value, meets: other) { return false }
        }
        return true
    }

    private func isFound(_ pattern: String, in text: String) throws(PatternError) -> Bool {
        try patterns[pattern]?.isFound(in: text) ?? false
    }

    /// What a reference within the schema (`#/$defs/name`) names.
    func resolved(_ reference: String) -> JSONValue? {
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

    /// Whether JSON takes two values for the same: numbers by their value, `1` and `1.0`, and texts by code points.
    fileprivate func isSame(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.integer(let a), .integer(let b)): a == b
        case (.largeInteger(let a), .largeInteger(let b)): a == b
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.isSame(as: $1) }
        case (.object(let a), .object(let b)):
            a.keys.count == b.keys.count && a.members.allSatisfy { b[$0.key]?.isSame(as: $0.value) ?? false }
        default: self == other || doubleValue != nil && doubleValue == other.doubleValue
        }
    }
}
