import Datasets
import OrderedJSON
import Patterns

extension JSONSchema {
    private static let types: Set = ["null", "boolean", "integer", "number", "string", "array", "object"]
    /// Keywords that hold a schema, a list of schemas, and schemas by name. `items` and `dependencies` hold more than
    /// one form.
    private static let single = [
        "not", "if", "then", "else", "items", "additionalItems", "contains", "additionalProperties", "propertyNames",
    ]
    private static let listed = ["allOf", "anyOf", "oneOf", "prefixItems", "items"]
    private static let named = [
        "properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies",
    ]
    private static let refused = [
        "unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef",
    ]

    /// Reads a schema.
    ///
    /// - Throws: `RowFault` with what is wrong in it, or what it asks that cannot be judged.
    public init(_ schema: JSONValue) throws(RowFault) {
        var patterns: [String: PythonPattern] = [:]
        var references: [(place: String, target: String)] = []
        try Self.check(schema, at: "#", &patterns, &references)
        self.init(root: schema, patterns: patterns)
        for (place, target) in references where resolved(target) == nil {
            throw RowFault(
                "the schema refers at \(place) to '\(target)', which it does not have",
                advice: "references are paths within the schema, such as #/$defs/name")
        }
    }

    private static func check(
        _ schema: JSONValue, at place: String, _ patterns: inout [String: PythonPattern],
        _ references: inout [(place: String, target: String)]
    ) throws(RowFault) {
        if schema.boolValue != nil { return }
        guard let object = schema.objectValue else {
            throw RowFault("the schema has \(schema.kindName) at \(place), where a schema belongs")
        }
        if let keyword = refused.first(where: { object[$0] != nil }) {
            throw RowFault("the schema's \(place)/\(keyword) is not supported", advice: "say it with other keywords")
        }
        if let type = object["type"],
            let wrong = (type.arrayValue ?? [type]).first(where: { !types.contains($0.stringValue ?? "") })
        {
            throw RowFault("the schema's \(place)/type is \(wrong.serialized()), which is no type")
        }
        if let target = object["$ref"]?.stringValue { references.append((place, target)) }
        if let step = object["multipleOf"], step.doubleValue.map({ $0 > 0 }) != true {
            throw RowFault("the schema's \(place)/multipleOf is no number above 0")
        }
        let own = object["pattern"]?.stringValue.map { [$0] } ?? []
        for pattern in own + (object["patternProperties"]?.objectValue?.keys ?? []) where patterns[pattern] == nil {
            do throws(PatternError) { patterns[pattern] = try PythonPattern(pattern) } catch {
                throw RowFault("the schema's expression '\(pattern)' at \(place) is none: \(error)")
            }
        }
        for keyword in single {
            guard let part = object[keyword], keyword != "items" || part.arrayValue == nil else { continue }
            try check(part, at: "\(place)/\(keyword)", &patterns, &references)
        }
        for keyword in listed {
            for (at, part) in (object[keyword]?.arrayValue ?? []).enumerated() {
                try check(part, at: "\(place)/\(keyword)/\(at)", &patterns, &references)
            }
        }
        for keyword in named {
            for (name, part) in object[keyword]?.objectValue?.members ?? []
            where keyword != "dependencies" || part.arrayValue == nil {
                try check(part, at: "\(place)/\(keyword)/\(name)", &patterns, &references)
            }
        }
    }
}
