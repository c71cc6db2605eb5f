// Attributes, subscripts and slices with Jinja's rules: `a.b` asks the object first, `a['b']` the container first.

/// The elements a Python slice picks: `count` of them, from `start` on, every `step`th.
struct SliceIndices {
    let start: Int
    let stop: Int
    let step: Int
    let count: Int

    /// The elements of a sequence of `length` that `start:stop:step` picks.
    init(start: Int?, stop: Int?, step: Int?, length: Int) throws {
        let step = step ?? 1
        if step == 0 { throw Failure(.value, "slice step cannot be zero") }
        func clamp(_ index: Int, _ low: Int, _ high: Int) -> Int {
            let index = index < 0 ? index.addingReportingOverflow(length).partialValue : index
            return min(max(index, low), high)
        }
        let (low, high) = step > 0 ? (0, length) : (-1, length - 1)
        let first = start.map { clamp($0, low, high) } ?? (step > 0 ? 0 : length - 1)
        let last = stop.map { clamp($0, low, high) } ?? (step > 0 ? length : -1)
        let distance = step > 0 ? last - first : first - last
        self.start = first
        self.stop = last
        self.step = step
        count = distance <= 0 ? 0 : Int((UInt(distance) - 1) / step.magnitude) + 1
    }
}

extension Renderer {
    /// Jinja's `base.name`.
    func attribute(_ base: Value, _ name: String) throws -> Value {
        switch base {
        case .undefined(let undefined):
            if Methods.isOnEveryObject(name) { return unsafe(base, name) }
            throw undefined.failure
        case .dict(let dict):
            if let method = method(of: base, name) { return method }
            return dict.value(name) ?? .undefined(Undefined(of: base, name: .string(name)))
        default:
            if let value = try ownAttribute(base, name) { return value }
            return .undefined(Undefined(of: base, name: .string(name)))
        }
    }

    /// Jinja's `base[key]`.
    func item(_ base: Value, _ key: Value) throws -> Value {
        switch base {
        case .undefined(let undefined): throw undefined.failure
        case .dict(let dict):
            try charge(key.weight)
            if key.unhashable == nil, let value = dict.value(key) { return value }
        case .list(let list), .tuple(let list):
            if let index = key.wholeNumber {
                let at = index < 0 ? index + list.items.count : index
                if list.items.indices.contains(at) { return list.items[at] }
            }
        case .string(let text): if let piece = try character(text, key) { return .string(piece) }
        case .markup(let text): if let piece = try character(text, key) { return .markup(piece) }
        case .range(let range):
            if let index = key.wholeNumber {
                let at = index < 0 ? index + range.count : index
                if at >= 0, at < range.count { return .integer(range[at]) }
            }
        default: break
        }
        if let name = key.text {
            if case .dict = base {
                if let method = method(of: base, name) { return method }
            } else if let value = try ownAttribute(base, name) {
                return value
            }
        }
        return .undefined(Undefined(of: base, name: key))
    }

    private func character(_ text: String, _ key: Value) throws -> String? {
        guard let index = key.wholeNumber else { return nil }
        try charge(bytes: text.utf8.count)
        let count = text.scalarCount
        let at = index < 0 ? index + count : index
        return at >= 0 && at < count ? text.scalar(at: at) : nil
    }

    /// What Python's own `getattr` would find on a value: its fields and methods.
    private func ownAttribute(_ base: Value, _ name: String) throws -> Value? {
        if case .object(let object) = base {
            if let value = try object.attribute(name, self) { return value }
        }
        if case .tuple(let list) = base, let at = list.fields.firstIndex(of: name) { return list.items[at] }
        return method(of: base, name)
    }

    /// A method of the value's type, bound to the value; an unsafe one as something that fails when it is used.
    private func method(of base: Value, _ name: String) -> Value? {
        if let field = numberField(base, name) { return field }
        guard let methods = Methods.of(base) else {
            return Methods.isOnEveryObject(name) ? unsafe(base, name) : nil
        }
        if methods.safe.contains(name) { return .object(BoundMethod(base, name)) }
        if methods.unsafe.contains(name) || Methods.isOnEveryObject(name) { return unsafe(base, name) }
        return nil
    }

    private func numberField(_ base: Value, _ name: String) -> Value? {
        switch (base, name) {
        case (.integer, "real"), (.integer, "numerator"), (.float, "real"): base
        case (.bool, "real"), (.bool, "numerator"): base.wholeNumber.map(Value.integer)
        case (.integer, "imag"), (.bool, "imag"): .integer(0)
        case (.integer, "denominator"), (.bool, "denominator"): .integer(1)
        case (.float, "imag"): .float(0)
        default: nil
        }
    }

    private func unsafe(_ base: Value, _ name: String) -> Value {
        let message = "access to attribute \(pythonRepr(name)) of '\(base.typeName)' object is unsafe."
        return .undefined(Undefined(hint: message, error: .security))
    }

    /// Python's `base[start:stop:step]`.
    func slice(_ base: Value, _ start: Value, _ stop: Value, _ step: Value) throws -> Value {
        func bound(_ value: Value) throws -> Int? {
            if case .none = value { return nil }
            if let index = value.wholeNumber { return index }
            throw Failure(.type, "slice indices must be integers or None or have an __index__ method")
        }
        func indices(_ length: Int) throws -> SliceIndices {
            try SliceIndices(start: bound(start), stop: bound(stop), step: bound(step), length: length)
        }
        func picked(_ items: [Value]) throws -> [Value] {
            let picked = try indices(items.count)
            try charge(picked.count)
            if picked.step == 1 { return Array(items[picked.start..<picked.start + picked.count]) }
            return (0..<picked.count).map { items[picked.start + $0 * picked.step] }
        }
        switch base {
        case .undefined(let undefined): throw undefined.failure
        case .string(let text):
            try charge(bytes: text.utf8.count)
            return .string(text.scalarSlice(try indices(text.scalarCount)))
        case .markup(let text):
            try charge(bytes: text.utf8.count)
            return .markup(text.scalarSlice(try indices(text.scalarCount)))
        case .list(let list): return .list(try picked(list.items))
        case .tuple(let list): return .tuple(try picked(list.items))
        case .range(let range):
            let picked = try indices(range.count)
            // Wrapping: a step too large to represent is never taken, because such a slice has one element.
            let first = range.start &+ picked.start &* range.step
            let step = range.step &* picked.step
            let stop = range.start &+ picked.stop &* range.step
            return .range(RangeValue(start: first, stop: stop, step: step, count: picked.count))
        case .dict: throw Failure(.type, "unhashable type: 'slice'")
        default: throw Failure(.type, "'\(base.typeName)' object is not subscriptable")
        }
    }
}
