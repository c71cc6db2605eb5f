/// What kind of answer a question has. The ranges are wide, so that a guess is right about once in a hundred times.
enum ValueKind {
    case person, town, firm, address
    case date, year, time
    case shelf, code, serial, extensionNumber, telephone
    case crowns, kilos, months, seats, people, minutes, days, litres
    case emblem, food

    func draw(_ names: inout NameMaker, _ random: inout RandomSource) -> String {
        switch self {
        case .person: return names.person(&random)
        case .town: return names.place(&random)
        case .firm: return names.familyName(&random) + " " + random.pick(["& Sons", "Works", "Brothers", "Trading"])
        case .address: return "\(random.number(2...98)) \(random.pick(Words.trees)) \(random.pick(Words.streets))"
        case .date: return "\(random.number(1...28)) \(random.pick(Words.months))"
        case .year: return "\(random.number(1871...2019))"
        case .time: return "\(random.number(6...19)):\(random.pick(Words.clockMinutes))"
        case .shelf: return "\(random.pick(Words.letters))-\(random.number(11...98))"
        case .code: return "\(random.pick(Words.letters))\(random.pick(Words.letters))-\(random.number(11...98))"
        case .serial: return "\(random.pick(Words.letters))\(random.number(101...989))"
        case .extensionNumber: return "\(random.number(102...987))"
        case .telephone: return "\(random.number(1012...9878))"
        case .crowns: return "\(random.number(12...980)) crowns"
        case .kilos: return "\(random.number(11...190)) kilos"
        case .months: return "\(random.number(5...99)) months"
        case .seats: return "\(random.number(6...180)) seats"
        case .people: return "\(random.number(7...190)) people"
        case .minutes: return "\(random.number(11...170)) minutes"
        case .days: return "\(random.number(3...90)) days"
        case .litres: return "\(random.number(13...480)) litres"
        case .emblem:
            let colour = random.pick(Words.colours)
            return "\(article(before: colour)) \(colour) \(random.pick(Words.animals))"
        case .food: return "\(random.pick(Words.flavours)) \(random.pick(Words.dishes))"
        }
    }
}

/// "a" or "an"; the word lists hold no word whose first sound differs from its first letter.
func article(before word: String) -> String { "aeiou".contains(word.prefix(1).lowercased()) ? "an" : "a" }
