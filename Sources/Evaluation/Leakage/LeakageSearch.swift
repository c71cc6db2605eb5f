import OrderedJSON
import Tokenizers

/// Looks for evaluation rows in training data, by MinHash: of each row the 128 n-grams with the smallest hashes (Broder
/// 1997, bottom-k) stand for all of it, and the share of them that a training row has estimates how much of the row it
/// holds, to within about four points. So a row is also found inside a longer document.
///
/// Memory depends on the evaluation alone; training rows pass by one at a time.
public struct LeakageSearch {
    /// The least share that counts as found.
    public let threshold: Double
    private var sketches: [[UInt64]] = []
    private var places: [UInt64: [Int32]] = [:]
    /// Which hashes may be in `places`: most of a training file's are not, and are told so by one bit.
    private var filter = [UInt64](repeating: 0, count: 1 << 14)
    private var best: [(share: Double, file: String, line: Int)?] = []

    /// n-grams that stand for a row.
    private static let sketchSize = 128

    /// A search that has no rows to look for yet.
    public init(threshold: Double = 0.8) {
        precondition(threshold > 0 && threshold <= 1, "LeakageSearch: a threshold of \(threshold)")
        self.threshold = threshold
    }

    /// Adds a row to look for; rows are numbered in the order of their addition.
    public mutating func add(_ text: String) {
        var all = Set<UInt64>()
        NGrams.hashes(text) { all.insert($0) }
        let sketch = Array(all.sorted().prefix(Self.sketchSize))
        for hash in sketch {
            places[hash, default: []].append(Int32(sketches.count))
            filter[Int(hash >> 6) & (filter.count - 1)] |= 1 << (hash & 63)
        }
        sketches.append(sketch)
        best.append(nil)
    }

    /// Compares a row of the training data with every row added.
    public mutating func compare(_ text: String, file: String, line: Int) {
        var hits: [UInt64: Bool] = [:]
        NGrams.hashes(text) { hash in
            if filter[Int(hash >> 6) & (filter.count - 1)] & (1 << (hash & 63)) != 0 && places[hash] != nil {
                hits[hash] = true
            }
        }
        var counts: [Int32: Int] = [:]
        for hash in hits.keys { for row in places[hash] ?? [] { counts[row, default: 0] += 1 } }
        for (row, count) in counts {
            let share = Double(count) / Double(sketches[Int(row)].count)
            if share >= threshold && share > best[Int(row)]?.share ?? 0 { best[Int(row)] = (share, file, line) }
        }
    }

    /// By row, the training row that holds most of it; nil where none holds enough.
    public var found: [(share: Double, file: String, line: Int)?] { best }
}

/// The words of a row, whatever its kind: what is compared with other rows.
public enum RowWords {
    /// Keys whose values are no words of the row.
    private static let passedOver: Set = [
        "role", "from", "category", "document", "id", "name", "tool_call_id", "weight", "type",
    ]

    /// All text of a row in its order, names of roles and the like left out; of choices only the right one, where the
    /// row tells which that is, and of two judged answers the chosen one. Ready tokens have the text that a tokenizer
    /// gives them, or without one their numbers for words.
    public static func text(of row: JSONValue, tokenizer: Tokenizer? = nil) -> String {
        if let tokenizer, let ids = row["input_ids"]?.arrayValue?.compactMap({ $0.intValue.flatMap(Int32.init) }) {
            return tokenizer.knowsText
                ? tokenizer.decode(ids, skipSpecialTokens: true) : ids.map(String.init).joined(separator: " ")
        }
        var parts: [String] = []
        collect(row, &parts)
        return parts.joined(separator: " ")
    }

    private static func collect(_ value: JSONValue, _ parts: inout [String]) {
        switch value {
        case .string(let text): parts.append(text)
        case .array(let elements): for element in elements { collect(element, &parts) }
        case .object(let object):
            for (key, member) in object.members where !passedOver.contains(key) && key != "rejected" {
                if key == "choices", let answer = object["answer"]?.intValue, let right = member[answer] {
                    collect(right, &parts)
                } else {
                    collect(member, &parts)
                }
            }
        case .null, .bool, .integer, .largeInteger, .number: break
        }
    }
}
