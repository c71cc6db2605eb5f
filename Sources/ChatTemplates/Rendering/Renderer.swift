import Foundation

/// The variables of one function while it runs.
final class Activation {
    var slots: [Value]
    let parent: Activation?

    init(slotCount: Int, parent: Activation?) {
        slots = Array(repeating: .missing, count: slotCount)
        self.parent = parent
    }
}

/// How a statement ended: whether its loop goes on.
enum Flow { case normal, breakLoop, continueLoop }

/// One rendering: variables, output, and how much may still be done.
final class Renderer {
    let limits: ChatTemplateLimits
    let now: Date
    let blocks: [String: NamedBlock]
    /// The variables given and set at the top, by name: what a name means that no scope defines.
    private(set) var context: [String: Value]
    var activation: Activation
    /// The text being written: the result, or inside a macro or capturing block its text.
    private(set) var output = ""
    /// How much of the result was written when the first capture began.
    private var capturedAt: Int?
    private(set) var generationSpans: [Range<Int>] = []
    private var generatedTexts: [String] = []
    private var stepsLeft: Int
    private var depth = 0
    // Namespaces and functions can refer to each other in circles, which are cut when the rendering is over.
    let namespaces = NamespaceRegistry()
    private var captured: [Activation] = []

    init(_ template: CompiledTemplate, variables: [String: Value], now: Date, limits: ChatTemplateLimits) {
        self.limits = limits
        self.now = now
        blocks = template.blocks
        context = variables
        stepsLeft = limits.steps
        activation = Activation(slotCount: template.slotCount, parent: nil)
    }

    /// Ends the rendering: cuts the circles of references that templates can make.
    func tearDown() {
        namespaces.clear()
        for activation in captured { activation.slots = [] }
        activation.slots = []
        context = [:]
    }

    // MARK: Bounds

    /// Counts work that grows with the data.
    func charge(_ steps: Int) throws {
        stepsLeft -= steps
        if stepsLeft < 0 { throw Failure(.limit, "the template takes more than \(limits.steps) steps") }
    }

    /// Counts the reading or writing of text.
    func charge(bytes: Int) throws { try charge(bytes >> 4) }

    /// Counts a text about to be made, and refuses one that is too long.
    func checkSize(_ bytes: Int) throws {
        if bytes > limits.textBytes { throw tooLarge("a text") }
        try charge(bytes: bytes)
    }

    /// Counts a list about to be made, and refuses one that is too long.
    func checked(_ items: [Value]) throws -> [Value] {
        if items.count > limits.items { throw tooLarge("a list") }
        try charge(items.count)
        return items
    }

    /// Refuses values nested too deep or too large to go through.
    func checked(_ value: Value) throws -> Value {
        switch value {
        case .list, .tuple, .dict, .view, .iterator, .object, .undefined: break
        default: return value
        }
        if value.depth > limits.valueDepth {
            throw Failure(.limit, "values nested more than \(limits.valueDepth) deep")
        }
        if value.weight > limits.steps { throw tooLarge("a value") }
        return value
    }

    /// Fails if a value cannot be a key; counts the work of hashing it otherwise.
    func checkHashable(_ key: Value) throws {
        if let failure = key.unhashable { throw failure }
        try charge(key.weight)
    }

    /// The text that printing a value shows.
    func printed(_ value: Value) throws -> String {
        if let text = value.text { return text }
        try charge(value.weight)
        return value.printed
    }

    func tooLarge(_ what: String) -> Failure { Failure(.limit, "\(what) larger than allowed") }

    private func enter() throws {
        stepsLeft -= 1
        depth += 1
        if stepsLeft < 0 { throw Failure(.limit, "the template takes more than \(limits.steps) steps") }
        if depth > limits.depth { throw Failure(.limit, "maximum recursion depth exceeded") }
    }

    // MARK: Running

    func evaluate(_ expression: any Expression) throws -> Value {
        do {
            defer { depth -= 1 }
            try enter()
            return try expression.evaluate(self)
        } catch var failure as Failure where failure.offset == nil {
            failure.offset = expression.offset
            throw failure
        }
    }

