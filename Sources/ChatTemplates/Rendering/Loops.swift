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

/// A `for` loop.
final class ForStatement: Executable {
    let offset: Int
    let target: Assignee
    let iterable: any Expression
    /// The loop's `if`, with a target of its own: it runs ahead of the body.
    let test: LoopTest?
    let body: [any Executable]
    let scope: ScopeEntry
    let otherwise: [any Executable]
    let otherwiseScope: ScopeEntry
    /// Where `loop` lies, if the body uses it.
    let loopSlot: Slot?
    /// The number of variables of a recursive loop, which is a function.
    let slotCount: Int?

    struct LoopTest: Sendable {
        let target: Assignee
        let scope: ScopeEntry
        let condition: any Expression
    }

    init(
        target: Assignee, iterable: any Expression, test: LoopTest?, body: [any Executable], scope: ScopeEntry,
        otherwise: [any Executable], otherwiseScope: ScopeEntry, loopSlot: Slot?, slotCount: Int?, at offset: Int
    ) {
        (self.target, self.iterable, self.test, self.offset) = (target, iterable, test, offset)
        (self.body, self.scope) = (body, scope)
        (self.otherwise, self.otherwiseScope) = (otherwise, otherwiseScope)
        (self.loopSlot, self.slotCount) = (loopSlot, slotCount)
    }

    func execute(_ r: Renderer) throws -> Flow {
        let value = try r.evaluate(iterable)
        guard slotCount != nil else { return try loop(over: value, r, depth: 0, outer: nil) }
        try r.write(text(of: value, r, depth: 0, in: r.activation))
        return .normal
    }

    /// What the recursive loop writes for a value; `outer` holds the variables around the loop.
    func text(of value: Value, _ r: Renderer, depth: Int, in outer: Activation) throws -> String {
        let activation = Activation(slotCount: slotCount ?? 0, parent: outer)
        return try r.with(activation) { try r.capture { try loop(over: value, r, depth: depth, outer: outer) }.text }
    }

    private func loop(over value: Value, _ r: Renderer, depth: Int, outer: Activation?) throws -> Flow {
        var loop: LoopValue?
        var plain: ValueIterator?
        if loopSlot != nil || test != nil {
            loop = LoopValue(self, value, try r.iterate(value), r, depth: depth, outer: outer)
        } else {
            plain = try r.iterate(value)
        }
        defer {
            r.leave(scope)
            loop?.finish()
        }
        // Jinja takes a loop for empty until a pass reaches its end: `break` in the first one runs `else`.
        var isEmpty = true
        while true {
            let item: Value
            if let loop {
                guard let next = try loop.advance() else { break }
                item = next
                if let loopSlot { r.set(loopSlot, .object(loop)) }
            } else {
                guard let next = try plain?.next() else { break }
                item = next
            }
            try r.charge(1)
            try r.assign(target, item)
            r.enter(scope)
            let flow = try r.run(body)
            if flow == .breakLoop { break }
            if flow == .normal { isEmpty = false }
        }
        guard isEmpty, !otherwise.isEmpty else { return .normal }
        r.leave(scope)
        r.enter(otherwiseScope)
        defer { r.leave(otherwiseScope) }
        return try r.run(otherwise)
    }
}

/// The `loop` variable, which also does the iterating.
final class LoopValue: TemplateObject {
    private unowned let renderer: Renderer
    private let statement: ForStatement
    private var activation: Activation?
    private var outer: Activation?
    private let depth0: Int
    private let sourceDepth: Int
    private var iterator: ValueIterator
    private var knownLength: Int?
    private var index0 = -1
    private var current: Value?
    private var before: Value?
    /// The next item, when it was asked for ahead of its turn.
    private var after: Value??
    private var lastChanged: ListValue?

    init(
        _ statement: ForStatement, _ value: Value, _ iterator: ValueIterator, _ renderer: Renderer, depth: Int,
        outer: Activation?
    ) {
        (self.statement, self.iterator, self.renderer, self.outer) = (statement, iterator, renderer, outer)
        depth0 = depth
        sourceDepth = value.depth
        activation = renderer.activation
        knownLength = statement.test == nil ? renderer.length(value) : nil
    }

