import Diagnostics

/// What is wrong with a checkpoint's tensors; a fault that many layers or experts share is said once.
struct TensorFaults {
    /// What can be wrong with a tensor.
    enum Fault: Hashable {
        /// It is not there; `shape` is what it would be.
        case missing(shape: [Int])
        /// It is there in another shape.
        case misshapen(found: [Int], expected: [Int])
        /// The model has no place for it.
        case unused
    }

    private struct Group: Hashable {
        let pattern: String
        let fault: Fault
    }

    private var order: [Group] = []
    private var names: [Group: [String]] = [:]

    /// Notes what is wrong with the tensor of this name.
    mutating func note(_ name: String, _ fault: Fault) {
        let group = Group(pattern: WeightNames.generalised(name).pattern, fault: fault)
        if names[group] == nil { order.append(group) }
        names[group, default: []].append(name)
    }

    /// The faults in the order they were first noted in, each with how many tensors share it.
    func problems(file: String) -> [Problem] {
        order.map { group in
            let names = names[group, default: []]
            let (isOne, first) = (names.count == 1, names.first ?? group.pattern)
            let subject = isOne ? "tensor \(first)" : "\(names.count) tensors \(group.pattern)"
            let (verb, rest) = (isOne ? "is" : "are", isOne ? "" : ", the first of them \(first)")
            switch group.fault {
            case .missing(let shape): return Problem("\(subject) \(shape) \(verb) missing\(rest)", file: file)
            case .misshapen(let found, let expected):
                return Problem("\(subject) \(verb) \(found), not \(expected)\(rest)", file: file)
            case .unused:
                return Problem(
                    "\(subject) \(verb) not used by this model\(rest)", file: file,
                    advice: "correct its configuration, or store the model without \(isOne ? "it" : "them")")
            }
        }
    }
}
