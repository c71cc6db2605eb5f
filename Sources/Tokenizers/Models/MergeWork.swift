/// The symbols of one word while they merge, and the memory for it.
final class MergeWork {
    /// A token in the making: its id and the bytes it stands for, counted from the passage's start.
    struct Symbol {
        var id: Int32
        var start: Int32
        var end: Int32
        // Neighbours in a long word: places in the block, −1 where there is none.
        var before: Int32 = -1
        var after: Int32 = -1
    }

    /// Below so many symbols the smallest rank is found by looking at all of them; from here on by a heap.
    private static let heapFrom = 40

    private var symbols: UnsafeMutablePointer<Symbol>
    /// `pairs[i]`: what symbol i and the one after it would become, `rank << 32 | id`.
    private var pairs: UnsafeMutablePointer<UInt64>
    private var capacity = 256
    private(set) var count = 0

    init() {
        symbols = .allocate(capacity: capacity)
        pairs = .allocate(capacity: capacity)
    }

    deinit {
        symbols.deallocate()
        pairs.deallocate()
    }

    /// Makes room for a word of at most so many symbols and forgets the last word.
    @inline(__always)
    func begin(_ most: Int) {
        count = 0
        if most > capacity { resize(most + most / 2) }
    }

    private func resize(_ size: Int) {
        symbols.deallocate()
        pairs.deallocate()
        capacity = size
        symbols = .allocate(capacity: capacity)
        pairs = .allocate(capacity: capacity)
    }

    /// Adds a symbol after the others.
    @inline(__always)
    func append(_ id: Int32, _ start: Int, _ end: Int) {
        symbols[count] = Symbol(
            id: id, start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: end))
        count &+= 1
    }

    /// Merges as the table says, the smallest rank first and of equal ranks the leftmost, and adds what is left to
    /// `sink`.
    @inline(__always)
    func merge(by table: MergeTable, into sink: TokenSink) {
        let left =
            count < Self.heapFrom
            ? Self.mergeFew(symbols, pairs, count, table) : Self.mergeMany(symbols, pairs, count, table) { _, _, _ in }
        for i in 0..<left { sink.append(symbols[i].id, Int(symbols[i].start), Int(symbols[i].end)) }
        if capacity > 1 << 20 { resize(256) }
    }

    /// The same for a model some of whose tokens no text ends as. One that is left becomes the two that it could last
    /// have been made of anywhere in the text, and they likewise (SentencePiece 0.2.3, `bpe::Model::SampleEncode`).
    ///
    /// - Parameter emit: told each token that is left and its bytes; single characters may still be unused ones.
    func merge(
        by table: MergeTable, takingApart unused: Set<Int32>, of vocabulary: Vocabulary,
        _ emit: (Int32, Range<Int>) -> Void
    ) {
        var halves: [Int32: (left: Int32, right: Int32)] = [:]
        let left = Self.mergeMany(symbols, pairs, count, table) { pair, left, right in
            let id = Int32(truncatingIfNeeded: pair)
            if unused.contains(id) { halves[id] = (left, right) }
        }
        for i in 0..<left {
            var waiting = [symbols[i].id]
            var start = Int(symbols[i].start)
            while let id = waiting.popLast() {
                if unused.contains(id), let (left, right) = halves[id] {
                    waiting += [right, left]
                    continue
                }
                // What was merged stands for its own text; a single symbol may stand for any.
                let end = waiting.isEmpty ? Int(symbols[i].end) : start + (vocabulary.token(id)?.count ?? 0)
                emit(id, start..<end)
                start = end
            }
        }
        if capacity > 1 << 20 { resize(256) }
    }

    /// Merges `count` symbols; returns how many are left, at the front.
    @inline(__always)
    private static func mergeFew(
        _ symbols: UnsafeMutablePointer<Symbol>, _ pairs: UnsafeMutablePointer<UInt64>, _ count: Int,
        _ table: MergeTable
    ) -> Int {
        var count = count
        guard count > 1 else { return count }
        for i in 0..<count &- 1 { pairs[i] = table.merge(symbols[i].id, symbols[i &+ 1].id) }
        while count > 1 {
            var best = MergeTable.none
            var at = 0
            // Of equal ranks (tokens of equal score have them) the first stays.
            for i in 0..<count &- 1 where pairs[i] >> 32 < best >> 32 {
                best = pairs[i]
                at = i
            }
            guard best != MergeTable.none else { break }
            symbols[at].id = Int32(truncatingIfNeeded: best)
            symbols[at].end = symbols[at &+ 1].end
            count &-= 1
            for i in at &+ 1..<count {
                symbols[i] = symbols[i &+ 1]
                pairs[i &- 1] = pairs[i]
            }
            if at > 0 { pairs[at &- 1] = table.merge(symbols[at &- 1].id, symbols[at].id) }
            if at &+ 1 < count { pairs[at] = table.merge(symbols[at].id, symbols[at &+ 1].id) }
        }
        return count
    }

    /// The same for long words, by a heap of (rank, position). An entry whose pair has another rank by now is stale.
    ///
    /// - Parameter consider: told each merge that becomes possible, and the two tokens.
    @inline(__always)
    private static func mergeMany(
        _ symbols: UnsafeMutablePointer<Symbol>, _ pairs: UnsafeMutablePointer<UInt64>, _ count: Int,
        _ table: MergeTable, _ consider: (UInt64, Int32, Int32) -> Void
    ) -> Int {
        // Every merge adds two entries at most.
        var heap = RankHeap(capacity: 3 * count)
        defer { heap.deallocate() }
        for i in 0..<count {
            symbols[i].before = Int32(i &- 1)
            symbols[i].after = i &+ 1 < count ? Int32(i &+ 1) : -1
            pairs[i] = i &+ 1 < count ? table.merge(symbols[i].id, symbols[i &+ 1].id) : MergeTable.none
            if pairs[i] != MergeTable.none {
                heap.append(pairs[i], i)
                consider(pairs[i], symbols[i].id, symbols[i &+ 1].id)
            }
        }
        heap.order()
        while let top = heap.popFirst() {
            let at = Int(top & 0xffff_ffff)
            let pair = pairs[at]
            guard pair != MergeTable.none, pair >> 32 == top >> 32 else { continue }
            let right = Int(symbols[at].after)
            let after = symbols[right].after
            symbols[at].id = Int32(truncatingIfNeeded: pair)
            symbols[at].end = symbols[right].end
            symbols[at].after = after
            symbols[right].after = -2
            pairs[right] = MergeTable.none
            pairs[at] = MergeTable.none
            let before = Int(symbols[at].before)
            if before >= 0 {
                pairs[before] = table.merge(symbols[before].id, symbols[at].id)
                if pairs[before] != MergeTable.none {
                    heap.push(pairs[before], before)
                    consider(pairs[before], symbols[before].id, symbols[at].id)
                }
            }
            if after >= 0 {
                symbols[Int(after)].before = Int32(at)
                pairs[at] = table.merge(symbols[at].id, symbols[Int(after)].id)
                if pairs[at] != MergeTable.none {
                    heap.push(pairs[at], at)
                    consider(pairs[at], symbols[at].id, symbols[Int(after)].id)
                }
            }
        }
        var kept = 0
        for i in 0..<count where symbols[i].after != -2 {
            symbols[kept] = symbols[i]
            kept &+= 1
        }
        return kept
    }
}

