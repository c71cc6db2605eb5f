// Python's ==, <, in.

extension Value {
    /// Python's `==`.
    func equals(_ other: Value) -> Bool {
        switch (self, other) {
        case (.string(let a), .string(let b)), (.string(let a), .markup(let b)), (.markup(let a), .string(let b)),
            (.markup(let a), .markup(let b)):
            return sameText(a, b)
        case (.none, .none): return true
        case (.undefined, .undefined): return true
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            return a === b || (a.items.count == b.items.count && zip(a.items, b.items).allSatisfy { $0.equals($1) })
        case (.dict(let a), .dict(let b)): return a === b || a.equals(b)
        case (.view(let a), .view(let b)): return a.equals(b)
        case (.range(let a), .range(let b)):
            return a.count == b.count && (a.count == 0 || a.start == b.start) && (a.count <= 1 || a.step == b.step)
        case (.iterator(let a), .iterator(let b)): return a === b
        case (.object(let a), .object(let b)): return a === b
        default: break
        }
        if let a = wholeNumber, let b = other.wholeNumber { return a == b }
        guard let a = number, let b = other.number else { return false }
        return a == b && compareExactly(other) == 0
    }

    /// The value of a boolean or integer as an integer.
    var wholeNumber: Int? {
        switch self {
        case .bool(let bool): bool ? 1 : 0
        case .integer(let integer): integer
        default: nil
        }
    }

    /// The value of a boolean, integer or float as a float.
    var number: Double? {
        switch self {
        case .float(let float): float
        case .large(let integer): integer.float
        default: wholeNumber.map(Double.init)
        }
    }

    /// Compares two numbers without rounding the integers: −1, 0, 1, or nil when one is no number.
    fileprivate func compareExactly(_ other: Value) -> Int? {
        if case .large(let integer) = self { return integer.compare(other) }
        if case .large(let integer) = other { return integer.compare(self).map { -$0 } }
        switch (wholeNumber, other.wholeNumber) {
        case (let a?, let b?): return a < b ? -1 : a == b ? 0 : 1
        case (let a?, nil): return other.number.flatMap { Self.compare(a, $0) }
        case (nil, let b?): return number.flatMap { Self.compare(b, $0) }.map { -$0 }
        default:
            guard let a = number, let b = other.number, !a.isNaN, !b.isNaN else { return nil }
            return a < b ? -1 : a == b ? 0 : 1
        }
    }

    private static func compare(_ a: Int, _ b: Double) -> Int? {
        if b.isNaN { return nil }
        if b >= 0x1p63 { return -1 }
        if b < -0x1p63 { return 1 }
        let whole = Int(b.rounded(.towardZero))
        if a != whole { return a < whole ? -1 : 1 }
        let rest = b - b.rounded(.towardZero)
        return rest > 0 ? -1 : rest < 0 ? 1 : 0
    }

    /// Python's `<`, `<=`, `>`, `>=`; fails for types without an order.
    func isOrdered(_ comparison: Expr.Comparison, _ other: Value) throws -> Bool {
        if let a = text, let b = other.text {
            switch comparison {
            case .less: return textPrecedes(a, b)
            case .lessEqual: return !textPrecedes(b, a)
            case .greater: return textPrecedes(b, a)
            default: return !textPrecedes(a, b)
            }
        }
        if number != nil, other.number != nil {
            guard let order = compareExactly(other) else { return false }
            switch comparison {
            case .less: return order < 0
            case .lessEqual: return order <= 0
            case .greater: return order > 0
            default: return order >= 0
            }
        }
        switch (self, other) {
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            for (x, y) in zip(a.items, b.items) where !x.equals(y) { return try x.isOrdered(comparison, y) }
            return try Value.integer(a.items.count).isOrdered(comparison, .integer(b.items.count))
        case (.undefined(let undefined), _), (_, .undefined(let undefined)): throw undefined.failure
        default:
            throw Failure(
                .type,
                "'\(comparison.rawValue)' not supported between instances of '\(typeName)' and '\(other.typeName)'")
        }
    }

    /// Whether two values are one object. Values without identity here are taken for one when they are equal.
    func isSame(as other: Value) -> Bool {
        switch (self, other) {
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): a === b
        case (.dict(let a), .dict(let b)): a === b
        case (.undefined(let a), .undefined(let b)): a === b
        case (.bool(let a), .bool(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.float(let a), .float(let b)): a == b
        case (.bool, _), (_, .bool), (.integer, _), (_, .integer), (.float, _), (_, .float): false
        default: equals(other)
        }
    }
}

extension DictValue {
    func equals(_ other: DictValue) -> Bool {
        count == other.count && entries.allSatisfy { entry in other.value(entry.key)?.equals(entry.value) == true }
    }
}

extension DictView {
    func equals(_ other: DictView) -> Bool {
        switch (kind, other.kind) {
        case (.values, _), (_, .values): self === other
        case (.keys, .keys):
            dict.count == other.dict.count && dict.entries.allSatisfy { other.dict.value($0.key) != nil }
        case (.items, .items): dict.equals(other.dict)
        default: dict.count == 0 && other.dict.count == 0
        }
    }
}

extension Renderer {
    /// Python's `needle in container`.
    func contains(_ container: Value, _ needle: Value) throws -> Bool {
        switch container {
        case .string(let text), .markup(let text):
            guard let part = needle.text else {
                throw Failure(.type, "'in <string>' requires string as left operand, not \(needle.typeName)")
            }
            try charge(bytes: text.utf8.count)
            return text.holds(part)
        case .dict(let dict):
            try checkHashable(needle)
            return dict.value(needle) != nil
        case .list(let list), .tuple(let list):
            try charge(list.weight)
            return list.items.contains { $0.equals(needle) }
        case .undefined: return false
        case .view(let view) where view.kind == .keys:
            try checkHashable(needle)
            return view.dict.value(needle) != nil
        case .none, .bool, .integer, .large, .float, .missing:
            throw Failure(.type, "argument of type '\(container.typeName)' is not iterable")
        default:
            var items = try iterate(container)
            while let item = try items.next() { if item.equals(needle) { return true } }
            return false
        }
    }
}
