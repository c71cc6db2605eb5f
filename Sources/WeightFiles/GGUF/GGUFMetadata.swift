/// The key-value pairs of a GGUF file, in the file's order.
public struct GGUFMetadata: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// The keys in order.
    public private(set) var keys: [String] = []
    private var values: [String: GGUFValue] = [:]

    /// No pairs.
    public init() {}

    /// Pairs in the order written.
    public init(dictionaryLiteral elements: (String, GGUFValue)...) {
        for (key, value) in elements { self[key] = value }
    }

    /// The value of a key; a new key goes to the end, nil removes the pair.
    public subscript(key: String) -> GGUFValue? {
        get { values[key] }
        set {
            if values[key] == nil, newValue != nil { keys.append(key) }
            if newValue == nil { keys.removeAll { $0 == key } }
            values[key] = newValue
        }
    }

    /// How many pairs there are.
    public var count: Int { keys.count }
}
