/// Invents names from syllables. A word once used as somebody's name in one world is never used in another,
/// so a model that has read one world knows nothing about the next.
struct NameMaker {
    private(set) var used: Set<String> = []

    /// Words that must never be invented: the names of another world.
    init(avoiding banned: Set<String> = []) { used = banned }

    private static let onsets: [String] = [
        "B", "Br", "C", "Cr", "D", "Dr", "F", "Fl", "G", "Gr", "H", "J", "K", "L", "M", "N", "P", "Pr", "Qu", "R", "S",
        "Sk",
        "St", "T", "Th", "Tr", "V", "W", "Y", "Z",
    ]
    private static let vowels: [String] = ["a", "e", "i", "o", "u", "ai", "ea", "io"]
    private static let familyEnds: [String] = [
        "nard", "lesk", "rowitz", "lman", "vell", "nder", "rova", "tini", "lquist", "mbe", "rley", "dask", "norp",
        "nenko",
        "zzo", "bart", "skov", "llay", "mstra", "gan",
    ]
    private static let placeEnds: [String] = [
        "mora", "wick", "stad", "field", "haven", "burg", "dale", "mouth", "grad", "port", "ford", "holm", "ville",
        "minster",
    ]
    private static let thingEnds: [String] = [
        "lane", "rix", "mon", "dera", "rum", "tisk", "vot", "lax", "nolo", "zeus", "rith", "lond", "nova", "tron",
        "bel",
        "sper",
    ]

    private mutating func invent(_ ends: [String], _ random: inout RandomSource) -> String {
        while true {
            let name = random.pick(Self.onsets) + random.pick(Self.vowels) + random.pick(ends)
            if used.insert(name).inserted { return name }
        }
    }

    /// First names are common property; the family name tells people apart.
    mutating func person(_ random: inout RandomSource) -> String {
        random.pick(Words.firstNames) + " " + familyName(&random)
    }
    mutating func familyName(_ random: inout RandomSource) -> String { invent(Self.familyEnds, &random) }
    mutating func place(_ random: inout RandomSource) -> String { invent(Self.placeEnds, &random) }
    mutating func thing(_ random: inout RandomSource) -> String { invent(Self.thingEnds, &random) }
}
