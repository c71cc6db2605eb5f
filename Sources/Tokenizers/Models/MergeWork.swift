/// The symbols of one word while they merge, and the memory for it.
final class MergeWork {
    /// A token in the making: its id and the bytes it stands for, counted from the passage's start.
    struct Symbol {
        var id: Int32
        var start: Int32
        var end: Int32
    }

    /// Below so many symbols the smallest rank is found by looking at all of them; from here on by a heap.
    private static let heapFrom = 40

    private var symbols: UnsafeMutablePointer<Symbol>
    /// `pairs[i]`: what symbol i and the one after it would become, `rank << 32 | id`.
    private var pairs: UnsafeMutablePointer<UInt64>
    private var capacity = 256
    private(set) var count = 0
    private var links: [(before: Int32, after: Int32)] = []
    private var heap: [UInt64] = []

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
        if most > capacity { grow(to: most) }
    }

    private func grow(to size: Int) {
        symbols.deallocate()
        pairs.deallocate()
        capacity = size + size / 2
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
        if count < Self.heapFrom { mergeFew(table) } else { mergeMany(table) }
        for i in 0..<count { sink.append(symbols[i].id, Int(symbols[i].start), Int(symbols[i].end)) }
        if capacity > 1 << 20 {
            grow(to: 256)
            links = []
            heap = []
        }
    }

    @inline(__always)
    private func mergeFew(_ table: MergeTable) {
        guard count > 1 else { return }
        for i in 0..<count &- 1 { pairs[i] = table.merge(symbols[i].id, symbols[i &+ 1].id) }
        while count > 1 {
            var best = MergeTable.none
            var at = 0
            // Of equal ranks (tokens of equal score have them) the first stays.
            for i in 0..<count &- 1 where pairs[i] >> 32 < best >> 32 {
                best = pairs[i]
                at = i
            }
            guard best != MergeTable.none else { return }
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
    }

    // A heap of (rank, position); an entry whose pair has another rank by now is stale.
    private func mergeMany(_ table: MergeTable) {
        links.removeAll(keepingCapacity: true)
        heap.removeAll(keepingCapacity: true)
        for i in 0..<count {
            links.append((Int32(i - 1), i + 1 < count ? Int32(i + 1) : -1))
            pairs[i] = i + 1 < count ? table.merge(symbols[i].id, symbols[i + 1].id) : MergeTable.none
            if pairs[i] != MergeTable.none { heap.append(Self.entry(pairs[i], i)) }
        }
        for i in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(i) }
        while let top = heap.first {
            popFirst()
            let at = Int(top & 0xffff_ffff)
            let pair = pairs[at]
            guard pair != MergeTable.none, pair >> 32 == top >> 32 else { continue }
            let right = Int(links[at].after)
            symbols[at].id = Int32(truncatingIfNeeded: pair)
            symbols[at].end = symbols[right].end
            pairs[right] = MergeTable.none
            let after = links[right].after
            links[at].after = after
            links[right].after = -2
            if after >= 0 { links[Int(after)].before = Int32(at) }
            let before = Int(links[at].before)
            if before >= 0 { push(before, table.merge(symbols[before].id, symbols[at].id)) }
            push(at, after >= 0 ? table.merge(symbols[at].id, symbols[Int(after)].id) : MergeTable.none)
        }
        var kept = 0
        for i in 0..<count where links[i].after != -2 {
            symbols[kept] = symbols[i]
            kept += 1
        }
        count = kept
    }

    private static func entry(_ pair: UInt64, _ at: Int) -> UInt64 { (pair >> 32) << 32 | UInt64(at) }

    private func push(_ at: Int, _ pair: UInt64) {
        pairs[at] = pair
        guard pair != MergeTable.none else { return }
        heap.append(Self.entry(pair, at))
        var child = heap.count - 1
        while child > 0, heap[(child - 1) / 2] > heap[child] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func popFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        siftDown(0)
    }

    private func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = 2 * parent + 1
            guard least < heap.count else { return }
            if least + 1 < heap.count, heap[least + 1] < heap[least] { least += 1 }
            guard heap[least] < heap[parent] else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
