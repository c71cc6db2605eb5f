/// A macro, or the body of a call block, with its names resolved.
final class MacroCode: Sendable {
    struct Parameter: Sendable {
        let name: String
        let slot: Slot
        let fallback: (any Expression)?
    }

    let name: String?
    let parameters: [Parameter]
    let slotCount: Int
    let scope: ScopeEntry
    let body: [any Executable]
    // Where the special names lie, if the body uses them.
    let caller: Slot?
    let kwargs: Slot?
    let varargs: Slot?

    init(
        name: String?, parameters: [Parameter], slotCount: Int, scope: ScopeEntry, body: [any Executable],
        caller: Slot?, kwargs: Slot?, varargs: Slot?
    ) {
        (self.name, self.parameters, self.slotCount) = (name, parameters, slotCount)
        (self.scope, self.body) = (scope, body)
        (self.caller, self.kwargs, self.varargs) = (caller, kwargs, varargs)
    }
}

/// A macro as a value: its code and the variables around its definition.
final class MacroValue: TemplateObject {
    private let code: MacroCode
    private let closure: Activation

    init(_ code: MacroCode, _ r: Renderer) {
        self.code = code
        closure = r.activation
        r.noteCapture()
    }

    override var typeName: String { "Macro" }
    override var qualifiedName: String { "jinja2.runtime.Macro object" }
    override var isCallable: Bool { true }
    override var text: String { "<Macro \(code.name.map(pythonRepr) ?? "anonymous")>" }

    override func attribute(_ name: String, _ r: Renderer) throws -> Value? {
        switch name {
        case "name": code.name.map(Value.string) ?? Value.none
        case "arguments": .tuple(code.parameters.map { .string($0.name) })
        case "catch_kwargs": .bool(code.kwargs != nil)
        case "catch_varargs": .bool(code.varargs != nil)
        case "caller": .bool(code.caller != nil)
        case "explicit_caller": .bool(code.parameters.contains { $0.name == "caller" })
        default: nil
        }
    }

    override func call(_ arguments: Arguments, _ r: Renderer) throws -> Value {
        var arguments = arguments
        let activation = Activation(slotCount: code.slotCount, parent: closure)
        let taken = min(arguments.positional.count, code.parameters.count)
        var foundCaller = taken == code.parameters.count && code.parameters.contains { $0.name == "caller" }
        for (i, parameter) in code.parameters.enumerated() {
            if i < taken {
                activation.slots[parameter.slot.index] = arguments.positional[i]
            } else {
                activation.slots[parameter.slot.index] = arguments.take(parameter.name) ?? .missing
                if parameter.name == "caller" { foundCaller = true }
            }
        }
        if let slot = code.caller, !foundCaller {
            let given = arguments.take("caller")
            let caller = given.flatMap { $0.isNone ? nil : $0 }
            activation.slots[slot.index] = caller ?? .undefined(Undefined(hint: "No caller defined"))
        }
        if let slot = code.kwargs {
            activation.slots[slot.index] = try r.checked(
                .dict(DictValue(arguments.named.map { (.string($0.name), $0.value) })))
        } else if let extra = arguments.named.first {
            if arguments.named.contains(where: { $0.name == "caller" }) {
                let what = "was invoked with two values for the special caller argument. This is most likely a bug."
                throw Failure(.type, "macro \(shownName) \(what)")
            }
            throw Failure(.type, "macro \(shownName) takes no keyword argument \(pythonRepr(extra.name))")
        }
        if let slot = code.varargs {
            activation.slots[slot.index] = try r.checked(.tuple(Array(arguments.positional.dropFirst(taken))))
        } else if arguments.positional.count > code.parameters.count {
            throw Failure(.type, "macro \(shownName) takes not more than \(code.parameters.count) argument(s)")
        }
        return .string(try r.with(activation) { try r.run(code) })
    }

    private var shownName: String { code.name.map(pythonRepr) ?? "None" }
}

extension Renderer {
    /// The text a macro's body writes; its arguments lie in the current activation already.
    fileprivate func run(_ code: MacroCode) throws -> String {
        enter(code.scope)
        for parameter in code.parameters {
            guard case .missing = value(parameter.slot) else { continue }
            if let fallback = parameter.fallback {
                set(parameter.slot, try evaluate(fallback))
            } else {
                let hint = "parameter '\(parameter.name)' was not provided"
                set(parameter.slot, .undefined(Undefined(hint: hint)))
            }
        }
        return try capture { try run(code.body) }.text
    }
}

final class MacroStatement: Executable {
    let offset: Int
    let target: Assignee
    let code: MacroCode

    init(_ target: Assignee, _ code: MacroCode, at offset: Int) {
        (self.target, self.code, self.offset) = (target, code, offset)
    }

    func execute(_ r: Renderer) throws -> Flow {
        try r.assign(target, .object(MacroValue(code, r)))
        return .normal
    }
}

final class CallBlockStatement: Executable {
    let offset: Int
    let call: CallExpression
    let code: MacroCode

    init(_ call: CallExpression, _ code: MacroCode, at offset: Int) {
        (self.call, self.code, self.offset) = (call, code, offset)
    }

    func execute(_ r: Renderer) throws -> Flow {
        let caller = Value.object(MacroValue(code, r))
        try r.writeText(call.evaluate(r, caller: caller))
        return .normal
    }
}

/// `{% generation %}`: writes its body and notes where it stands, for the mask of what an assistant says.
final class GenerationStatement: Executable {
    let offset: Int
    let code: MacroCode

    init(_ code: MacroCode, at offset: Int) { (self.code, self.offset) = (code, offset) }

    func execute(_ r: Renderer) throws -> Flow {
        let activation = Activation(slotCount: code.slotCount, parent: r.activation)
        let text = try r.with(activation) {
            if let caller = code.caller { r.set(caller, .undefined(Undefined(hint: "No caller defined"))) }
            if let kwargs = code.kwargs { r.set(kwargs, .dict(DictValue([]))) }
            if let varargs = code.varargs { r.set(varargs, .tuple([])) }
            return try r.run(code)
        }
        r.noteGeneration(text)
        try r.write(text)
        return .normal
    }
}

/// A `{% block %}`: its variables come from the template's context only, or with `scoped` from around it too.
final class NamedBlock: Sendable {
    let name: String
    let slotCount: Int
    let scope: ScopeEntry
    let body: [any Executable]

    init(name: String, slotCount: Int, scope: ScopeEntry, body: [any Executable]) {
        (self.name, self.slotCount, self.scope, self.body) = (name, slotCount, scope, body)
    }
}

final class BlockStatement: Executable {
    struct Local: Sendable {
        let name: String
        let slot: Slot
    }

    let offset: Int
    let name: String
    let required: Bool
    /// The variables around a scoped block.
    let locals: [Local]

    init(_ name: String, required: Bool, locals: [Local], at offset: Int) {
        (self.name, self.required, self.locals, self.offset) = (name, required, locals, offset)
    }

    func execute(_ r: Renderer) throws -> Flow {
        if required { throw Failure(.templateRuntime, "Required block '\(name)' not found") }
        guard let block = r.blocks[name] else { return .normal }
        let scoped = locals.map { ($0.name, r.value($0.slot)) }
        return try r.withContext(adding: scoped) {
            try r.with(Activation(slotCount: block.slotCount, parent: nil)) {
                r.enter(block.scope)
                return try r.run(block.body)
            }
        }
    }
}