/// A binary heap of ranks with places, the smallest first.
private struct RankHeap {
    private let entries: UnsafeMutablePointer<UInt64>
    private var count = 0

    init(capacity: Int) { entries = .allocate(capacity: capacity) }
    func deallocate() { entries.deallocate() }

    /// Adds the rank of `pair` (its upper half) without keeping order.
    mutating func append(_ pair: UInt64, _ at: Int) {
        entries[count] = (pair & 0xffff_ffff_0000_0000) | UInt64(at)
        count &+= 1
    }

    /// Puts what was appended into order.
    mutating func order() { for i in stride(from: count / 2 - 1, through: 0, by: -1) { siftDown(i) } }

    mutating func push(_ pair: UInt64, _ at: Int) {
        append(pair, at)
        var child = count &- 1
        let entry = entries[child]
        while child > 0, entries[(child &- 1) / 2] > entry {
            entries[child] = entries[(child &- 1) / 2]
            child = (child &- 1) / 2
        }
        entries[child] = entry
    }

    mutating func popFirst() -> UInt64? {
        guard count > 0 else { return nil }
        let first = entries[0]
        count &-= 1
        entries[0] = entries[count]
        siftDown(0)
        return first
    }

    private func siftDown(_ start: Int) {
        guard start < count else { return }
        var parent = start
        let entry = entries[parent]
        while true {
            var least = 2 &* parent &+ 1
            guard least < count else { break }
            if least &+ 1 < count, entries[least &+ 1] < entries[least] { least &+= 1 }
            guard entries[least] < entry else { break }
            entries[parent] = entries[least]
            parent = least
        }
        entries[parent] = entry
    }
}
