/// The pretraining text: stories, passages with questions, and fixed companies that are to be learnt by heart.
/// What it teaches is reading, answering in few words, and which wordings ask for the same thing.
struct Pretraining {
    static let companies = 6
    static let entitiesPerKind = 4

    private let banned: Set<String>
    private let worlds: [World]
    private var random: RandomSource

    /// `banned`: the handbook's names, which must not occur.
    init(seed: UInt64, avoiding banned: Set<String>) {
        random = RandomSource(seed: seed)
        var names = NameMaker(avoiding: banned)
        var worlds: [World] = []
        for _ in 0..<Self.companies { worlds.append(World(perKind: Self.entitiesPerKind, &names, &random)) }
        self.worlds = worlds
        self.banned = names.used
    }

    mutating func row() -> Row {
        let world = random.pick(worlds)
        switch random.number(1...100) {
        case 1...10: return General.text(&random, avoiding: banned)
        case 11...18: return .text(random.pick(world.entities).section(&random))
        case 19...25: return Chats.fromPassage(&random, avoiding: banned)
        case 26...50: return Chats.fromMemory(world, turns: random.number(2...6), &random)
        default: return Chats.fromMemory(world, turns: 1, &random)
        }
    }
}
