/// A dictionary in insertion order; the sandbox lets no template change it.
final class DictValue {
    /// What a dictionary maps from and to.
    typealias Entry = (key: Value, value: Value)

    let entries: [Entry]
    let depth: Int
    /// What it takes to go through everything within, see ``Value/weight``.
    let weight: Int
    /// Where a key stands, kept beyond eight entries only: fewer are searched faster in place.
    private let index: [DictKey: Int]

    /// A dictionary of entries whose keys are hashable; of a repeated key the last value counts, in the first place.
    init(_ given: [Entry]) {
        if given.count <= 8 {
            var unique: [Entry] = []
            unique.reserveCapacity(given.count)
            for entry in given {
                if let at = unique.firstIndex(where: { $0.key.equals(entry.key) }) {
                    unique[at].value = entry.value
                } else {
                    unique.append(entry)
                }
            }
            entries = unique
            index = [:]
        } else {
            var unique: [Entry] = []
            var places: [DictKey: Int] = [:]
            places.reserveCapacity(given.count)
            for entry in given {
                let key = DictKey(value: entry.key)
                if let at = places[key] {
                    unique[at].value = entry.value
                } else {
                    places[key] = unique.count
                    unique.append(entry)
                }
            }
            entries = unique
            index = places
        }
        var (depth, weight) = (0, 1)
        for entry in entries {
            depth = max(depth, entry.key.depth, entry.value.depth)
            weight = weight.addedClamped(entry.key.weight).addedClamped(entry.value.weight)
        }
        self.depth = depth + 1
        self.weight = weight
    }

    var count: Int { entries.count }

    /// The value of a key.
    func value(_ key: Value) -> Value? {
        if case .string(let name) = key { return value(name) }
        if !index.isEmpty { return index[DictKey(value: key)].map { entries[$0].value } }
        return entries.first { $0.key.equals(key) }?.value
    }

    /// The value of a key that is a string.
    func value(_ name: String) -> Value? {
        if !index.isEmpty { return index[DictKey(value: .string(name))].map { entries[$0].value } }
        for entry in entries {
            if let key = entry.key.text, sameText(key, name) { return entry.value }
        }
        return nil
    }
}

/// A dictionary's keys, values or items as Python's methods of these names give them.
final class DictView {
    enum Kind: String { case keys = "dict_keys", values = "dict_values", items = "dict_items" }
    let dict: DictValue
    let kind: Kind

    init(_ dict: DictValue, _ kind: Kind) { (self.dict, self.kind) = (dict, kind) }

    func item(_ index: Int) -> Value {
        let entry = dict.entries[index]
        switch kind {
        case .keys: return entry.key
        case .values: return entry.value
        case .items: return .tuple([entry.key, entry.value])
        }
    }

    var items: [Value] { (0..<dict.count).map(item) }
}

/// A value as a key: equal numbers are one key whatever their type, as in Python.
struct DictKey: Hashable {
    let value: Value

    static func == (a: DictKey, b: DictKey) -> Bool {
        // Python finds a NaN, which equals nothing, again by its identity; here every NaN is the same one.
        if case .float(let x) = a.value, case .float(let y) = b.value, x.isNaN, y.isNaN { return true }
        return a.value.equals(b.value)
    }

    func hash(into hasher: inout Hasher) { value.feed(&hasher) }
}

extension Value {
    /// The failure of using a list or dictionary as a key, if the value is or holds one.
    var unhashable: Failure? {
        switch self {
        case .list, .dict: Failure(.type, "unhashable type: '\(typeName)'")
        case .tuple(let list): list.items.lazy.compactMap(\.unhashable).first
        case .view(let view) where view.kind != .values: Failure(.type, "unhashable type: '\(typeName)'")
        default: nil
        }
    }

    fileprivate func feed(_ hasher: inout Hasher) {
        switch self {
        case .bool(let bool): hasher.combine(bool ? 1 : 0)
        case .integer(let integer): hasher.combine(integer)
        case .large(let integer): hasher.combine(integer.float)
        case .float(let float):
            if let integer = Int(exactly: float) { hasher.combine(integer) } else { hasher.combine(float) }
        case .string(let text), .markup(let text): text.withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        case .tuple(let list): for item in list.items { item.feed(&hasher) }
        case .object(let object): hasher.combine(ObjectIdentifier(object))
        case .iterator(let iterator): hasher.combine(ObjectIdentifier(iterator))
        case .range(let range): hasher.combine(range.count)
        default: hasher.combine(0)
        }
    }
}
