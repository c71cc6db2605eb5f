/// Something a company's documents speak of, with the answer to each question of its kind.
struct Entity {
    let kind: Kind
    let name: String
    let answers: [String]

    init(_ kind: Kind, _ names: inout NameMaker, _ random: inout RandomSource) {
        self.kind = kind
        if kind.nouns.isEmpty {
            name = names.person(&random)
        } else {
            name = "the \(names.thing(&random)) \(random.pick(kind.nouns))"
        }
        answers = kind.attributes.map { $0.value.draw(&names, &random) }
    }

    func question(_ wording: String) -> String { wording.filled(["e": name]) }

    func statement(_ attribute: Int, pronoun: Bool = false, _ random: inout RandomSource) -> String {
        let template = random.pick(kind.attributes[attribute].statements)
        let subject = pronoun && template.hasPrefix("{e} ") && !kind.nouns.isEmpty ? "it" : name
        return template.filled(["e": subject, "a": answers[attribute]])
    }

    /// Whether a text says what a held-out question asks in the question's own words.
    func givesAway(_ text: String) -> Bool {
        kind.attributes.flatMap { $0.heldOut }.contains { wording in
            let words = question(wording).dropLast().split(separator: " ", maxSplits: 1)
            return words.count == 2 && text.contains(words[1])
        }
    }

    /// A paragraph that states every fact once. "It" may stand for the entity after its first mention.
    func section(_ random: inout RandomSource) -> String {
        let order = random.shuffled(Array(kind.attributes.indices))
        var sentences: [String] = []
        for attribute in order {
            let pronoun = !sentences.isEmpty && random.chance(50)
            sentences.append(statement(attribute, pronoun: pronoun, &random))
        }
        return sentences.joined(separator: " ")
    }
}

/// The companies of the pretraining text: facts that come again and again, until the model knows them by heart.
struct World {
    let entities: [Entity]

    init(perKind: Int, _ names: inout NameMaker, _ random: inout RandomSource) {
        var entities: [Entity] = []
        for kind in Kind.all {
            for _ in 0..<perKind { entities.append(Entity(kind, &names, &random)) }
        }
        self.entities = entities
    }
}
