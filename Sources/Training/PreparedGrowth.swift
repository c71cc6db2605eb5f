import Kernels

/// How much memory products that oneDNN will yet prepare are going to take: a run whose micro-batches have many
/// different lengths prepares some for each of them, and a rehearsal sees few.
struct PreparedGrowth {
    /// How many micro-batches had each number of tokens.
    private var seen: [Int: Int]
    private var tokens: Int
    private let first: (prepared: Int, outside: Int)

    /// Begins after the first micro-batch, which has so many tokens.
    init(_ length: Int) {
        seen = [length: 1]
        tokens = length
        first = Self.now
    }

    /// Takes in another micro-batch that has just been run.
    mutating func add(_ length: Int) {
        seen[length, default: 0] += 1
        tokens += length
    }

    /// Bytes that a run of so many tokens takes besides those its rehearsal has taken.
    func bytesToCome(tokens all: Double) -> Int {
        let now = Self.now
        let grown = Double(now.prepared - first.prepared)
        if grown <= 0 { return 0 }
        let each = Double(max(0, now.outside - first.outside)) / grown
        let micros = Double(seen.values.reduce(0, +))
        let left = max(0, all / Double(tokens) * micros - micros)
        // As likely as a length has been seen once, the next one is new (Good and Turing).
        let newLengths = left * Double(seen.values.count { $0 == 1 }) / micros
        let more = grown / Double(seen.count) * newLengths
        let most = Double(Product.prepared.most)
        if Double(now.prepared) + more <= most { return Int(each * more) }
        // Where old ones make room for new ones, the heap between them fills up half as far again
        // (docs/performance.md).
        return Int(each * max(0, most * 1.5 - Double(now.prepared)))
    }

    /// Products prepared, and resident bytes outside the arena that belong to no file.
    private static var now: (prepared: Int, outside: Int) {
        (Product.prepared.count, Machine.resident.anonymous - Arena.shared.usage.top)
    }
}
