/// What a name that is not defined gives: it prints as nothing and fails when it is used.
final class Undefined {
    /// The whole message, when it is not about a name.
    let hint: String?
    /// What the name was looked up in, in Python's words; nil for a variable.
    let owner: String?
    /// The name or element that was looked up.
    let name: Value
    let error: PythonError

    init(name: String) {
        (hint, owner, self.name, error) = (nil, nil, .string(name), .undefined)
    }

    init(hint: String, error: PythonError = .undefined) {
        (self.hint, owner, name, self.error) = (hint, nil, .none, error)
    }

    init(of owner: Value, name: Value) {
        (hint, self.owner, self.name, error) = (nil, owner.ownerName, name, .undefined)
    }

    /// The failure of using the value.
    var failure: Failure {
        if let hint { return Failure(error, hint) }
        guard let owner else { return Failure(error, "\(name.repr) is undefined") }
        if case .string = name { return Failure(error, "\(pythonRepr(owner)) has no attribute \(name.repr)") }
        return Failure(error, "\(owner) has no element \(name.repr)")
    }
}
