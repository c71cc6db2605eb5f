import Datasets
import Evaluation
import OrderedJSON
import Testing

/// JSON schemas that answers must meet.
struct SchemaTests {
    /// Schema, values that meet it and values that do not, as jsonschema 4.26 (Python) judges them.
    private static let cases = [
        (
            #"{"type": "object", "patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": false}"#,
            #"[{"x1":1}, {}]"#, #"[{"x1":"a"}, {"y":1}]"#
        ),
        (#"{"propertyNames": {"maxLength": 2}}"#, #"[{"ab":1}]"#, #"[{"abc":1}]"#),
        (
            #"{"if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]}, "then": {"required": ["x"]}, "else": {"required": ["y"]}}"#,
            #"[{"kind":"a","x":1}, {"kind":"b","y":1}]"#, #"[{"kind":"a","y":1}, {"x":1}]"#
        ),
        (
            #"{"contains": {"type": "integer"}, "minContains": 2, "maxContains": 3}"#, #"[[1,"a",2]]"#,
            #"[[1], [1,2,3,4], []]"#
        ),
        (#"{"contains": {"const": 1}}"#, #"[[1.0]]"#, #"[[2], []]"#),
        (#"{"dependentRequired": {"a": ["b"]}}"#, #"[{"a":1,"b":2}, {"c":1}]"#, #"[{"a":1}]"#),
        (#"{"dependentSchemas": {"a": {"required": ["b"]}}}"#, #"[{"a":1,"b":2}]"#, #"[{"a":1}]"#),
        (
            #"{"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}"#, #"[{"a":1,"b":2}, {"c":1,"d":1}]"#,
            #"[{"a":1}, {"c":1}]"#
        ),
        (
            #"{"items": [{"type": "integer"},{"type": "string"}], "additionalItems": false}"#, #"[[1,"a"], [1]]"#,
            #"[["a",1], [1,"a",2]]"#
        ),
        (
            #"{"prefixItems": [{"type": "integer"}], "items": {"type": "string"}}"#, #"[[1,"a"], []]"#,
            #"[[1,2], ["a"]]"#
        ),
        (#"{"const": 1}"#, #"[1, 1.0]"#, #"[true, 2]"#),
        (#"{"enum": [{"a": [1.0]}, "x"]}"#, #"[{"a":[1]}, "x"]"#, #"[{"a":[2]}]"#),
        (#"{"uniqueItems": true}"#, #"[[1,2]]"#, #"[[1,1.0], [{"a":1},{"a":1.0}]]"#),
        (#"{"oneOf": [{"multipleOf": 2},{"multipleOf": 3}]}"#, #"[4, 9]"#, #"[6, 5]"#),
        (#"{"not": {"type": ["string", "null"]}}"#, #"[1]"#, #"[null, "a"]"#),
        (#"{"properties": {"a": false}}"#, #"[{"b":1}]"#, #"[{"a":1}]"#),
    ]

    @Test(arguments: cases) func agreesWithJSONSchema(schema: String, valid: String, invalid: String) throws {
        let schema = try JSONSchema(try JSONValue(parsing: schema))
        for (values, wanted) in [(valid, 1.0), (invalid, 0)] {
            for value in try #require(try JSONValue(parsing: values).arrayValue) {
                let text = value.serialized()
                #expect(try AnswerMetric.jsonSchema.score(text, AnswerKey(schema: schema)) == wanted, "\(text)")
            }
        }
    }

    /// What no answer could be judged by is told when the schema is read.
    @Test(arguments: [
        (##"{"properties": {"a": {"$ref": "#/$defs/b"}}}"##, "refers at #/properties/a to '#/$defs/b'"),
        (#"{"$ref": "https://example.org/a.json"}"#, "which it does not have"),
        (#"{"allOf": [{"pattern": "("}]}"#, "the schema's expression '(' at #/allOf/0 is none: missing closing"),
        (#"{"patternProperties": {"[": true}}"#, "the schema's expression '[' at # is none"),
        (#"{"type": "strnig"}"#, ##"#/type is "strnig", which is no type"##),
        (#"{"items": {"unevaluatedProperties": false}}"#, "#/items/unevaluatedProperties is not supported"),
        (#"{"properties": {"a": "string"}}"#, "a string at #/properties/a, where a schema belongs"),
        (#"{"multipleOf": 0}"#, "no number above 0"), ("[]", "a list at #"),
    ])
    func whatCannotBeJudgedIsRefused(schema: String, words: String) throws {
        let value = try JSONValue(parsing: schema)
        let fault = #expect(throws: RowFault.self) { try JSONSchema(value) }
        #expect(fault?.message.contains(words) == true, "\(fault?.message ?? "")")
    }

    /// Schemas that refer to themselves: through what a value holds, which ends, and without any end.
    @Test func schemasMayReferToThemselves() throws {
        func meets(_ text: String, _ schema: JSONValue) throws -> Double? {
            try AnswerMetric.jsonSchema.score(text, AnswerKey(schema: try JSONSchema(schema)))
        }
        let tree: JSONValue = [
            "type": "object", "required": ["name"],
            "properties": ["name": ["type": "string"], "parts": ["type": "array", "items": ["$ref": "#"]]],
        ]
        let deep = String(repeating: #"{"name": "x", "parts": ["#, count: 100) + String(repeating: "]}", count: 100)
        #expect(try meets(deep, tree) == 1)
        #expect(try meets(deep.replacing(#"{"name": "x", "parts": []}"#, with: "{}"), tree) == 0)
        #expect(try meets("3", ["anyOf": [["$ref": "#"], ["$ref": "#"]]]) == 0)
        #expect(try meets("3", ["anyOf": [["$ref": "#"], ["type": "integer"]]]) == 1)
        // Each of forty names two of the next twice over.
        var definitions = JSONObject()
        for level in 0..<40 {
            let next: JSONValue = ["$ref": .string("#/$defs/\(level + 1)")]
            definitions["\(level)"] = ["allOf": [next, ["anyOf": [next, next]]]]
        }
        definitions["40"] = ["type": "integer"]
        let wide: JSONValue = ["$ref": "#/$defs/0", "$defs": .object(definitions)]
        #expect(try meets("3", wide) == 1 && meets("\"3\"", wide) == 0)
    }
}
