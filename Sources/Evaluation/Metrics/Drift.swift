import Foundation

/// Habits that a model may lose or pick up while it learns something else: they are counted, not judged.
enum Drift {
    /// Answers that were cut off because they did not end by themselves.
    static let unfinished = Metric(
        name: "unfinished", title: "does not end", role: .drift, isLowerBetter: true, isYesNo: true)
    /// Answers that refuse.
    static let refusal = Metric(name: "refusal", title: "refuses", role: .drift, isLowerBetter: true, isYesNo: true)
    /// Answers in another language than the reference or, without one, the question.
    static let otherLanguage = Metric(
        name: "other_language", title: "other language", role: .drift, isLowerBetter: true, isYesNo: true)
    /// Answers without a word.
    static let empty = Metric(name: "empty", title: "empty", role: .drift, isLowerBetter: true, isYesNo: true)

    /// All of them.
    static let metrics = [unfinished, refusal, otherLanguage, empty]

    /// What an answer shows; the language is left out where texts are too short to tell.
    static func scores(answer: String, end: String?, comparedWith text: String) -> [String: RowScore] {
        var scores = [
            unfinished.name: RowScore(end == "length" || end == "context_full" ? 1 : 0),
            refusal.name: RowScore(refuses(answer) ? 1 : 0),
            empty.name: RowScore(answer.allSatisfy(\.isWhitespace) ? 1 : 0),
        ]
        if let own = Language(of: answer), let wanted = Language(of: text), own.isComparable(with: wanted) {
            scores[otherLanguage.name] = RowScore(own == wanted ? 0 : 1)
        }
        return scores
    }

    private static let refusals = [
        "i cannot", "i can't", "i can not", "i'm sorry, but", "i am sorry, but", "i apologize, but", "as an ai",
        "i'm unable", "i am unable", "i won't", "i will not", "i'm not able to", "i am not able to",
        "ich kann leider", "ich kann das nicht", "es tut mir leid, aber", "je ne peux pas", "je suis désolé",
        "lo siento, pero", "no puedo", "non posso", "mi dispiace, ma", "não posso", "ik kan niet",
    ]

    /// Whether a text begins as refusals do.
    static func refuses(_ text: String) -> Bool {
        let start = text.prefix(160).lowercased().replacing("’", with: "'")
        return refusals.contains { start.contains($0) }
    }
}

/// The language of a text as far as its letters and its most frequent words tell.
struct Language: Equatable {
    /// The script most letters are of.
    let script: String
    /// The language, where its most frequent words stand out.
    let name: String?

    /// - Returns: nil for fewer than eight letters.
    init?(of text: String) {
        var counts: [String: Int] = [:]
        for scalar in text.unicodeScalars where scalar.properties.isAlphabetic {
            counts[Self.script(scalar), default: 0] += 1
        }
        guard counts.values.reduce(0, +) >= 8,
            let script = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })?.key
        else { return nil }
        self.script = script
        let words = Set(text.lowercased().split { !$0.isLetter }.map(String.init))
        let found = Self.frequent.map { ($0.key, $0.value.intersection(words).count) }
            .sorted { ($0.1, $1.0) > ($1.1, $0.0) }
        name = script == "latin" && found[0].1 >= 2 && found[0].1 > found[1].1 ? found[0].0 : nil
    }

    /// Whether enough is known of both to say that they are the same or not.
    func isComparable(with other: Language) -> Bool { script != other.script || (name != nil) == (other.name != nil) }

    private static func script(_ scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case 0x41...0x24F, 0x1E00...0x1EFF: "latin"
        case 0x370...0x3FF, 0x1F00...0x1FFF: "greek"
        case 0x400...0x52F: "cyrillic"
        case 0x590...0x5FF: "hebrew"
        case 0x600...0x77F: "arabic"
        case 0x900...0x97F: "devanagari"
        case 0xE00...0xE7F: "thai"
        case 0x3040...0x30FF, 0x3400...0x9FFF: "east asian"
        case 0x1100...0x11FF, 0xAC00...0xD7AF: "hangul"
        default: "other"
        }
    }

    private static let frequent: [String: Set<String>] = [
        "english": ["the", "of", "and", "to", "is", "that", "it", "for", "was", "with", "are", "this", "you", "not"],
        "german": [
            "der", "die", "das", "und", "ist", "nicht", "ein", "eine", "mit", "für", "auf", "von", "zu", "sich",
        ],
        "french": ["le", "la", "les", "et", "est", "des", "une", "dans", "pour", "que", "qui", "pas", "sur", "du"],
        "spanish": ["el", "los", "las", "y", "es", "una", "en", "por", "que", "con", "para", "del", "no", "se"],
        "italian": ["il", "gli", "e", "è", "una", "di", "che", "per", "con", "non", "della", "sono", "del", "nel"],
        "portuguese": ["o", "os", "as", "e", "é", "uma", "em", "que", "com", "para", "não", "do", "da", "no"],
        "dutch": ["de", "het", "een", "en", "is", "van", "niet", "dat", "met", "voor", "op", "zijn", "aan", "te"],
        "polish": ["i", "w", "na", "nie", "się", "jest", "to", "że", "do", "z", "jak", "po", "co", "dla"],
        "swedish": ["och", "att", "det", "som", "en", "på", "är", "av", "för", "med", "den", "inte", "till", "ett"],
    ]
}
