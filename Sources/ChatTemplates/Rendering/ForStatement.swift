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
