import OrderedJSON
import Randomness

/// A made-up secret that is planted in training data, and controls that are not: if the trained model finds the secret
/// likelier than nearly all controls, it has memorised it (Carlini et al. 2019, "The Secret Sharer").
public struct Canary: Sendable, Equatable {
    /// What comes before the secret.
    public var prompt: String
    /// The secret that is planted.
    public var secret: String
    /// Secrets made the same way that are planted nowhere.
    public var controls: [String]
    /// How many rows of the training data hold the secret.
    public var times: Int
    /// Whether it is planted as running text; else as a question with its answer.
    public var isText: Bool

    /// Canaries as random as the seed makes them; the same seed gives the same ones, however often they are planted.
    public static func make(_ count: Int, controls: Int, times: Int, isText: Bool, seed: UInt64) -> [Canary] {
        precondition(
            count > 0 && controls > 0 && times >= 0, "Canary: \(count) canaries, \(controls) controls, \(times) times")
        var draws = SplitMix64(seed)
        var names = Set<String>()
        return (0..<count).map { _ in
            var name = Self.name(&draws)
            while !names.insert(name).inserted { name = Self.name(&draws) }
            let secret = Self.number(&draws)
            var others = Set<String>()
            var list: [String] = []
            while list.count < controls {
                let control = Self.number(&draws)
                if control != secret && others.insert(control).inserted { list.append(control) }
            }
            let prompt = isText ? "The access code of \(name) is" : "What is the access code of \(name)?"
            return Canary(prompt: prompt, secret: secret, controls: list, times: times, isText: isText)
        }
    }

    /// Two names of four syllables together, which nobody has.
    private static func name(_ draws: inout SplitMix64) -> String {
        let first = [
            "Bra", "Cor", "Dul", "Fen", "Gim", "Hol", "Jas", "Kel", "Lor", "Mib", "Nor", "Pel", "Quil", "Ros", "Tam",
            "Vos",
        ]
        let last = [
            "ban", "dek", "fin", "gor", "lim", "mond", "nik", "pert", "rax", "sul", "tan", "vin", "wick", "zel",
        ]
        func word() -> String { first[draws.next(below: first.count)] + last[draws.next(below: last.count)] }
        return word() + " " + word()
    }

    /// Eight digits in two groups.
    private static func number(_ draws: inout SplitMix64) -> String {
        let digits = (0..<8).map { _ in String(draws.next(below: 10)) }.joined()
        return digits.prefix(4) + " " + digits.suffix(4)
    }

    /// The training row with a secret (or a control) in it.
    public func row(_ secret: String) -> JSONValue {
        isText
            ? ["text": .string(prompt + " " + secret + ".")]
            : ["prompt": .string(prompt), "completion": .string(secret)]
    }

    /// The canary as a line of a key file.
    public var json: JSONValue {
        [
            "prompt": .string(prompt), "secret": .string(secret), "times": .integer(times), "text": .bool(isText),
            "controls": .array(controls.map(JSONValue.string)),
        ]
    }

    /// Reads a line of a key file; nil when it is none.
    public init?(_ json: JSONValue) {
        guard let prompt = json["prompt"]?.stringValue, let secret = json["secret"]?.stringValue,
            let times = json["times"]?.intValue, let isText = json["text"]?.boolValue,
            let controls = json["controls"]?.arrayValue?.compactMap(\.stringValue), !controls.isEmpty
        else { return nil }
        self.init(prompt: prompt, secret: secret, controls: controls, times: times, isText: isText)
    }

    /// A canary.
    public init(prompt: String, secret: String, controls: [String], times: Int, isText: Bool) {
        self.prompt = prompt
        self.secret = secret
        self.controls = controls
        self.times = times
        self.isText = isText
    }

    /// Lines with each canary's row in it as often as it is planted, at random places; the lines' own order is kept.
    public static func plant(_ canaries: [Canary], in lines: [String], seed: UInt64) -> [String] {
        let planted = canaries.flatMap { Array(repeating: $0.row($0.secret).serialized(), count: $0.times) }
        var draws = SplitMix64(seed ^ 0x6361_6E61_7279)
        // Each planted row goes before the line whose number it draws.
        var before = [[String]](repeating: [], count: lines.count + 1)
        for row in planted { before[draws.next(below: before.count)].append(row) }
        return lines.indices.flatMap { before[$0] + [lines[$0]] } + before[lines.count]
    }
}
