/// The values of anything that can be iterated, one at a time.
enum ValueIterator {
    case array([Value], Int)
    case view(DictView, Int)
    case range(RangeValue, Int)
    case scalars(String.UnicodeScalarView.Iterator)
    case lazy(IteratorValue)
    case loop(LoopValue)

    mutating func next() throws -> Value? {
        switch self {
        case .array(let items, let at):
            guard at < items.count else { return nil }
            self = .array(items, at + 1)
            return items[at]
        case .view(let view, let at):
            guard at < view.dict.count else { return nil }
            self = .view(view, at + 1)
            return view.item(at)
        case .range(let range, let at):
            guard at < range.count else { return nil }
            self = .range(range, at + 1)
            return .integer(range[at])
        case .scalars(var iterator):
            guard let scalar = iterator.next() else { return nil }
            self = .scalars(iterator)
            return .string(String(scalar))
        case .lazy(let iterator): return try iterator.next()
        case .loop(let loop): return try loop.nextPair().map { .tuple([$0.0, $0.1]) }
        }
    }
}

extension Renderer {
    /// Python's `iter(value)`.
    func iterate(_ value: Value) throws -> ValueIterator {
        switch value {
        case .undefined: return .array([], 0)
        case .list(let list), .tuple(let list): return .array(list.items, 0)
        case .dict(let dict): return .view(DictView(dict, .keys), 0)
        case .view(let view): return .view(view, 0)
        case .range(let range): return .range(range, 0)
        case .string(let text), .markup(let text): return .scalars(text.unicodeScalars.makeIterator())
        case .iterator(let iterator): return .lazy(iterator)
        case .object(let loop as LoopValue): return .loop(loop)
        default: throw Failure(.type, "'\(value.typeName)' object is not iterable")
        }
    }

    /// Python's `list(value)`.
    func items(_ value: Value) throws -> [Value] {
        switch value {
        case .list(let list), .tuple(let list):
            try charge(list.items.count)
            return list.items
        default: break
        }
        var iterator = try iterate(value)
        var items: [Value] = []
        while let item = try iterator.next() {
            try charge(1)
            items.append(item)
            if items.count > limits.items { throw tooLarge("a list") }
        }
        return items
    }

    /// Python's `len(value)`; nil for what has none.
    func length(_ value: Value) -> Int? {
        switch value {
        case .undefined: 0
        case .string(let text), .markup(let text): text.scalarCount
        case .list(let list), .tuple(let list): list.items.count
        case .dict(let dict): dict.count
        case .view(let view): view.dict.count
        case .range(let range): range.count
        default: nil
        }
    }
}
