extension Arguments {
    /// The arguments in the order of a function's parameters; nil where none was given. Fails as Python does for
    /// missing, unknown and repeated arguments.
    func bound(
        to function: String, _ parameters: [String], required: Int = 0, positionalOnly: Bool = false
    ) throws -> [Value?] {
        if positional.count > parameters.count {
            let most = parameters.count == 1 ? "1 argument" : "\(parameters.count) arguments"
            throw Failure(.type, "\(function)() takes at most \(most) (\(positional.count) given)")
        }
        if positionalOnly, !named.isEmpty { throw Failure(.type, "\(function)() takes no keyword arguments") }
        var values: [Value?] = positional
        values.append(contentsOf: repeatElement(nil, count: parameters.count - positional.count))
        for (name, value) in named {
            guard let at = parameters.firstIndex(where: { sameText($0, name) }) else {
                throw Failure(.type, "\(function)() got an unexpected keyword argument \(pythonRepr(name))")
            }
            if values[at] != nil {
                throw Failure(.type, "\(function)() got multiple values for argument \(pythonRepr(name))")
            }
            values[at] = value
        }
        for i in 0..<required where values[i] == nil {
            throw Failure(.type, "\(function)() missing 1 required positional argument: '\(parameters[i])'")
        }
        return values
    }

    /// Fails if there are any arguments.
    func none(for function: String) throws {
        if !isEmpty { _ = try bound(to: function, []) }
    }
}

extension Value {
    /// The text of a string argument.
    func requiredText(_ what: String) throws -> String {
        if let text { return text }
        if case .undefined(let undefined) = self { throw undefined.failure }
        throw Failure(.type, (what.isEmpty ? "" : what + " ") + "must be str, not \(typeName)")
    }

    /// The value of an integer argument.
    func requiredInteger() throws -> Int {
        if let wholeNumber { return wholeNumber }
        if case .undefined(let undefined) = self { throw undefined.failure }
        throw Failure(.type, "'\(typeName)' object cannot be interpreted as an integer")
    }
}
