import OrderedJSON

/// One key of a recipe: its path, the property it fills, the values it takes and what it means.
///
/// The list ``all`` is the only place where keys are named: reading, writing, help and the reference page follow it.
public struct RecipeKey: Sendable {
    /// The key's path, such as `adapter.rank`.
    public let path: String
    /// The values it takes, as the end of "expected …".
    public let expects: String
    /// What it means, one sentence without a full stop.
    public let meaning: String
    /// The default as a recipe writes it, `required`, or the word for an absent value.
    public let defaultText: String
    /// Whether a recipe must give it.
    public let isRequired: Bool
    /// What other programs call it; used for suggestions only.
    let otherNames: [String]

    /// Reads a setting into the property; adds mistakes and leaves the property alone when it is wrong.
    let read: @Sendable (Setting, inout Recipe, inout [Mistake]) -> Void
    /// The property's value as a recipe writes it; nil when there is nothing to write.
    let write: @Sendable (Recipe) -> JSONValue?

    init<Value>(
        _ path: String, _ property: WritableKeyPath<Recipe, Value> & Sendable, _ kind: ValueKind<Value>,
        required: Bool = false, absent: String = "none", otherNames: [String] = [], _ meaning: String
    ) {
        self.path = path
        self.expects = kind.expects
        self.meaning = meaning
        self.otherNames = otherNames
        isRequired = required
        read = { setting, recipe, mistakes in
            if let value = kind.read(setting, &mistakes) { recipe[keyPath: property] = value }
        }
        write = { recipe in kind.write(recipe[keyPath: property]) }
        defaultText = required ? "required" : write(Recipe()).map { yamlScalar($0) } ?? absent
    }

    /// A key whose value may be absent, written as the word `absent`.
    init<Value>(
        optional path: String, _ property: WritableKeyPath<Recipe, Value?> & Sendable, _ kind: ValueKind<Value>,
        absent: String = "none", otherNames: [String] = [], _ meaning: String
    ) {
        self.init(path, property, kind.orAbsent(absent), absent: absent, otherNames: otherNames, meaning)
    }

    /// The part before the dot: the mapping the key stands in; empty for keys at the top.
    public var section: String { path.split(separator: ".").dropLast().joined(separator: ".") }
    /// The part after the dot.
    public var name: String { path.split(separator: ".").last.map(String.init) ?? path }

    /// The key with a path.
    static func named(_ path: String) -> RecipeKey? { byPath[path] }
    private static let byPath = Dictionary(uniqueKeysWithValues: all.map { ($0.path, $0) })

    /// The mappings that hold keys, in order.
    static let sections = all.map(\.section).reduce(into: [String]()) { list, section in
        if !section.isEmpty, !list.contains(section) { list.append(section) }
    }

    /// The reference table of all keys, as Markdown.
    public static func referenceTable() -> String {
        func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
        let rows = all.map {
            "| `\($0.path)` | `\(cell($0.defaultText))` | \(cell($0.expects)) | \(cell($0.meaning)) |"
        }
        return (["| key | default | values | meaning |", "|---|---|---|---|"] + rows).joined(separator: "\n") + "\n"
    }
}