    override var typeName: String { "LoopContext" }
    override var qualifiedName: String { "jinja2.runtime.LoopContext object" }
    override var depth: Int { sourceDepth + 1 }
    override var isCallable: Bool { true }
    override var text: String { "<LoopContext \(index0 + 1)/\((try? length()) ?? 0)>" }
    var isTrue: Bool { (try? length()) != 0 }

    private func nextItem() throws -> Value? {
        // On a copy: producing an item can lead back to this loop.
        var iterator = iterator
        defer { self.iterator = iterator }
        return try iterator.next()
    }

    /// The next item for which the loop's `if` holds.
    private func pull() throws -> Value? {
        while let item = try nextItem() {
            guard let test = statement.test, !isFiltered else { return item }
            guard let activation else { return nil }
            let holds = try renderer.with(activation) {
                renderer.enter(test.scope)
                try renderer.assign(test.target, item)
                return try renderer.evaluate(test.condition).isTrue
            }
            if holds { return item }
        }
        return nil
    }

    /// Ends the loop: whoever still has the variable must not keep everything else through it.
    func finish() {
        iterator = .array([], 0)
        (current, before, after) = (nil, nil, nil)
        (activation, outer, lastChanged) = (nil, nil, nil)
        if knownLength == nil { knownLength = index0 + 1 }
    }

    /// Goes on to the next item.
    func advance() throws -> Value? {
        let next: Value?
        if let known = after {
            next = known
            after = nil
        } else {
            next = try pull()
        }
        guard let next else { return nil }
        index0 += 1
        before = current
        current = next
        return next
    }

    func nextPair() throws -> (Value, Value)? { try advance().map { ($0, .object(self)) } }

    private func peek() throws -> Value? {
        if let known = after { return known }
        let next = try pull()
        after = .some(next)
        return next
    }

    func length() throws -> Int {
        if let knownLength { return knownLength }
        var rest: [Value] = []
        while let item = try pull() {
            try renderer.charge(1)
            rest.append(item)
        }
        iterator = .array(rest, 0)
        isFiltered = true
        let ahead = if case .some(.some) = after { 1 } else { 0 }
        let length = rest.count + index0 + 1 + ahead
        knownLength = length
        return length
    }

    /// Whether the items left have passed the loop's `if` already.
    private var isFiltered = false

    override func attribute(_ name: String, _ r: Renderer) throws -> Value? {
        switch name {
        case "index0": .integer(index0)
        case "index": .integer(index0 + 1)
        case "first": .bool(index0 == 0)
        case "last": .bool(try peek() == nil)
        case "length": .integer(try length())
        case "revindex": .integer(try length() - index0)
        case "revindex0": .integer(try length() - index0 - 1)
        case "depth": .integer(depth0 + 1)
        case "depth0": .integer(depth0)
        case "previtem": index0 == 0 ? .undefined(Undefined(hint: "there is no previous item")) : before ?? .none
        case "nextitem": try peek() ?? .undefined(Undefined(hint: "there is no next item"))
        case "cycle", "changed": .object(LoopMethod(self, name))
        default: nil
        }
    }

    /// Renders the loop's body for the items of another value; only a recursive loop can.
    override func call(_ arguments: Arguments, _ r: Renderer) throws -> Value {
        guard let outer else {
            throw Failure(.type, "The loop must have the 'recursive' marker to be called recursively.")
        }
        let value = try arguments.bound(to: "__call__", ["iterable"], required: 1)[0] ?? .none
        return .string(try statement.text(of: value, r, depth: depth0 + 1, in: outer))
    }

    func callMethod(_ name: String, _ arguments: Arguments) throws -> Value {
        if name == "cycle" {
            if arguments.positional.isEmpty { throw Failure(.type, "no items for cycling given") }
            return arguments.positional[max(0, index0) % arguments.positional.count]
        }
        let values = ListValue(arguments.positional)
        let isSame = lastChanged.map { Value.tuple($0).equals(.tuple(values)) } ?? false
        lastChanged = values
        return .bool(!isSame)
    }
}

/// `loop.cycle` or `loop.changed`.
final class LoopMethod: TemplateObject {
    private let loop: LoopValue
    private let name: String

    init(_ loop: LoopValue, _ name: String) { (self.loop, self.name) = (loop, name) }

    override var typeName: String { "method" }
    override var depth: Int { loop.depth + 1 }
    override var isCallable: Bool { true }
    override func call(_ arguments: Arguments, _ r: Renderer) throws -> Value { try loop.callMethod(name, arguments) }
}
