import Diagnostics

/// Tokens and their ids. Tokens are kept as bytes in one block and compared by their bytes: Swift's own string equality
/// would take tokens that are canonically equivalent (é in one or in two scalars) for the same.
struct Vocabulary: Sendable {
    /// An id beyond this is a damaged file, not a vocabulary; bounds what a table by id can take.
    static let largestID = 1 << 24

    private var bytes: [UInt8] = []
    /// Start and length of each id's token; length −1 where the id has none.
    private var places: [(start: Int, length: Int32)] = []
    /// Open addressing: hash slot → index into `entries`, −1 where empty.
    private var slots: [Int32] = []
    private var entries: [(start: Int, length: Int32, id: Int32)] = []

    /// One more than the largest id.
    var endID: Int { places.count }
    /// How many different tokens there are.
    var count: Int { entries.count }

    /// An empty vocabulary with room for `capacity` tokens.
    init(capacity: Int = 0) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        slots = Array(repeating: -1, count: size)
        entries.reserveCapacity(capacity)
        places.reserveCapacity(capacity)
        bytes.reserveCapacity(8 * capacity)
    }

    /// Adds a token; one that is there already gets the new id. Throws when the id is no id.
    mutating func add(_ token: UnsafeBufferPointer<UInt8>, id: Int) throws(Problem) {
        guard id >= 0, id < Self.largestID else {
            throw Problem(
                "token id \(id) of \"\(UTF8Text.string(token))\" is not between 0 and \(Self.largestID - 1)",
                advice: "the file is damaged; get it again")
        }
        if 2 * (entries.count + 1) > slots.count { grow() }
        if places.count <= id {
            places.append(contentsOf: repeatElement((start: 0, length: -1), count: id + 1 - places.count))
        }
        let slot = slot(of: token)
        if slots[slot] >= 0 {
            let entry = Int(slots[slot])
            let old = Int(entries[entry].id)
            if places[old].start == entries[entry].start { places[old].length = -1 }
            entries[entry].id = Int32(id)
            places[id] = (entries[entry].start, entries[entry].length)
            return
        }
        let start = bytes.count
        bytes.append(contentsOf: token)
        slots[slot] = Int32(entries.count)
        entries.append((start, Int32(token.count), Int32(id)))
        places[id] = (start, Int32(token.count))
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
    func id(_ token: UnsafeBufferPointer<UInt8>) -> Int32? {
        let entry = slots[slot(of: token)]
        return entry >= 0 ? entries[Int(entry)].id : nil
    }

    /// The id of a token given as text, or nil.
    func id(_ token: String) -> Int32? {
        var token = token
        return token.withUTF8 { id($0) }
    }

    /// The bytes of an id's token, or nil when the id has none.
    func token(_ id: Int32) -> ArraySlice<UInt8>? {
        guard id >= 0, id < places.count, places[Int(id)].length >= 0 else { return nil }
        let place = places[Int(id)]
        return bytes[place.start..<place.start + Int(place.length)]
    }

    /// Calls `body` with every token's bytes and id, in the order they were added.
    func forEach(_ body: (UnsafeBufferPointer<UInt8>, Int32) -> Void) {
        bytes.withUnsafeBufferPointer { all in
            for entry in entries {
                body(UnsafeBufferPointer(rebasing: all[entry.start..<entry.start + Int(entry.length)]), entry.id)
            }
        }
    }

    // The slot that holds the token, or the empty one where it belongs.
    private func slot(of token: UnsafeBufferPointer<UInt8>) -> Int {
        let mask = slots.count - 1
        guard !token.isEmpty, let start = token.baseAddress else { return slot(hash: 0, mask) { $0.length == 0 } }
        return bytes.withUnsafeBufferPointer { all in
            slot(hash: ByteHash.of(start, token.count), mask) { entry in
                Int(entry.length) == token.count
                    && UnsafeBufferPointer(rebasing: all[entry.start..<entry.start + token.count]).elementsEqual(token)
            }
        }
    }

    @inline(__always)
    private func slot(hash: UInt64, _ mask: Int, _ matches: ((start: Int, length: Int32, id: Int32)) -> Bool) -> Int {
        var at = Int(truncatingIfNeeded: hash) & mask
        while slots[at] >= 0, !matches(entries[Int(slots[at])]) { at = (at + 1) & mask }
        return at
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: 2 * slots.count)
        let mask = slots.count - 1
        bytes.withUnsafeBufferPointer { all in
            for (index, entry) in entries.enumerated() {
                let token = UnsafeBufferPointer(rebasing: all[entry.start..<entry.start + Int(entry.length)])
                let hash = token.isEmpty ? 0 : token.baseAddress.map { ByteHash.of($0, token.count) } ?? 0
                var at = Int(truncatingIfNeeded: hash) & mask
                while slots[at] >= 0 { at = (at + 1) & mask }
                slots[at] = Int32(index)
            }
        }
    }
}
