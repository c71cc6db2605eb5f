extension Filters {
    /// Filters that work on sequences and mappings.
    static let sequences: [String: Function] = [
        "length": length, "count": length, "first": first, "last": last, "list": list, "join": join,
        "items": items, "dictsort": dictSort, "sort": sort, "unique": unique, "reverse": reverse,
        "min": { r, value, a in try extreme(r, value, a, .less) },
        "max": { r, value, a in try extreme(r, value, a, .greater) },
        "sum": sum, "batch": batch, "slice": slices, "groupby": groupBy, "map": map,
        "select": { r, value, a in select(r, value, a, byAttribute: false, keeping: true) },
        "reject": { r, value, a in select(r, value, a, byAttribute: false, keeping: false) },
        "selectattr": { r, value, a in select(r, value, a, byAttribute: true, keeping: true) },
        "rejectattr": { r, value, a in select(r, value, a, byAttribute: true, keeping: false) },
        "random": { _, _, _ in throw Failure(.unsupported, "the filter 'random' is not supported") },
    ]

    @Sendable private static func length(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        try a.none(for: "len")
        if let length = r.length(value) { return .integer(length) }
        if case .object(let loop as LoopValue) = value { return .integer(try loop.length()) }
        throw Failure(.type, "object of type '\(value.typeName)' has no len()")
    }

    @Sendable private static func first(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        try a.none(for: "do_first")
        var iterator = try r.iterate(value)
        return try iterator.next() ?? .undefined(Undefined(hint: "No first item, sequence was empty."))
    }

    @Sendable private static func last(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        try a.none(for: "do_last")
        guard let items = try reversible(r, value) else {
            throw Failure(.type, "'\(value.typeName)' object is not reversible")
        }
        return items.last ?? .undefined(Undefined(hint: "No last item, sequence was empty."))
    }

    /// The items of what Python's `reversed` takes.
    private static func reversible(_ r: Renderer, _ value: Value) throws -> [Value]? {
        switch value {
        case .undefined, .string, .markup, .list, .tuple, .dict, .view, .range: try r.items(value)
        default: nil
        }
    }

    @Sendable private static func list(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        try a.none(for: "do_list")
        return .list(try r.items(value))
    }

    @Sendable private static func reverse(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        try a.none(for: "do_reverse")
        if let text = value.text { return .string(String(String.UnicodeScalarView(text.unicodeScalars.reversed()))) }
        if let items = try reversible(r, value) { return lazily(items.reversed(), "list_reverseiterator", over: value) }
        guard case .iterator = value else { throw Failure(.filterArgument, "argument must be iterable") }
        return .list(try r.items(value).reversed())
    }

    private static func lazily(_ items: [Value], _ typeName: String, over value: Value) -> Value {
        var at = 0
        return .iterator(
            IteratorValue(typeName, over: value) { _ in
                guard at < items.count else { return nil }
                defer { at += 1 }
                return items[at]
            })
    }

    @Sendable private static func join(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_join", ["d", "attribute"])
        let separator = bound[0]?.printed ?? ""
        let path = try AttributePath(bound[1])
        var out = ""
        var iterator = try r.iterate(value)
        var isFirst = true
        while let item = try iterator.next() {
            let before = out.utf8.count
            if !isFirst { out += separator }
            isFirst = false
            out += try path.value(of: item, r).printed
            try r.charge(1)
            try r.charge(bytes: out.utf8.count - before)
            if out.utf8.count > r.limits.textBytes { throw r.tooLarge("a text") }
        }
        return .string(out)
    }

    @Sendable private static func items(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        try a.none(for: "do_items")
        var rest: ValueIterator?
        return .iterator(
            IteratorValue(over: value) { _ in
                if rest == nil {
                    switch value {
                    case .undefined: return nil
                    case .dict(let dict): rest = .view(DictView(dict, .items), 0)
                    default: throw Failure(.type, "Can only get item pairs from a mapping.")
                    }
                }
                return try rest?.next()
            })
    }

    @Sendable private static func dictSort(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_dictsort", ["case_sensitive", "by", "reverse"])
        let by = bound[1]?.text ?? "key"
        guard by == "key" || by == "value" else {
            throw Failure(.filterArgument, "You can only sort by either \"key\" or \"value\"")
        }
        guard case .dict(let dict) = value else { throw noAttribute(value, "items") }
        let sensitive = bound[0]?.isTrue ?? false
        let sorted = try r.sorted(dict.entries, reverse: bound[2]?.isTrue ?? false) { entry in
            let key = by == "key" ? entry.key : entry.value
            return sensitive ? key : key.ignoringCase
        }
        return .list(sorted.map { .tuple([$0.key, $0.value]) })
    }

    @Sendable private static func sort(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_sort", ["reverse", "case_sensitive", "attribute"])
        let sensitive = bound[1]?.isTrue ?? false
        let paths =
            try bound[2]?.text.map { try $0.pieces(separatedBy: ",", limit: -1).map { try AttributePath(.string($0)) } }
            ?? [AttributePath(bound[2])]
        let items = try r.items(value)
        return .list(
            try r.sorted(items, reverse: bound[0]?.isTrue ?? false) { item in
                .list(
                    try paths.map { path in
                        let key = try path.value(of: item, r)
                        return sensitive ? key : key.ignoringCase
                    })
            })
    }

    @Sendable private static func unique(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_unique", ["case_sensitive", "attribute"])
        let sensitive = bound[0]?.isTrue ?? false
        let path = try AttributePath(bound[1])
        var seen: Set<DictKey> = []
        var source: ValueIterator?
        return .iterator(
            IteratorValue(over: value) { this in
                if source == nil { source = try r.iterate(value) }
                while let item = try source?.next() {
                    try r.charge(1)
                    let found = try path.value(of: item, r)
                    let key = sensitive ? found : found.ignoringCase
                    try r.checkHashable(key)
                    this.keep(try r.checked(key))
                    if seen.insert(DictKey(value: key)).inserted { return item }
                }
                return nil
            })
    }

    private static func extreme(_ r: Renderer, _ value: Value, _ a: Arguments, _ better: Expr.Comparison) throws
        -> Value
    {
        let bound = try a.bound(to: "do_min", ["case_sensitive", "attribute"])
        let path = try AttributePath(bound[1])
        let sensitive = bound[0]?.isTrue ?? false
        var iterator = try r.iterate(value)
        guard var best = try iterator.next() else {
            return .undefined(Undefined(hint: "No aggregated item, sequence was empty."))
        }
        func key(_ item: Value) throws -> Value {
            let key = try path.value(of: item, r)
            return sensitive ? key : key.ignoringCase
        }
        var bestKey = try key(best)
        while let item = try iterator.next() {
            try r.charge(1)
            let itemKey = try key(item)
            if try itemKey.isOrdered(better, bestKey) { (best, bestKey) = (item, itemKey) }
        }
        return best
    }

    @Sendable private static func sum(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_sum", ["attribute", "start"])
        let path = try AttributePath(bound[0])
        var total = bound[1] ?? .integer(0)
        if total.text != nil { throw Failure(.type, "sum() can't sum strings [use ''.join(seq) instead]") }
        for item in try r.items(value) { total = try r.binary(.add, total, path.value(of: item, r)) }
        return total
    }

    @Sendable private static func batch(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_batch", ["linecount", "fill_with"], required: 1)
        let size = bound[0] ?? .none
        let fill = bound[1] ?? .none
        var source: ValueIterator?
        var row: [Value] = []
        return .iterator(
            IteratorValue(over: value) { this in
                if source == nil { source = try r.iterate(value) }
                while let item = try source?.next() {
                    try r.charge(1)
                    this.keep(try r.checked(item))
                    if Value.integer(row.count).equals(size) {
                        defer { row = [item] }
                        return .list(row)
                    }
                    row.append(item)
                }
                guard !row.isEmpty else { return nil }
                defer { row = [] }
                guard !fill.isNone, try Value.integer(row.count).isOrdered(.less, size) else { return .list(row) }
                let missing = try size.requiredInteger() - row.count
                if missing > r.limits.items { throw r.tooLarge("a list") }
                try r.charge(missing)
                return .list(row + Array(repeating: fill, count: missing))
            })
    }

    @Sendable private static func slices(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_slice", ["slices", "fill_with"], required: 1)
        let fill = bound[1] ?? .none
        var items: [Value]?
        var number = 0
        var offset = 0
        return .iterator(
            IteratorValue(over: value) { this in
                let count = try (bound[0] ?? .none).requiredInteger()
                if items == nil {
                    items = try r.items(value)
                    for item in items ?? [] { this.keep(try r.checked(item)) }
                }
                guard let items else { return nil }
                if count == 0 { throw Failure(.zeroDivision, "integer division or modulo by zero") }
                guard number < count else { return nil }
                try r.charge(1)
                let (size, extra) = (items.count / count, items.count % count)
                let start = offset + number * size
                if number < extra { offset += 1 }
                let end = offset + (number + 1) * size
                var part = Array(items[start..<end])
                if !fill.isNone, number >= extra { part.append(fill) }
                number += 1
                return .list(part)
            })
    }

    @Sendable private static func groupBy(_ r: Renderer, _ value: Value, _ a: Arguments) throws -> Value {
        let bound = try a.bound(to: "do_groupby", ["attribute", "default", "case_sensitive"], required: 1)
        let path = try AttributePath(bound[0], fallback: bound[1])
        let sensitive = bound[2]?.isTrue ?? false
        func key(_ item: Value) throws -> Value {
            let key = try path.value(of: item, r)
            return sensitive ? key : key.ignoringCase
        }
        var groups: [(key: Value, items: [Value])] = []
        for item in try r.sorted(r.items(value), key: key) {
            let itemKey = try key(item)
            if let last = groups.last, last.key.equals(itemKey) {
                groups[groups.count - 1].items.append(item)
            } else {
                groups.append((itemKey, [item]))
            }
        }
        return .list(
            try groups.map { group in
                let shown = sensitive ? group.key : try path.value(of: group.items[0], r)
                return .tuple(ListValue([shown, .list(group.items)], fields: ["grouper", "list"]))
            })
    }
}
