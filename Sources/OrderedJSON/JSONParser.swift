import CSimdjson

/// Why a text is no JSON document. The caller adds file and line.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the parser says.
    public let message: String
    /// The same.
    public var description: String { "not valid JSON: \(message)" }
}

/// Parses JSON documents with simdjson; keeps its buffers from one document to the next. For one thread at a time.
public final class JSONParser {
    let parser: OpaquePointer

    /// A parser with empty buffers.
    public init() { parser = graft_json_parser_create() }
    deinit { graft_json_parser_destroy(parser) }

    /// The value of one complete document in UTF-8.
    public func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
        var nodes: UnsafePointer<graft_json_node>?
        var count = 0
        let text = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        if let message = graft_json_parse(parser, text, bytes.count, &nodes, &count) {
            throw JSONError(message: String(cString: message))
        }
        guard var cursor = nodes, count > 0 else { throw JSONError(message: "the document is empty") }
        return Self.value(&cursor)
    }

    static func value(_ cursor: inout UnsafePointer<graft_json_node>) -> JSONValue {
        let node = cursor.pointee
        cursor += 1
        switch graft_json_kind(UInt32(node.kind)) {
        case GRAFT_JSON_FALSE: return .bool(false)
        case GRAFT_JSON_TRUE: return .bool(true)
        case GRAFT_JSON_INTEGER: return .integer(Int(node.integer))
        case GRAFT_JSON_UNSIGNED: return .largeInteger(String(node.natural))
        case GRAFT_JSON_LARGE: return .largeInteger(string(node))
        case GRAFT_JSON_DOUBLE: return .number(node.number)
        case GRAFT_JSON_STRING: return .string(string(node))
        case GRAFT_JSON_ARRAY:
            var elements: [JSONValue] = []
            elements.reserveCapacity(Int(node.count))
            for _ in 0..<node.count { elements.append(value(&cursor)) }
            return .array(elements)
        case GRAFT_JSON_OBJECT:
            var members: [(key: String, value: JSONValue)] = []
            members.reserveCapacity(Int(node.count))
            for _ in 0..<node.count {
                let key = string(cursor.pointee)
                cursor += 1
                members.append((key, value(&cursor)))
            }
            return .object(JSONObject(members))
        default: return .null
        }
    }

    private static func string(_ node: graft_json_node) -> String {
        String(decoding: UnsafeRawBufferPointer(start: node.text, count: Int(node.count)), as: UTF8.self)
    }
}

extension JSONValue {
    /// Parses a document given as text.
    public init(parsing text: String) throws(JSONError) {
        var text = text
        let result: Result<JSONValue, JSONError> = text.withUTF8 { bytes in
            Result { () throws(JSONError) in try JSONParser().parse(UnsafeRawBufferPointer(bytes)) }
        }
        self = try result.get()
    }

    /// Parses a document given as bytes.
    public init(parsing bytes: some ContiguousBytesLike) throws(JSONError) {
        let result: Result<JSONValue, JSONError> = bytes.withRawBytes { raw in
            Result { () throws(JSONError) in try JSONParser().parse(raw) }
        }
        self = try result.get()
    }
}

/// Bytes in one piece: arrays of bytes and raw buffers.
public protocol ContiguousBytesLike {
    /// Calls `body` with the bytes.
    func withRawBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R
}

extension Array: ContiguousBytesLike where Element == UInt8 {
    /// Calls `body` with the array's bytes.
    public func withRawBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { withUnsafeBytes(body) }
}

extension UnsafeRawBufferPointer: ContiguousBytesLike {
    /// Calls `body` with the buffer itself.
    public func withRawBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { body(self) }
}
