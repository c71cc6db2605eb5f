import CSimdjson

/// A value inside a parsed document that has not been copied out of it: for vocabularies of hundred thousands of
/// members, where a ``JSONValue`` each would cost more than the parsing. Valid only inside
/// ``JSONParser/withDocument(_:_:)``. Object keys are compared by their bytes, not by canonical equivalence.
public struct JSONNode {
    private let node: UnsafePointer<graft_json_node>

    init(_ node: UnsafePointer<graft_json_node>) { self.node = node }

    private var kind: graft_json_kind { graft_json_kind(UInt32(node.pointee.kind)) }

    /// How many elements an array has, members an object, bytes a string; 0 for anything else.
    public var count: Int {
        switch kind {
        case GRAFT_JSON_ARRAY, GRAFT_JSON_OBJECT, GRAFT_JSON_STRING: Int(node.pointee.count)
        default: 0
        }
    }

    /// Whether this is an array.
    public var isArray: Bool { kind == GRAFT_JSON_ARRAY }
    /// Whether this is an object.
    public var isObject: Bool { kind == GRAFT_JSON_OBJECT }
    /// The string's bytes in UTF-8, or nil when this is something else.
    public var text: UnsafeRawBufferPointer? {
        kind == GRAFT_JSON_STRING ? UnsafeRawBufferPointer(start: node.pointee.text, count: count) : nil
    }

    /// The integer, or nil when this is something else.
    public var integer: Int? { kind == GRAFT_JSON_INTEGER ? Int(node.pointee.integer) : nil }

    /// Whether this is `null`.
    public var isNull: Bool { kind == GRAFT_JSON_NULL }

    /// Appends the elements of an array of integers; false, with some of them appended, when this is something else.
    public func appendIntegers(to numbers: inout [Int]) -> Bool {
        guard isArray else { return false }
        numbers.reserveCapacity(numbers.count + count)
        for at in 1..<(count + 1) {
            // Elements that hold nothing themselves stand one beside the other.
            guard graft_json_kind(UInt32(node[at].kind)) == GRAFT_JSON_INTEGER else { return false }
            numbers.append(Int(node[at].integer))
        }
        return true
    }

    /// The value, copied, with everything in it.
    public var value: JSONValue {
        var cursor = node
        return JSONParser.value(&cursor)
    }

    /// Calls `body` with each element of an array in order; does nothing for anything else.
    public func forEachElement<E: Error>(_ body: (JSONNode) throws(E) -> Void) throws(E) {
        guard isArray else { return }
        var cursor = node + 1
        for _ in 0..<count {
            try body(JSONNode(cursor))
            Self.skip(&cursor)
        }
    }

    /// Calls `body` with the key's bytes and the value of each member of an object in order.
    public func forEachMember<E: Error>(_ body: (UnsafeRawBufferPointer, JSONNode) throws(E) -> Void) throws(E) {
        guard isObject else { return }
        var cursor = node + 1
        for _ in 0..<count {
            let key = UnsafeRawBufferPointer(start: cursor.pointee.text, count: Int(cursor.pointee.count))
            cursor += 1
            try body(key, JSONNode(cursor))
            Self.skip(&cursor)
        }
    }

    /// The last member with this key.
    public subscript(key: StaticString) -> JSONNode? {
        var found: JSONNode?
        let wanted = UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        forEachMember { name, value in if name.elementsEqual(wanted) { found = value } }
        return found
    }

    private static func skip(_ cursor: inout UnsafePointer<graft_json_node>) {
        var open = 1
        while open > 0 {
            open -= 1
            switch graft_json_kind(UInt32(cursor.pointee.kind)) {
            case GRAFT_JSON_ARRAY: open += Int(cursor.pointee.count)
            case GRAFT_JSON_OBJECT: open += 2 * Int(cursor.pointee.count)
            default: break
            }
            cursor += 1
        }
    }
}

extension JSONParser {
    /// Parses one complete document in UTF-8 and calls `body` with its root, which is valid only there.
    public func withDocument<R>(_ bytes: UnsafeRawBufferPointer, _ body: (JSONNode) throws -> R) throws -> R {
        let root = try nodes(of: bytes)
        return try withExtendedLifetime(self) { try body(root) }
    }

    /// The same for a body that does not throw.
    public func withNode<R>(_ bytes: UnsafeRawBufferPointer, _ body: (JSONNode) -> R) throws(JSONError) -> R {
        let root = try nodes(of: bytes)
        return withExtendedLifetime(self) { body(root) }
    }

    private func nodes(of bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSONNode {
        var nodes: UnsafePointer<graft_json_node>?
        var count = 0
        let text = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        if let message = graft_json_parse(parser, text, bytes.count, &nodes, &count) {
            throw JSONError(message: String(cString: message))
        }
        guard let nodes, count > 0 else { throw JSONError(message: "the document is empty") }
        return JSONNode(nodes)
    }
}
