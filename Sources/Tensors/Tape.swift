import Kernels
import Synchronization

/// Where a tensor's gradient goes: an output of a recorded op, or a parameter.
public enum Edge {
    case output(Node, Int)
    case parameter(Parameter)
}

/// One recorded op: what its backward pass needs, and the gradients of its outputs as they arrive.
///
/// What is saved is an argument, never a capture: so it can be counted, it is let go the moment the op's backward pass
/// is over, and no cycle of owners can form.
public final class Node {
    /// Which op.
    public let op: OpName
    let order: UInt64
    let gradientType: ElementType
    var inputs: [Edge?]
    var saved: [Tensor]
    var gradients: [Tensor?]
    var backward: ((inout Pullback) -> Void)?

    private static let counter = Atomic<UInt64>(0)

    init(
        _ op: OpName, outputs: Int, inputs: [Edge?], saved: [Tensor], gradientType: ElementType,
        backward: @escaping (inout Pullback) -> Void
    ) {
        self.op = op
        self.inputs = inputs
        self.saved = saved
        self.gradientType = gradientType
        self.backward = backward
        gradients = Array(repeating: nil, count: outputs)
        order = Self.counter.add(1, ordering: .relaxed).newValue
    }

    func release() {
        inputs = []
        saved = []
        gradients = []
        backward = nil
    }
}

extension Tensor {
    /// Records an op when any input leads to a parameter: gives the outputs their edges.
    ///
    /// - Parameters:
    ///   - inputs: the tensors gradients may go to, by index.
    ///   - saving: what the backward pass needs, by index.
    ///   - gradientType: the type in which the backward pass wants its outputs' gradients; f32 is always understood.
    ///   - backward: reads `gradient`s, sends input gradients.
    static func record(
        _ op: OpName, _ outputs: [Tensor], from inputs: [Tensor], trained: [Parameter?] = [], saving: [Tensor] = [],
        gradientType: ElementType = .f32, backward: @escaping (inout Pullback) -> Void
    ) -> [Tensor] {
        guard Recording.isOn else { return outputs }
        let edges = inputs.map(\.edge) + trained.map { $0.map(Edge.parameter) }
        guard edges.contains(where: { $0 != nil }) else { return outputs }
        let node = Node(
            op, outputs: outputs.count, inputs: edges, saved: saving.map(\.detached), gradientType: gradientType,
            backward: backward)
        return outputs.enumerated().map { index, output in
            var output = output
            output.edge = .output(node, index)
            return output
        }
    }

    /// The type in which whoever made this tensor wants its gradient.
    var wantedGradientType: ElementType {
        if case .output(let node, _) = edge { node.gradientType } else { .f32 }
    }
}

/// The backward pass of one op: gives the gradients of its outputs, takes those of its inputs.
public struct Pullback {
    let node: Node

    /// A tensor that was saved.
    func saved(_ index: Int) -> Tensor { node.saved[index] }

    /// The gradient of an output, handed over (it is the op's own to overwrite if uniquely owned); nil when none
    /// arrived.
    mutating func gradient(_ output: Int = 0) -> Tensor? {
        defer { node.gradients[output] = nil }
        return node.gradients[output]
    }

    /// Whether anyone wants the gradient of an input.
    func wants(_ input: Int) -> Bool { node.inputs[input] != nil }

    /// The type in which an input's gradient is wanted.
    func wantedType(_ input: Int) -> ElementType {
        if case .output(let node, _) = node.inputs[input] { node.gradientType } else { .f32 }
    }

    /// Hands an input its gradient, or adds to what it has.
    mutating func send(_ gradient: Tensor, to input: Int) {
        guard let edge = node.inputs[input] else { return }
        if case .output(let target, let output) = edge, target.gradients[output] == nil {
            target.gradients[output] = gradient.detached
            return
        }
        accumulate(to: input, rows: gradient.rows, columns: gradient.columns) { sum, _ in sum.add(gradient) }
    }

    /// Lets `body` write an input's gradient where it belongs: into a fresh f32 tensor (`adds` false), or onto what
    /// is already there (`adds` true). A body that cannot write without adding gets zeros with `zeroed`.
    mutating func accumulate(
        to input: Int, rows: Int, columns: Int, zeroed: Bool = false, _ body: (_ sum: Tensor, _ adds: Bool) -> Void
    ) {
        guard let edge = node.inputs[input] else { return }
        switch edge {
        case .parameter(let parameter):
            body(parameter.gradientTensor(rows: rows, columns: columns), true)
        case .output(let target, let output):
            if var existing = target.gradients[output] {
                target.gradients[output] = nil
                precondition(
                    existing.rows == rows && existing.columns == columns,
                    "\(node.op): gradient \(rows)×\(columns) meets \(existing.shape)")
                if !existing.isOwnedAlone { existing = existing.copiedAsFloats() }
                body(existing, true)
                target.gradients[output] = existing
            } else {
                let fresh = zeroed ? Tensor(zeros: rows, columns) : Tensor(uninitialized: rows, columns)
                body(fresh, zeroed)
                target.gradients[output] = fresh
            }
        }
    }
}

extension Tensor {
    /// Whether this f32 value is the only one that owns its memory, so that it may be overwritten.
    var isOwnedAlone: Bool {
        mutating get { type == .f32 && isKnownUniquelyReferenced(&storage) }
    }

    func copiedAsFloats() -> Tensor {
        let copy = Tensor(uninitialized: rows, columns)
        copy.assign(self)
        return copy
    }
}

extension Tensor {
    /// Runs the backward pass from this tensor: parameters below add d(seed·Σ self)/d(parameter) to their gradients.
    /// Each op's saved tensors are let go as soon as its own pass is over.
    public consuming func backward(seed: Float = 1) {
        guard case .output(let root, let index) = edge else { return }
        let ones = Tensor(uninitialized: rows, columns)
        for i in 0..<rows * columns { ones.floats[i] = seed }
        root.receive(ones, at: index)
        Node.run(from: [root])
    }

    /// Runs the backward pass from several tensors whose gradients are given: for tests of single ops.
    package static func backward(from outputs: [(tensor: Tensor, gradient: Tensor)]) {
        var roots: [Node] = []
        for output in outputs {
            guard case .output(let node, let index) = output.tensor.edge else { continue }
            node.receive(output.gradient, at: index)
            roots.append(node)
        }
        Node.run(from: roots)
    }
}

extension Node {
    /// Runs the backward passes of everything the roots depend on, the latest first. Nodes in `leaves` are not run;
    /// they keep their gradients.
    static func run(from roots: [Node], keeping leaves: [Node] = []) {
        var pending: [Node] = []
        var seen = Set(leaves.map(ObjectIdentifier.init))
        func visit(_ node: Node) {
            if seen.insert(ObjectIdentifier(node)).inserted {
                precondition(node.backward != nil, "\(node.op): its backward pass has been run already")
                pending.append(node)
            }
        }
        roots.forEach(visit)
        var next = 0
        while next < pending.count {
            for case .output(let below, _)? in pending[next].inputs { visit(below) }
            next += 1
        }
        pending.sort { $0.order < $1.order }
        while let node = pending.popLast() {
            if node.gradients.contains(where: { $0 != nil }), let backward = node.backward {
                var pullback = Pullback(node: node)
                backward(&pullback)
            }
            node.release()
        }
    }
}
