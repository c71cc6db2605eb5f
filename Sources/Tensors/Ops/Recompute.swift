/// Runs `body` without keeping what it computes on the way: the backward pass runs it again. Costs one more forward
/// pass of the body, saves everything between its inputs and outputs.
///
/// `body` must compute the same numbers both times.
public func recomputed(_ inputs: [Tensor], _ body: @escaping ([Tensor]) -> [Tensor]) -> [Tensor] {
    let outputs = body(inputs.map(\.detached))
    let trains = outputs.contains { $0.edge != nil }
    let results = outputs.map(\.detached)
    guard trains || inputs.contains(where: { $0.edge != nil }) else { return results }
    // A body may train parameters below no input: the marker makes the op recorded all the same.
    let marker = trains ? [Parameter.marker] : []
    return Tensor.record(.recompute, results, from: inputs, trained: marker, saving: inputs) { pullback in
        let leaves = inputs.indices.map { i in
            Node(.recompute, outputs: 1, inputs: [], saved: [], gradientType: pullback.wantedType(i)) { _ in }
        }
        let again = inputs.indices.map { i in
            var input = pullback.saved(i)
            if pullback.wants(i) { input.edge = .output(leaves[i], 0) }
            return input
        }
        var roots: [Node] = []
        var handedThrough: [(input: Int, gradient: Tensor)] = []
        for (index, output) in body(again).enumerated() {
            guard let g = pullback.gradient(index) else { continue }
            switch output.edge {
            case .output(let node, let place):
                if let i = leaves.firstIndex(where: { $0 === node }) {
                    handedThrough.append((i, g))
                } else {
                    node.receive(g, at: place)
                    roots.append(node)
                }
            case .parameter(let parameter): parameter.gradient.add(g)
            case nil: break
            }
        }
        Node.run(from: roots, keeping: leaves)
        for (i, leaf) in leaves.enumerated() where pullback.wants(i) {
            if let g = leaf.gradients[0] { pullback.send(g, to: i) }
        }
        for (i, g) in handedThrough { pullback.send(g, to: i) }
    }
}

extension Parameter {
    // Belongs to no model; nothing is ever added to its gradient.
    nonisolated(unsafe) static let marker = Parameter("", rows: 0, columns: 0)
}

extension Node {
    func receive(_ gradient: Tensor, at output: Int) {
        precondition(backward != nil, "\(op): its backward pass has been run already")
        if let existing = gradients[output] {
            let sum = existing.copiedAsFloats()
            sum.add(gradient)
            gradients[output] = sum
        } else {
            gradients[output] = gradient
        }
    }
}
