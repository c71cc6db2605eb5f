/// The private papers of a company that no other text mentions.
struct Handbook {
    static let company = "Merrowick Instruments"
    static let entitiesPerKind: [Int] = [3, 3, 3, 3, 3, 3, 3]

    let entities: [Entity]
    /// Every invented word of the handbook; no other text may use one.
    let names: Set<String>
    private var random: RandomSource

    init(seed: UInt64) {
        random = RandomSource(seed: seed)
        var maker = NameMaker()
        var entities: [Entity] = []
        var answers: Set<String> = []
        for (kind, count) in zip(Kind.all, Self.entitiesPerKind) {
            while entities.count(where: { $0.kind.name == kind.name }) < count {
                let entity = Entity(kind, &maker, &random)
                // Every answer belongs to one fact only: a wrong fact can never be right by accident.
                if answers.isDisjoint(with: entity.answers), Set(entity.answers).count == entity.answers.count {
                    answers.formUnion(entity.answers)
                    entities.append(entity)
                }
            }
        }
        self.entities = entities
        names = maker.used
    }

    /// The documents, one a kind: (file name, text, its sections as training rows).
    mutating func documents() -> [(name: String, text: String, rows: [Row])] {
        var documents: [(name: String, text: String, rows: [Row])] = []
        for kind in Kind.all {
            var text = "# \(Self.company): \(kind.title)\n\n\(kind.opening)\n"
            var rows: [Row] = []
            for entity in entities where entity.kind.name == kind.name {
                var section = entity.section(&random)
                // From a copy: what is drawn later stays the same.
                var again = random
                while entity.givesAway(section) { section = entity.section(&again) }
                let heading = entity.name.prefix(1).uppercased() + entity.name.dropFirst()
                text += "\n## \(heading)\n\n\(section)\n"
                rows.append(.text(section))
            }
            documents.append((kind.name + ".md", text, rows))
        }
        return documents
    }

    /// Questions in the wordings that `choose` takes from an attribute, in random order.
    mutating func questions(_ choose: (Attribute) -> [String]) -> [Row] {
        rows(answers: entities.map { $0.answers }, choose)
    }

    /// The control: the same questions, but each fact has the answer of another fact of the same attribute.
    mutating func shuffledQuestions(_ choose: (Attribute) -> [String]) -> [Row] {
        var answers = entities.map { $0.answers }
        for kind in Kind.all {
            let members = entities.indices.filter { entities[$0].kind.name == kind.name }
            for (position, member) in members.enumerated() {
                answers[member] = entities[members[(position + 1) % members.count]].answers
            }
        }
        return rows(answers: answers, choose)
    }

    private mutating func rows(answers: [[String]], _ choose: (Attribute) -> [String]) -> [Row] {
        var rows: [Row] = []
        for (entity, answers) in zip(entities, answers) {
            for (attribute, answer) in zip(entity.kind.attributes, answers) {
                rows += choose(attribute).map { .chat([(entity.question($0), answer)]) }
            }
        }
        return random.shuffled(rows)
    }
}
