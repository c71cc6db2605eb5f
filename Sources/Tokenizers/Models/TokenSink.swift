/// A token in a passage: which, and the bytes it stands for.
struct PlacedToken {
    var id: Int32
    var start: Int32
    var end: Int32
}

/// Collects tokens; its memory stays from one text to the next.
final class TokenSink {
    private(set) var tokens: UnsafeMutablePointer<PlacedToken>
    private(set) var count = 0
    private var capacity = 1024

    init() { tokens = .allocate(capacity: capacity) }
    deinit { tokens.deallocate() }

    /// Forgets the tokens; a very large memory is given back.
    func removeAll() {
        count = 0
        guard capacity > 1 << 20 else { return }
        tokens.deallocate()
        capacity = 1024
        tokens = .allocate(capacity: capacity)
    }

    /// Adds a token.
    @inline(__always)
    func append(_ id: Int32, _ start: Int, _ end: Int) {
        if count == capacity { grow() }
        tokens[count] = PlacedToken(
            id: id, start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: end))
        count &+= 1
    }

    private func grow() {
        let wider = UnsafeMutablePointer<PlacedToken>.allocate(capacity: 2 * capacity)
        wider.update(from: tokens, count: count)
        tokens.deallocate()
        tokens = wider
        capacity *= 2
    }
}
