/// One thing that can be asked about an entity. `{e}` stands for the entity, `{a}` for the answer.
struct Attribute {
    let name: String
    let value: ValueKind
    /// Sentences that state the fact.
    let statements: [String]
    /// Wordings the handbook's training questions use.
    let asked: [String]
    /// Wordings that occur only in questions about other companies.
    let other: [String]
    /// Wordings of the held-out questions: the fine-tuning data never uses them, for any fact.
    let heldOut: [String]

    var wordings: [String] { asked + other + heldOut }
}

/// A kind of entity with its attributes.
struct Kind {
    let name: String
    /// Heading of the handbook's document, and the sentence it opens with.
    let title: String
    let opening: String
    /// What the entity may be: "the Orvane lamp". Empty for people, who go by their name.
    let nouns: [String]
    let attributes: [Attribute]

    static let all: [Kind] = [people, products, rooms, branches, meetings, procedures, machines]
}

extension String {
    /// The template with its slots filled (`{e}` by `slots["e"]`) and its first letter a capital.
    func filled(_ slots: [String: String]) -> String {
        var text = ""
        var rest = self[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let slot = String(rest[rest.index(after: open)..<close])
            guard let value = slots[slot] else { preconditionFailure("no value for {\(slot)} in: \(self)") }
            text += rest[..<open] + value
            rest = rest[rest.index(after: close)...]
        }
        text += rest
        return text.prefix(1).uppercased() + text.dropFirst()
    }
}
