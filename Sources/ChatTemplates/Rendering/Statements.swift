/// A statement with its names resolved, ready to be run.
protocol Executable: AnyObject, Sendable {
    var offset: Int { get }
    /// Called through ``Renderer/run(_:)`` only, which counts steps and depth.
    func execute(_ r: Renderer) throws -> Flow
}

final class OutputStatement: Executable {
    enum Part: Sendable {
        case text(String)
        case expression(any Expression)
    }

    let offset: Int
    let parts: [Part]

    init(_ parts: [Part], at offset: Int) { (self.parts, self.offset) = (parts, offset) }

    func execute(_ r: Renderer) throws -> Flow {
        for part in parts {
            switch part {
            case .text(let text): try r.write(text)
            case .expression(let expression): try r.write(r.printed(r.evaluate(expression)))
            }
        }
        return .normal
    }
}

/// Where an assignment goes, with its names resolved.
indirect enum Assignee: Sendable {
    /// A variable; `context` names it when it is one of the template's own.
    case variable(Slot, context: String?)
    case attribute(Slot?, String, of: String)
    case tuple([Assignee])
}

extension Renderer {
    func assign(_ assignee: Assignee, _ value: Value) throws {
        switch assignee {
        case .variable(let slot, let name):
            set(slot, value)
            if let name { setContext(name, value) }
        case .attribute(let slot, let attribute, let name):
            try namespace(slot, name).set(attribute, value)
        case .tuple(let targets):
            let items = try unpacked(value, targets.count)
            for (target, item) in zip(targets, items) { try assign(target, item) }
        }
    }

    /// Fails unless all the attributes written belong to namespaces; asked before the value is evaluated.
    func checkNamespaces(_ assignee: Assignee) throws {
        switch assignee {
        case .variable: break
        case .attribute(let slot, _, let name): _ = try namespace(slot, name)
        case .tuple(let targets): for target in targets { try checkNamespaces(target) }
        }
    }

    private func namespace(_ slot: Slot?, _ name: String) throws -> Namespace {
        guard case .object(let object) = slot.map(value) ?? resolve(name), let namespace = object as? Namespace else {
            throw Failure(.templateRuntime, "cannot assign attribute on non-namespace object")
        }
        return namespace
    }

    private func unpacked(_ value: Value, _ count: Int) throws -> [Value] {
        switch value {
        case .list(let list), .tuple(let list):
            if list.items.count == count { return list.items }
        default: break
        }
        var iterator: ValueIterator
        do {
            iterator = try iterate(value)
        } catch let failure as Failure where failure.error == .type {
            throw Failure(.type, "cannot unpack non-iterable \(value.typeName) object")
        }
        var items: [Value] = []
        while items.count < count, let item = try iterator.next() { items.append(item) }
        if items.count < count {
            throw Failure(.value, "not enough values to unpack (expected \(count), got \(items.count))")
        }
        if try iterator.next() != nil { throw Failure(.value, "too many values to unpack (expected \(count))") }
        return items
    }
}

final class SetStatement: Executable {
    let offset: Int
    let target: Assignee
    let value: any Expression

    init(_ target: Assignee, _ value: any Expression, at offset: Int) {
        (self.target, self.value, self.offset) = (target, value, offset)
    }

    func execute(_ r: Renderer) throws -> Flow {
        try r.checkNamespaces(target)
        try r.assign(target, r.evaluate(value))
        return .normal
    }
}

final class SetBlockStatement: Executable {
    let offset: Int
    let target: Assignee
    let filter: FilterExpression?
    let scope: ScopeEntry
    let body: [any Executable]

    init(_ target: Assignee, _ filter: FilterExpression?, _ scope: ScopeEntry, _ body: [any Executable], at offset: Int)
    {
        (self.target, self.filter, self.scope, self.body, self.offset) = (target, filter, scope, body, offset)
    }

    func execute(_ r: Renderer) throws -> Flow {
        r.enter(scope)
        defer { r.leave(scope) }
        let (text, flow) = try r.capture { try r.run(body) }
        if flow != .normal { return flow }
        try r.assign(target, filter?.evaluate(r, text: .string(text)) ?? .string(text))
        return .normal
    }
}

final class FilterBlockStatement: Executable {
    let offset: Int
    let filter: FilterExpression
    let scope: ScopeEntry
    let body: [any Executable]

    init(_ filter: FilterExpression, _ scope: ScopeEntry, _ body: [any Executable], at offset: Int) {
        (self.filter, self.scope, self.body, self.offset) = (filter, scope, body, offset)
    }

    func execute(_ r: Renderer) throws -> Flow {
        r.enter(scope)
        defer { r.leave(scope) }
        let (text, flow) = try r.capture { try r.run(body) }
        if flow != .normal { return flow }
        try r.writeText(filter.evaluate(r, text: .string(text)))
        return .normal
    }
}

final class IfStatement: Executable {
    struct Branch: Sendable {
        let test: any Expression
        let body: [any Executable]
    }

    let offset: Int
    let branches: [Branch]
    let otherwise: [any Executable]

    init(_ branches: [Branch], _ otherwise: [any Executable], at offset: Int) {
        (self.branches, self.otherwise, self.offset) = (branches, otherwise, offset)
    }

    func execute(_ r: Renderer) throws -> Flow {
        for branch in branches where try r.evaluate(branch.test).isTrue { return try r.run(branch.body) }
        return try r.run(otherwise)
    }
}

final class WithStatement: Executable {
    struct Binding: Sendable {
        let target: Assignee
        let value: any Expression
    }

    let offset: Int
    let bindings: [Binding]
    let scope: ScopeEntry
    let body: [any Executable]

    init(_ bindings: [Binding], _ scope: ScopeEntry, _ body: [any Executable], at offset: Int) {
        (self.bindings, self.scope, self.body, self.offset) = (bindings, scope, body, offset)
    }

    func execute(_ r: Renderer) throws -> Flow {
        r.enter(scope)
        defer { r.leave(scope) }
        for binding in bindings { try r.assign(binding.target, r.evaluate(binding.value)) }
        return try r.run(body)
    }
}

/// `break` or `continue`.
final class JumpStatement: Executable {
    let offset: Int
    let flow: Flow

    init(_ flow: Flow, at offset: Int) { (self.flow, self.offset) = (flow, offset) }

    func execute(_ r: Renderer) -> Flow { flow }
}

/// `include`, `import` and `extends`, which find nothing to load in a chat template's environment.
final class LoadStatement: Executable {
    let offset: Int
    let template: any Expression

    init(_ template: any Expression, at offset: Int) { (self.template, self.offset) = (template, offset) }

    func execute(_ r: Renderer) throws -> Flow {
        _ = try r.evaluate(template)
        throw Failure(.type, "no loader for this environment specified")
    }
}
