/// Text about nothing in particular: stories, and notices of companies that exist on one page only.
enum General {
    static func text(_ random: inout RandomSource, avoiding banned: Set<String>) -> Row {
        if random.chance(60) { return .text(Stories.story(&random)) }
        var names = NameMaker(avoiding: banned)
        let kind = random.pick(Kind.all)
        let entities = (0..<random.number(1...2)).map { _ in Entity(kind, &names, &random) }
        return .text(entities.map { $0.section(&random) }.joined(separator: "\n\n"))
    }

    /// The rows that keep general text in mind while a model is fine-tuned.
    static func replay(_ random: inout RandomSource, avoiding banned: Set<String>) -> Row {
        random.chance(50) ? text(&random, avoiding: banned) : Chats.fromPassage(&random, avoiding: banned)
    }
}
