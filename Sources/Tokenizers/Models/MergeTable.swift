/// What two neighbouring tokens become: (left id, right id) → (rank, new id); smaller ranks merge first.
///
/// Open addressing over one block, at most half full. Written while the model is built, then only read: hence
/// `nonisolated(unsafe)`.
final class MergeTable: Sendable {
    /// No such merge; larger than any rank.
    static let none = UInt64.max

    private nonisolated(unsafe) let slots: UnsafeMutablePointer<UInt64>
    private let capacity: Int
    private let shift: UInt64

    /// A table of `merges`, each `(left, right, rank, id)`; of two for the same pair the last counts.
    init(_ merges: [(left: Int32, right: Int32, rank: UInt32, id: Int32)]) {
        var bits = 4
        while 1 << bits < 2 * merges.count { bits += 1 }
        capacity = 1 << bits
        shift = UInt64(64 - bits)
        slots = .allocate(capacity: 2 * capacity)
        slots.initialize(repeating: .max, count: 2 * capacity)
        for merge in merges {
            let key = Self.key(merge.left, merge.right)
            var slot = Int((key &* 0x9e37_79b9_7f4a_7c15) >> shift)
            while slots[2 * slot] != key, slots[2 * slot] != .max { slot = (slot + 1) & (capacity - 1) }
            slots[2 * slot] = key
            slots[2 * slot + 1] = UInt64(merge.rank) << 32 | UInt64(UInt32(bitPattern: merge.id))
        }
    }

    deinit { slots.deallocate() }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// `rank << 32 | new id`, or ``none``.
    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> UInt64 {
        let key = Self.key(left, right)
        var slot = Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> shift)
        while true {
            let found = slots[2 &* slot]
            if found == key { return slots[2 &* slot &+ 1] }
            if found == .max { return .max }
            slot = (slot &+ 1) & (capacity &- 1)
        }
    }

    /// Calls `body` with the left and right id of every merge.
    func forEachPair(_ body: (Int32, Int32) -> Void) {
        for slot in 0..<capacity where slots[2 * slot] != .max {
            let key = slots[2 * slot]
            body(Int32(truncatingIfNeeded: key >> 32), Int32(truncatingIfNeeded: key))
        }
    }
}
