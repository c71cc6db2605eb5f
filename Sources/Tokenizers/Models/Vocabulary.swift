import Diagnostics

/// Tokens and their ids. Tokens are kept as bytes in one block and compared by their bytes: Swift's own string equality
/// would take tokens that are canonically equivalent (é in one or in two scalars) for the same.
struct Vocabulary: Sendable {
    /// An id beyond this is a damaged file, not a vocabulary; bounds what a table by id can take.
    static let largestID = 1 << 24

    private struct Entry {
        var start: UInt32
        var length: UInt32
        var id: Int32
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []
    /// The entry of each id, −1 where the id has no token.
    private var byID: [Int32] = []
    /// Open addressing: the upper half of the hash and the entry's number plus one; 0 where empty.
    private var slots: [UInt64] = []

    /// One more than the largest id.
    var endID: Int { byID.count }
    /// How many different tokens there are.
    var count: Int { entries.count }

    /// An empty vocabulary with room for `capacity` tokens.
    init(capacity: Int = 0) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        slots = Array(repeating: 0, count: size)
        entries.reserveCapacity(capacity)
        byID.reserveCapacity(capacity)
        bytes.reserveCapacity(8 * capacity)
    }

    /// Adds a token; one that is there already gets the new id. Throws when the id is no id.
    mutating func add(_ token: UnsafeBufferPointer<UInt8>, id: Int) throws(Problem) {
        guard id >= 0, id < Self.largestID else {
            throw Problem(
                "token id \(id) of \"\(UTF8Text.string(token))\" is not between 0 and \(Self.largestID - 1)",
                advice: "the file is damaged; get it again")
        }
        guard bytes.count + token.count < 1 << 31 else { throw Problem("the vocabulary takes over 2 GiB") }
        if 2 * (entries.count + 1) > slots.count { grow() }
        if byID.count <= id { byID.append(contentsOf: repeatElement(-1, count: id + 1 - byID.count)) }
        let hash = Self.hash(token)
        let slot = slot(of: token, hash)
        if slots[slot] != 0 {
            let entry = Self.entry(slots[slot])
            let old = Int(entries[entry].id)
            if byID[old] == entry { byID[old] = -1 }
            entries[entry].id = Int32(id)
            byID[id] = Int32(entry)
            return
        }
        byID[id] = Int32(entries.count)
        entries.append(Entry(start: UInt32(bytes.count), length: UInt32(token.count), id: Int32(id)))
        bytes.append(contentsOf: token)
        slots[slot] = (hash >> 32) << 32 | UInt64(entries.count)
    }

    /// Adds a token given as text.
    mutating func add(_ token: String, id: Int) throws(Problem) {
        var token = token
        let result: Result<Void, Problem> = token.withUTF8 { bytes in
            Result { () throws(Problem) in try add(bytes, id: id) }
        }
        try result.get()
    }

    /// The id of a token, or nil.
    @inline(__always)
    func id(_ token: UnsafeBufferPointer<UInt8>) -> Int32? {
        let found = slots[slot(of: token, Self.hash(token))]
        return found == 0 ? nil : entries[Self.entry(found)].id
    }

    /// The id of a token given as text, or nil.
    func id(_ token: String) -> Int32? {
        var token = token
        return token.withUTF8 { id($0) }
    }

    /// The bytes of an id's token, or nil when the id has none.
    func token(_ id: Int32) -> ArraySlice<UInt8>? {
        guard id >= 0, id < byID.count, byID[Int(id)] >= 0 else { return nil }
        let entry = entries[Int(byID[Int(id)])]
        return bytes[Int(entry.start)..<Int(entry.start + entry.length)]
    }

    /// Calls `body` with every token's bytes and id, in the order they were added.
    func forEach(_ body: (UnsafeBufferPointer<UInt8>, Int32) -> Void) {
        bytes.withUnsafeBufferPointer { all in
            for entry in entries {
                let range = Int(entry.start)..<Int(entry.start + entry.length)
                body(UnsafeBufferPointer(rebasing: all[range]), entry.id)
            }
        }
    }

    @inline(__always)
    private static func hash(_ token: UnsafeBufferPointer<UInt8>) -> UInt64 {
        guard let start = token.baseAddress, !token.isEmpty else { return 0 }
        return ByteHash.of(start, token.count)
    }

    @inline(__always)
    private static func entry(_ slot: UInt64) -> Int { Int(slot & 0xffff_ffff) - 1 }

    // The slot that holds the token, or the empty one where it belongs.
    @inline(__always)
    private func slot(of token: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> Int {
        let mask = slots.count - 1
        var at = Int(truncatingIfNeeded: hash) & mask
        return slots.withUnsafeBufferPointer { slots in
            while slots[at] != 0, slots[at] >> 32 != hash >> 32 || !isEntry(Self.entry(slots[at]), token) {
                at = (at + 1) & mask
            }
            return at
        }
    }

    @inline(__always)
    private func isEntry(_ entry: Int, _ token: UnsafeBufferPointer<UInt8>) -> Bool {
        let place = entries[entry]
        guard Int(place.length) == token.count else { return false }
        return bytes.withUnsafeBufferPointer { all in
            for i in 0..<token.count where all[Int(place.start) + i] != token[i] { return false }
            return true
        }
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: 2 * slots.count)
        let mask = slots.count - 1
        bytes.withUnsafeBufferPointer { all in
            for (index, entry) in entries.enumerated() {
                let range = Int(entry.start)..<Int(entry.start + entry.length)
                let hash = Self.hash(UnsafeBufferPointer(rebasing: all[range]))
                var at = Int(truncatingIfNeeded: hash) & mask
                while slots[at] != 0 { at = (at + 1) & mask }
                slots[at] = (hash >> 32) << 32 | UInt64(index + 1)
            }
        }
    }
}