    func run(_ body: [any Executable]) throws -> Flow {
        for statement in body {
            let flow = try run(statement)
            if flow != .normal { return flow }
        }
        return .normal
    }

    private func run(_ statement: any Executable) throws -> Flow {
        do {
            defer { depth -= 1 }
            try enter()
            return try statement.execute(self)
        } catch var failure as Failure where failure.offset == nil {
            failure.offset = statement.offset
            throw failure
        }
    }

    /// Runs `body` with the variables of another function.
    func with<T>(_ other: Activation, _ body: () throws -> T) throws -> T {
        let saved = activation
        activation = other
        // A call takes as much of the stack as several nested expressions.
        depth += Self.callDepth
        defer {
            activation = saved
            depth -= Self.callDepth
        }
        return try body()
    }

    private static let callDepth = 4

    // MARK: Output

    func write(_ text: String) throws {
        try charge(bytes: text.utf8.count)
        output += text
        if output.utf8.count > limits.textBytes { throw tooLarge("the text") }
    }

    /// Writes the result of a filter or call block, which Jinja does not convert to text.
    func writeText(_ value: Value) throws {
        guard let text = value.text else {
            throw Failure(.type, "sequence item 0: expected str instance, \(value.typeName) found")
        }
        try write(text)
    }

    /// The text that `body` writes.
    func capture(_ body: () throws -> Flow) throws -> (text: String, flow: Flow) {
        var outer = ""
        swap(&outer, &output)
        let isFirst = capturedAt == nil
        if isFirst { capturedAt = outer.utf8.count }
        defer {
            output = outer
            if isFirst { capturedAt = nil }
        }
        let flow = try body()
        return (output, flow)
    }

    /// Notes the text of a `generation` block about to be written. As in transformers, a block inside a capture counts
    /// from where the capture began.
    func noteGeneration(_ text: String) {
        let start = capturedAt ?? output.utf8.count
        generationSpans.append(start..<start + text.utf8.count)
        generatedTexts.append(text)
    }

    /// How many spans do not hold their block's text in the result, because a capture moved or changed it.
    func misplacedSpans(in result: String) -> Int {
        result.withBytes { bytes in
            zip(generationSpans, generatedTexts).count { span, text in
                span.upperBound > bytes.count || !text.withBytes { bytes[span].elementsEqual($0) }
            }
        }
    }

    // MARK: Variables

    func value(_ slot: Slot) -> Value {
        if slot.hops == 0 { return activation.slots[slot.index] }
        return outer(slot.hops).slots[slot.index]
    }

    func set(_ slot: Slot, _ value: Value) { outer(slot.hops).slots[slot.index] = value }

    private func outer(_ hops: Int) -> Activation {
        var current = activation
        for _ in 0..<hops {
            guard let parent = current.parent else { break }
            current = parent
        }
        return current
    }

    func setContext(_ name: String, _ value: Value) { context[name] = value }

    fileprivate func restoreContext(_ saved: [String: Value]) { context = saved }

    /// The template's variable or global function of a name.
    func resolve(_ name: String) -> Value { context[name] ?? Globals.value(name) ?? .missing }

    func enter(_ scope: ScopeEntry) {
        for item in scope.loads {
            switch item.load {
            case .missing: activation.slots[item.index] = .missing
            case .alias(let slot): activation.slots[item.index] = value(slot)
            case .resolve(let name): activation.slots[item.index] = resolve(name)
            }
        }
    }

    func leave(_ scope: ScopeEntry) { for index in scope.cleared { activation.slots[index] = .missing } }

    /// Notes that a function made now keeps the variables it was made among.
    func noteCapture() { if captured.last !== activation { captured.append(activation) } }
}

extension Renderer {
    /// Runs `body` with more variables known by name.
    func withContext<T>(adding variables: [(String, Value)], _ body: () throws -> T) rethrows -> T {
        let saved = context
        for (name, value) in variables {
            if case .missing = value { continue }
            setContext(name, value)
        }
        defer { restoreContext(saved) }
        return try body()
    }
}
