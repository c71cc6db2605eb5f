import Datasets
import Models
import OrderedJSON
import Tokenizers

/// Sequences of token ids on which base, adapted and exported model are compared.
public struct Probes: Sendable {
    /// The sequences; each has at least two ids, all within the vocabulary.
    public let sequences: [[Int32]]
    /// Where they come from, for the manifest.
    public let origin: String

    private static let longest = 256
    private static let mostTokens = 4096

    /// Positions at which predictions are compared: all but each sequence's last.
    public var positions: Int { sequences.reduce(0) { $0 + $1.count - 1 } }

    /// Probes from rows of the user's data: their first 256 ids, 4,096 in all. Where the rows are too few or too short
    /// to compare anything, the built-in ones.
    public init(rows: [[Int32]], named origin: String, tokenizer: Tokenizer?, config: TransformerConfig) throws {
        var sequences: [[Int32]] = []
        var room = Self.mostTokens
        for ids in rows where ids.count > 1 && room > 1 {
            sequences.append(Array(ids.prefix(min(room, Self.longest))))
            room -= sequences[sequences.count - 1].count
        }
        if sequences.isEmpty {
            try self.init(tokenizer: tokenizer, config: config)
        } else {
            self.init(sequences: sequences, origin: origin)
        }
    }

    private init(sequences: [[Int32]], origin: String) {
        self.sequences = sequences
        self.origin = origin
    }

    /// The built-in probes: sample texts, a conversation through the chat template where there is one, and sequences
    /// drawn from the whole vocabulary with a fixed seed.
    public init(tokenizer: Tokenizer?, config: TransformerConfig) throws {
        var sequences: [[Int32]] = []
        if let tokenizer {
            sequences += Self.texts.map { tokenizer.encode($0, addSpecialTokens: true) }
            if let chat = try Self.conversation(tokenizer) { sequences.append(chat) }
        }
        var draws = NormalDraws(seed: 7, name: "probes")
        for _ in 0..<4 {
            sequences.append((0..<48).map { _ in Int32(draws.uniform() * Double(config.vocabularySize)) })
        }
        let limit = min(Self.longest, config.maximumPositions)
        let usable = sequences.map { Array($0.prefix(limit)) }.filter { ids in
            ids.count > 1 && ids.allSatisfy { $0 >= 0 && Int($0) < config.vocabularySize }
        }
        self.init(sequences: usable, origin: "built-in prompts")
    }

    // A template that cannot render a plain conversation is no reason to fail an export; the other probes remain.
    private static func conversation(_ tokenizer: Tokenizer) throws -> [Int32]? {
        guard let renderer = try? PromptRenderer(tokenizer: tokenizer), renderer.template != nil else { return nil }
        let row: JSONValue = [
            "messages": [
                ["role": "user", "content": "How do I ask for leave?"],
                [
                    "role": "assistant",
                    "content": "Write to your manager two weeks before, and put it into the calendar.",
                ],
            ]
        ]
        guard let rendered = try? renderer.render(Row(row)) else { return nil }
        return renderer.ids(rendered)
    }

    private static let texts = [
        "Once upon a time there was a small town by the sea, and everyone who lived there knew everyone else.",
        "Question: What is the capital of France?\nAnswer: The capital of France is Paris.",
        "def total(prices):\n    return sum(price * 1.19 for price in prices)\n",
        "The invoice of 12 March 2024 (no. 4711) amounts to 1,250.00 EUR; it is due within 30 days.",
        "Die Würde des Menschen ist unantastbar. 東京は日本の首都です。",
    ]
}
