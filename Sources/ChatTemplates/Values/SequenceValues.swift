/// The elements of a list or tuple; the sandbox lets no template change them.
final class ListValue {
    let items: [Value]
    /// Levels of nesting, itself included.
    let depth: Int
    /// What it takes to go through everything within, see ``Value/weight``.
    let weight: Int
    /// Names by which the elements can be read too, for named tuples.
    let fields: [String]

    init(_ items: [Value], fields: [String] = []) {
        self.items = items
        self.fields = fields
        var (depth, weight) = (0, 1)
        for item in items {
            depth = max(depth, item.depth)
            weight = weight.addedClamped(item.weight)
        }
        self.depth = depth + 1
        self.weight = weight
    }
}

/// The numbers of a `range`.
final class RangeValue {
    let start: Int
    let stop: Int
    let step: Int
    let count: Int

    init(start: Int, stop: Int, step: Int, count: Int) {
        (self.start, self.stop, self.step, self.count) = (start, stop, step, count)
    }

    /// The number at an index within the count, which fits whatever the product on the way does.
    subscript(index: Int) -> Int { start &+ index &* step }
}

/// Values produced one at a time and only once, as a Python generator does.
final class IteratorValue {
    let typeName: String
    /// Levels of nesting, itself and what it keeps of its source included.
    private(set) var depth: Int
    private var advance: ((IteratorValue) throws -> Value?)?
    private var isRunning = false

    /// An iterator whose step is given itself, to note what it keeps.
    init(
        _ typeName: String = "generator", over source: Value = .none,
        _ advance: @escaping (IteratorValue) throws -> Value?
    ) {
        self.typeName = typeName
        self.advance = advance
        depth = 1 + source.depth
    }

    /// Notes that the iterator keeps an item beyond the step that produced it.
    func keep(_ item: Value) { depth = max(depth, item.depth + 1) }

    func next() throws -> Value? {
        guard let step = advance else { return nil }
        if isRunning { throw Failure(.value, "generator already executing") }
        isRunning = true
        defer { isRunning = false }
        do {
            if let value = try step(self) { return value }
        } catch {
            advance = nil
            throw error
        }
        advance = nil
        return nil
    }
}
