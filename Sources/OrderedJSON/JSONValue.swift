/// A JSON value that keeps the order of object members, as chat templates and configuration files need.
public indirect enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    /// A whole number beyond 64 bits, by its digits; chat templates show it as the file has it.
    case largeInteger(String)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// The members of a JSON object in the order of the file; of a repeated key the last value counts.
public struct JSONObject: Sendable, Equatable {
    /// Keys and values in order.
    public private(set) var members: [(key: String, value: JSONValue)]
    private var index: [JSONKey: Int]
    /// Keys that the members given to `init` held more than once: in a file, most likely a mistake.
    public private(set) var repeatedKeys: [String] = []

    /// An object with the given members.
    public init(_ members: [(key: String, value: JSONValue)] = []) {
        self.members = []
        self.index = [:]
        self.members.reserveCapacity(members.count)
        for (key, value) in members {
            let before = self.members.count
            self[key] = value
            if self.members.count == before { repeatedKeys.append(key) }
        }
    }

    /// The value of `key`; assigning `nil` removes the member.
    public subscript(key: String) -> JSONValue? {
        get {
            let key = JSONKey(text: key)
            if members.count <= 8 { return members.last { JSONKey(text: $0.key) == key }?.value }
            return index[key].map { members[$0].value }
        }
        set {
            let own = JSONKey(text: key)
            let place = members.count <= 8 ? members.firstIndex { JSONKey(text: $0.key) == own } : index[own]
            switch (place, newValue) {
            case (let at?, let value?):
                members[at].value = value
            case (let at?, nil):
                members.remove(at: at)
                rebuildIndex()
            case (nil, let value?):
                members.append((key, value))
                if members.count == 9 { rebuildIndex() } else if members.count > 9 { index[own] = members.count - 1 }
            case (nil, nil):
                break
            }
        }
    }

    /// The keys in order.
    public var keys: [String] { members.map(\.key) }

    /// Whether nothing is in the object.
    public var isEmpty: Bool { members.isEmpty }

    // Small objects are searched in place; an index is kept beyond eight members only.
    private mutating func rebuildIndex() {
        index = [:]
        guard members.count > 8 else { return }
        for (at, member) in members.enumerated() { index[JSONKey(text: member.key)] = at }
    }

    /// Equal when the same keys hold the same values, whatever their order.
    public static func == (a: JSONObject, b: JSONObject) -> Bool {
        a.members.count == b.members.count && a.members.allSatisfy { b[$0.key] == $0.value }
    }
}

/// A key as its bytes: strings that are canonically equivalent (é in one scalar and in two) are two keys.
private struct JSONKey: Hashable {
    let text: String

    static func == (a: JSONKey, b: JSONKey) -> Bool { a.text == b.text && a.text.utf8.elementsEqual(b.text.utf8) }
    func hash(into hasher: inout Hasher) { text.hash(into: &hasher) }
}

extension JSONValue {
    /// The member of an object, or nil when this is no object or has no such member.
    public subscript(key: String) -> JSONValue? {
        if case .object(let object) = self { return object[key] }
        return nil
    }

    /// The element of an array, or nil when this is no array or is shorter.
    public subscript(at: Int) -> JSONValue? {
        if case .array(let array) = self, array.indices.contains(at) { return array[at] }
        return nil
    }

    /// The string, or nil when this is something else.
    public var stringValue: String? { if case .string(let s) = self { s } else { nil } }
    /// The boolean, or nil when this is something else.
    public var boolValue: Bool? { if case .bool(let b) = self { b } else { nil } }
    /// The integer (a number without a fraction counts), or nil.
    public var intValue: Int? {
        switch self {
        case .integer(let i): i
        case .number(let d): Int(exactly: d)
        default: nil
        }
    }
    /// Whether this is a whole number beyond 64 bits.
    public var isLargeInteger: Bool { if case .largeInteger = self { true } else { false } }
    /// The number, integers included, or nil.
    public var doubleValue: Double? {
        switch self {
        case .integer(let i): Double(i)
        case .largeInteger(let digits): Double(digits)
        case .number(let d): d
        default: nil
        }
    }
    /// The elements, or nil when this is no array.
    public var arrayValue: [JSONValue]? { if case .array(let a) = self { a } else { nil } }
    /// The members, or nil when this is no object.
    public var objectValue: JSONObject? { if case .object(let o) = self { o } else { nil } }
    /// Whether this is `null`.
    public var isNull: Bool { self == .null }

    /// What kind of value this is, in the words of an error message.
    public var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .largeInteger, .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An integer.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A list.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object, members in the order written.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { (key: $0.0, value: $0.1) }))
    }
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
}
