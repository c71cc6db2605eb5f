/// A set of tokens by their bytes: a tree whose branches are kept in one hash table.
struct TokenTrie: Sendable {
    // Key: node << 8 | byte; value: the node it leads to.
    private var keys: [UInt64]
    private var values: [Int32]
    private var tokens: [Int32] = [-1]
    private var used = 0

    /// An empty set with room for about so many nodes.
    init(nodes: Int = 0) {
        var size = 64
        while size < 2 * nodes { size *= 2 }
        keys = Array(repeating: .max, count: size)
        values = Array(repeating: 0, count: size)
    }

    /// Adds a token; the empty one is nowhere.
    mutating func add(_ token: some Collection<UInt8>, id: Int32) {
        guard !token.isEmpty else { return }
        var node: Int32 = 0
        for byte in token {
            if 2 * (used + 1) > keys.count { grow() }
            let key = UInt64(node) << 8 | UInt64(byte)
            let slot = slot(key)
            if keys[slot] == .max {
                keys[slot] = key
                values[slot] = Int32(tokens.count)
                tokens.append(-1)
                used += 1
            }
            node = values[slot]
        }
        tokens[Int(node)] = id
    }

    /// Calls `body` with length and id of every token that the text begins with, shortest first.
    @inline(__always)
    func forEachPrefix(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ body: (Int, Int32) -> Void
    ) {
        var node: Int32 = 0
        for at in range {
            let key = UInt64(node) << 8 | UInt64(text[at])
            let slot = slot(key)
            guard keys[slot] == key else { return }
            node = values[slot]
            if tokens[Int(node)] >= 0 { body(at - range.lowerBound + 1, tokens[Int(node)]) }
        }
    }

    @inline(__always)
    private func slot(_ key: UInt64) -> Int {
        var at = Int(truncatingIfNeeded: ByteHash.mix(key, 0x9e37_79b9_7f4a_7c15)) & (keys.count - 1)
        while keys[at] != key, keys[at] != .max { at = (at + 1) & (keys.count - 1) }
        return at
    }

    private mutating func grow() {
        let old = (keys, values)
        keys = Array(repeating: .max, count: 2 * old.0.count)
        values = Array(repeating: 0, count: 2 * old.0.count)
        for (i, key) in old.0.enumerated() where key != .max {
            let slot = slot(key)
            keys[slot] = key
            values[slot] = old.1[i]
        }
    }
}
