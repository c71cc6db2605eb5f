/// The functions every template can call by name.
enum Globals {
    /// The global of a name.
    static func value(_ name: String) -> Value? {
        switch name {
        case "range": function(name, range)
        case "dict": function(name, dict)
        case "namespace": function(name) { .object(try Namespace(try entries("namespace", $0, $1), $1)) }
        case "raise_exception": function(name, raise)
        case "strftime_now": function(name, strftimeNow)
        case "cycler":
            function(name) { arguments, _ in
                if arguments.positional.isEmpty { throw Failure(.runtime, "at least one item has to be provided") }
                return .object(Cycler(arguments.positional))
            }
        case "joiner":
            function(name) { arguments, _ in
                .object(Joiner(try arguments.bound(to: "Joiner", ["sep"])[0] ?? .string(", ")))
            }
        case "lipsum":
            function(name) { _, _ in throw Failure(.unsupported, "lipsum is random and not supported") }
        default: nil
        }
    }

    private static func function(_ name: String, _ body: @escaping GlobalFunction.Body) -> Value {
        .object(GlobalFunction(name, body))
    }

    private static func range(_ arguments: Arguments, _ r: Renderer) throws -> Value {
        if !arguments.named.isEmpty { throw Failure(.type, "range() takes no keyword arguments") }
        let numbers = try arguments.positional.map { try $0.requiredInteger() }
        guard (1...3).contains(numbers.count) else {
            throw Failure(.type, "range expected 1 to 3 arguments, got \(numbers.count)")
        }
        let start = numbers.count == 1 ? 0 : numbers[0]
        let stop = numbers.count == 1 ? numbers[0] : numbers[1]
        let step = numbers.count == 3 ? numbers[2] : 1
        if step == 0 { throw Failure(.value, "range() arg 3 must not be zero") }
        var count: UInt = 0
        if step > 0 ? start < stop : start > stop {
            let distance = step > 0 ? UInt(bitPattern: stop &- start) : UInt(bitPattern: start &- stop)
            count = (distance - 1) / step.magnitude + 1
        }
        if count > 100_000 {
            throw Failure(.overflow, "Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).")
        }
        return .range(RangeValue(start: start, stop: stop, step: step, count: Int(count)))
    }

    /// The entries of Python's `dict(…)`: of a mapping or pairs, and of named arguments.
    private static func entries(_ name: String, _ arguments: Arguments, _ r: Renderer) throws -> [DictValue.Entry] {
        if arguments.positional.count > 1 {
            throw Failure(.type, "dict expected at most 1 argument, got \(arguments.positional.count)")
        }
        var entries: [DictValue.Entry] = []
        switch arguments.positional.first {
        case nil: break
        case .dict(let dict): entries = dict.entries
        case .undefined(let undefined): throw undefined.failure
        case .some(let value):
            for (i, pair) in try r.items(value).enumerated() {
                guard pair.isIterable else {
                    throw Failure(.type, "cannot convert dictionary update sequence element #\(i) to a sequence")
                }
                let parts = try r.items(pair)
                guard parts.count == 2 else {
                    let message = "dictionary update sequence element #\(i) has length \(parts.count); 2 is required"
                    throw Failure(.value, message)
                }
                try r.checkHashable(parts[0])
                entries.append((parts[0], parts[1]))
            }
        }
        return entries + arguments.named.map { (.string($0.name), $0.value) }
    }

    private static func dict(_ arguments: Arguments, _ r: Renderer) throws -> Value {
        .dict(DictValue(try entries("dict", arguments, r)))
    }

    /// Python's `dict.fromkeys(keys, value)`.
    static func fromKeys(_ arguments: Arguments, _ r: Renderer) throws -> Value {
        let bound = try arguments.bound(to: "fromkeys", ["iterable", "value"], required: 1, positionalOnly: true)
        let keys = try r.items(bound[0] ?? .none)
        for key in keys { try r.checkHashable(key) }
        return .dict(DictValue(keys.map { ($0, bound[1] ?? .none) }))
    }

    private static func raise(_ arguments: Arguments, _ r: Renderer) throws -> Value {
        let message = try arguments.bound(to: "raise_exception", ["message"], required: 1)[0] ?? .none
        throw Failure(.template, message.isNone ? "None" : message.printed)
    }

    private static func strftimeNow(_ arguments: Arguments, _ r: Renderer) throws -> Value {
        let format = try arguments.bound(to: "strftime_now", ["format"], required: 1)[0] ?? .none
        return .string(try r.formatted(r.now, format.requiredText("strftime() argument 1")))
    }
}
