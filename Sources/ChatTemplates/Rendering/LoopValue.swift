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
        try renderer.charge(arguments.weight)
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
