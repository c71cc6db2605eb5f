/// A value of a GGUF file's metadata, with the type it has in the file.
public enum GGUFValue: Sendable, Equatable {
    case uint8(UInt8)
    case int8(Int8)
    case uint16(UInt16)
    case int16(Int16)
    case uint32(UInt32)
    case int32(Int32)
    case float32(Float)
    case bool(Bool)
    case string(String)
    case array(GGUFArray)
    case uint64(UInt64)
    case int64(Int64)
    case float64(Double)

    /// The integer, of whatever width, or nil.
    public var intValue: Int? {
        switch self {
        case .uint8(let x): Int(x)
        case .int8(let x): Int(x)
        case .uint16(let x): Int(x)
        case .int16(let x): Int(x)
        case .uint32(let x): Int(x)
        case .int32(let x): Int(x)
        case .uint64(let x): Int(exactly: x)
        case .int64(let x): Int(exactly: x)
        default: nil
        }
    }

    /// The number, integers included, or nil.
    public var doubleValue: Double? {
        switch self {
        case .float32(let x): Double(x)
        case .float64(let x): x
        case .uint64(let x): Double(x)
        default: intValue.map(Double.init)
        }
    }

    /// The string, or nil.
    public var stringValue: String? { if case .string(let s) = self { s } else { nil } }
    /// The boolean, or nil.
    public var boolValue: Bool? { if case .bool(let b) = self { b } else { nil } }
    /// The array, or nil.
    public var arrayValue: GGUFArray? { if case .array(let a) = self { a } else { nil } }

    /// What kind of value this is, in the words of an error message.
    public var kindName: String {
        switch self {
        case .string: "a string"
        case .bool: "a boolean"
        case .array: "an array"
        case .float32, .float64: "a number"
        default: "an integer"
        }
    }
}

/// An array of a GGUF file's metadata; all elements have one type.
public enum GGUFArray: Sendable, Equatable {
    case uint8([UInt8])
    case int8([Int8])
    case uint16([UInt16])
    case int16([Int16])
    case uint32([UInt32])
    case int32([Int32])
    case float32([Float])
    case bool([Bool])
    case string([String])
    case array([GGUFArray])
    case uint64([UInt64])
    case int64([Int64])
    case float64([Double])

    /// How many elements there are.
    public var count: Int {
        switch self {
        case .uint8(let a): a.count
        case .int8(let a): a.count
        case .uint16(let a): a.count
        case .int16(let a): a.count
        case .uint32(let a): a.count
        case .int32(let a): a.count
        case .float32(let a): a.count
        case .bool(let a): a.count
        case .string(let a): a.count
        case .array(let a): a.count
        case .uint64(let a): a.count
        case .int64(let a): a.count
        case .float64(let a): a.count
        }
    }

    /// The strings, or nil when the elements are something else.
    public var strings: [String]? { if case .string(let a) = self { a } else { nil } }

    /// The booleans, or nil when the elements are something else.
    public var bools: [Bool]? { if case .bool(let a) = self { a } else { nil } }

    /// The integers, of whatever width, or nil when an element is something else or does not fit an `Int`.
    public var integers: [Int]? {
        switch self {
        case .uint8(let a): a.map(Int.init)
        case .int8(let a): a.map(Int.init)
        case .uint16(let a): a.map(Int.init)
        case .int16(let a): a.map(Int.init)
        case .uint32(let a): a.map(Int.init)
        case .int32(let a): a.map(Int.init)
        case .uint64(let a): a.contains { $0 > UInt64(Int.max) } ? nil : a.map { Int(truncatingIfNeeded: $0) }
        case .int64(let a): a.map { Int(truncatingIfNeeded: $0) }
        default: nil
        }
    }

    /// The numbers as doubles, integers included, or nil when the elements are no numbers.
    public var doubles: [Double]? {
        switch self {
        case .float32(let a): a.map(Double.init)
        case .float64(let a): a
        default: integers?.map(Double.init)
        }
    }
}
