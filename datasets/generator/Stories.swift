/// Short stories from a template grammar: the general text on which forgetting is measured.
enum Stories {
    private static let traits: [String] = [
        "brave", "careful", "cheerful", "clever", "curious", "gentle", "honest", "kind", "lazy", "lonely", "patient",
        "proud",
        "quiet", "shy", "stubborn", "wise",
    ]
    private static let trades: [String] = [
        "baker", "carpenter", "doctor", "farmer", "fisher", "gardener", "miller", "painter", "potter", "sailor",
        "shepherd",
        "singer", "smith", "tailor", "teacher", "weaver",
    ]
    private static let objects: [String] = [
        "basket", "bell", "blanket", "book", "boot", "bottle", "box", "bracelet", "candle", "coat", "cup", "drum",
        "feather",
        "flute", "hammer", "hat", "key", "kite", "ladder", "lantern", "map", "mirror", "needle", "ring", "rope",
        "saddle",
        "spoon", "stone", "whistle", "wheel",
    ]
    private static let places: [String] = [
        "bridge", "castle", "cave", "farm", "field", "forest", "garden", "harbour", "hill", "island", "lake", "market",
        "meadow", "mill", "mountain", "river", "school", "tower", "valley",
    ]
    private static let weather: [String] = [
        "The morning was cold and clear.", "Rain had fallen all night.", "The sun stood high in the sky.",
        "A thick fog lay over the {p}.", "Snow covered the roofs.", "A warm wind blew from the {q}.",
        "Dark clouds came over the {q}.", "It was the first day of spring.",
    ]
    private static let openings: [String] = [
        "Once there was {at} {t} {w} called {c}, who lived near the {p}.",
        "{c} was {at} {t} {w} and lived in a small house by the {p}.",
        "In the village behind the {p} lived {c}, {at} {t} {w}.",
        "Long ago {at} {t} {w} named {c} lived beside the {p}.",
        "Everybody near the {p} knew {c}, the {t} {w}.",
    ]
    private static let wishes: [String] = [
        "One day {c} lost {ak} {k} {o} that had belonged to the family for years.",
        "{c} wanted nothing more than {ak} {k} {o}.",
        "One morning {c} found {ak} {k} {o} in front of the door.",
        "{c} had promised to bring {ak} {k} {o} to {f} before the evening.",
        "A stranger gave {c} {ak} {k} {o} and went away without a word.",
        "{c} had worked all winter to buy {ak} {k} {o}.",
    ]
    private static let journeys: [String] = [
        "So {c} packed some {d} and walked to the {q}.",
        "{c} took the old road to the {q} and did not look back.",
        "The way to the {q} was long, and {c} was soon tired and hungry.",
        "{c} ran all the way to the {q}.",
        "With {d} in the bag {c} set out for the {q}.",
        "\"I will go to the {q},\" said {c}, \"and see what happens.\"",
    ]
    private static let obstacles: [String] = [
        "But at the {q} {am} {m} sat in the middle of the path.",
        "There {am} {m} cried so loudly that the birds flew up.",
        "Halfway there {c} heard {am} {m} calling for help.",
        "Suddenly {am} {m} jumped out and took the {d}.",
        "Behind a tree stood {am} {m}, cold and afraid.",
        "At the gate {am} {m} asked for something to eat.",
    ]
    private static let talks: [String] = [
        "\"Do not be afraid,\" said {c}. \"I have some {d} for both of us.\"",
        "\"Who are you?\" asked the {m}. \"My name is {c},\" was the answer.",
        "\"Can you help me?\" asked the {m}. {c} thought for a while and nodded.",
        "{c} sat down and shared the {d} with the {m}.",
        "\"You are {at} {t} {w},\" said the {m}. \"I will show you the way.\"",
        "The {m} looked at {c} and did not say a word.",
    ]
    private static let turnsOfFate: [String] = [
        "Then {f} came along, {au} {u} friend from the {p}, and together they found a way.",
        "In the evening {f} came with a lantern, because {f} was {u} and had begun to worry.",
        "Together they carried the {k} {o} back across the {q}.",
        "The {m} knew the {q} well and found the {k} {o} under a stone.",
        "{f}, who was {u}, laughed and said that everything would be well.",
        "Nobody had ever seen such {ak} {k} {o} before.",
    ]
    private static let endings: [String] = [
        "When they came home, there was {d} for everybody, and they talked until late at night.",
        "From that day on {c} and {f} were the best of friends.",
        "{c} never forgot the {m} and came back to the {q} every year.",
        "And so {c} learned that it is better to be {u} than to be rich.",
        "The {k} {o} still hangs in the house by the {p}.",
        "{c} slept well that night and dreamed of the {q}.",
        "\"Tomorrow,\" said {c}, \"I will tell the others at the {p}.\"",
    ]

    static func story(_ random: inout RandomSource) -> String {
        let scene = random.sample(places, 2)
        let people = random.sample(Words.firstNames, 2)
        let virtues = random.sample(traits, 2)
        let (animal, colour) = (random.pick(Words.animals), random.pick(Words.colours))
        let slots: [String: String] = [
            "c": people[0], "f": people[1], "t": virtues[0], "at": article(before: virtues[0]),
            "u": virtues[1], "au": article(before: virtues[1]), "w": random.pick(trades), "o": random.pick(objects),
            "k": colour, "ak": article(before: colour), "m": animal, "am": article(before: animal), "p": scene[0],
            "q": scene[1], "d": random.pick(Words.flavours) + " " + random.pick(Words.dishes),
        ]
        var sentences: [String] = [random.pick(openings)]
        if random.chance(60) { sentences.append(random.pick(weather)) }
        sentences += [random.pick(wishes), random.pick(journeys), random.pick(obstacles)]
        sentences += random.sample(talks, random.number(1...2))
        sentences += [random.pick(turnsOfFate), random.pick(endings)]
        return sentences.map { $0.filled(slots) }.joined(separator: " ")
    }
}
