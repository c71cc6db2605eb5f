import Foundation
import OrderedJSON

/// How one kind of value is read from a setting, written back and described. A key of a recipe is a path, a property
/// and one of these.
struct ValueKind<Value: Sendable>: Sendable {
    /// What is accepted, as the end of "expected …".
    let expects: String
    /// The value, or nil after adding at least one mistake.
    let read: @Sendable (Setting, inout [Mistake]) -> Value?
    /// The value as a recipe writes it; nil when there is nothing to write.
    let write: @Sendable (Value) -> JSONValue?

    /// A kind read from one setting in one go: nil means that what stands there is not `expects`.
    init(
        _ expects: String, advice: String? = nil, write: @escaping @Sendable (Value) -> JSONValue?,
        parse: @escaping @Sendable (Setting) -> Value?
    ) {
        self.init(expects: expects, write: write) { setting, mistakes in
            if let value = parse(setting) { return value }
            mistakes.append(.expected(expects, setting, advice: advice))
            return nil
        }
    }

    init(
        expects: String, write: @escaping @Sendable (Value) -> JSONValue?,
        read: @escaping @Sendable (Setting, inout [Mistake]) -> Value?
    ) {
        self.expects = expects
        self.read = read
        self.write = write
    }

    /// The same, where nothing at all or the word `absent` means nil.
    func orAbsent(_ absent: String) -> ValueKind<Value?> {
        ValueKind<Value?>(
            expects: "\(expects) or '\(absent)'", write: { $0.flatMap(write) },
            read: { setting, mistakes in
                if setting.isNull || setting.text == absent { return .some(nil) }
                return read(setting, &mistakes).map { .some($0) }
            })
    }
}

extension Mistake {
    static func expected(_ what: String, _ setting: Setting, advice: String? = nil) -> Mistake {
        Mistake(place: setting.place, message: "expected \(what), found \(setting.shown)", advice: advice)
    }
}

extension ValueKind where Value == Int {
    /// A whole number within bounds.
    static func integer(_ range: ClosedRange<Int>) -> ValueKind {
        let bounds =
            range.upperBound == .max ? "from \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
        return ValueKind("a whole number \(bounds)", write: { .integer($0) }) { setting in
            setting.plainText.flatMap { Int($0) }.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// An amount of memory with its unit.
    static let size = ValueKind("a size such as 8GB or 1.5GiB", write: { .string(ByteSize.text($0)) }) { setting in
        setting.text.flatMap { ByteSize.bytes($0) }
    }
}

extension ValueKind where Value == Double {
    /// A number for which `accepts` holds, described by `bounds`.
    static func number(_ bounds: String, _ accepts: @escaping @Sendable (Double) -> Bool) -> ValueKind {
        ValueKind("a number \(bounds)", write: { .number($0) }) { setting in
            // Swift would also read hexadecimal numbers and the words inf and nan.
            guard let text = setting.plainText,
                text.unicodeScalars.allSatisfy("+-.0123456789eE".unicodeScalars.contains),
                let value = Double(text), value.isFinite, accepts(value)
            else { return nil }
            return value
        }
    }

    static let positive = number("above 0") { $0 > 0 }
    static func positive(to most: Int) -> ValueKind {
        number("above 0, at most \(most)") { $0 > 0 && $0 <= Double(most) }
    }
    static let notNegative = number("from 0") { $0 >= 0 }
    static let share = number("from 0 to 1") { 0...1 ~= $0 }
    static let properShare = number("from 0, below 1") { 0..<1 ~= $0 }
}

extension ValueKind where Value == Bool {
    static let boolean = ValueKind("true or false", write: { .bool($0) }) { setting in
        ["true": true, "false": false][setting.plainText ?? ""]
    }
}

extension ValueKind where Value == String {
    static let text = ValueKind("text", write: { .string($0) }) { setting in
        setting.filledText
    }
    static let path = ValueKind("a path", write: { .string($0) }) { setting in
        setting.filledText
    }
}

extension ValueKind where Value: RecipeChoice {
    /// One word of a closed set.
    static func choice() -> ValueKind {
        let words = Value.allCases.map(\.rawValue)
        let listed =
            words.count == 1 ? words[0] : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
        return ValueKind(listed, write: { .string($0.rawValue) }) { setting in
            setting.text.flatMap { Value(rawValue: $0) }
        }
    }
}
