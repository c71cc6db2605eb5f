/// Conversations of the pretraining text.
enum Chats {
    private static let frames: [String] = [
        "Please tell me: {q}", "Quick question: {q}", "Hello! {q}", "I have a question. {q}",
        "{q} Please answer briefly.",
        "Can you help me? {q}",
    ]

    private static func framed(_ question: String, _ random: inout RandomSource) -> String {
        random.chance(15) ? random.pick(frames).filled(["q": question]) : question
    }

    private static func turn(_ entity: Entity, _ attribute: Int, _ random: inout RandomSource) -> (String, String) {
        let wording = random.pick(entity.kind.attributes[attribute].wordings)
        return (framed(entity.question(wording), &random), entity.answers[attribute])
    }

    /// Questions about one company, answered from memory.
    static func fromMemory(_ world: World, turns: Int, _ random: inout RandomSource) -> Row {
        var chat: [(question: String, answer: String)] = []
        for _ in 0..<turns {
            let entity = random.pick(world.entities)
            chat.append(turn(entity, random.number(0...entity.kind.attributes.count - 1), &random))
        }
        return .chat(chat)
    }

    /// A passage about entities nobody has heard of, and questions that it answers.
    static func fromPassage(_ random: inout RandomSource, avoiding banned: Set<String>) -> Row {
        var names = NameMaker(avoiding: banned)
        let entities = (0..<random.number(1...3)).map { _ in Entity(random.pick(Kind.all), &names, &random) }
        var facts: [(entity: Int, attribute: Int)] = []
        for (index, entity) in entities.enumerated() {
            facts += random.sample(Array(entity.kind.attributes.indices), random.number(2...4)).map { (index, $0) }
        }
        facts = random.shuffled(facts)
        let passage = facts.map { entities[$0.entity].statement($0.attribute, &random) }.joined(separator: " ")
        var chat: [(question: String, answer: String)] = []
        for fact in random.sample(facts, min(facts.count, random.number(2...5))) {
            var (question, answer) = turn(entities[fact.entity], fact.attribute, &random)
            if chat.isEmpty { question = passage + "\n\n" + question }
            chat.append((question, answer))
        }
        return .chat(chat)
    }
}
