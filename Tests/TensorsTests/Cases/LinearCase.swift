import Kernels
import Tensors

/// One linear layer of a case.
struct LayerPlan: Sendable {
    enum Matrix: Sendable {
        case stored(StoredMatrix)
        case trained(outputs: Int)
        /// Rows of a trained matrix that the case does not train.
        case slice(Grid, Range<Int>)
    }
    enum Bias: Sendable { case none, frozen, trained }
    var matrix: Matrix
    var bias = Bias.none

    init(_ matrix: Matrix, bias: Bias = .none) {
        self.matrix = matrix
        self.bias = bias
    }

    var outputs: Int {
        switch matrix {
        case .stored(let stored): stored.frozen.outputs
        case .trained(let outputs): outputs
        case .slice(_, let range): range.count
        }
    }
}

/// Adapters that share one A.
struct GroupPlan: Sendable {
    var members: [(layer: Int, rank: Int, scale: Float)]
    var dropout: Float = 0
    var key: UInt64 = 0

    init(_ members: [(layer: Int, rank: Int, scale: Float)], dropout: Float = 0, key: UInt64 = 0) {
        self.members = members
        self.dropout = dropout
        self.key = key
    }

    var rank: Int { members.reduce(0) { $0 + $1.rank } }
}

/// Linear layers with adapters over one input, as ops take them and as a formula: what all projection cases share.
struct LinearPlan: Sendable {
    var inputs: Int
    var layers: [LayerPlan]
    var groups: [GroupPlan] = []
    /// The first variable that belongs to the layers; those before it are the op's inputs.
    var firstVariable = 1
    var draw = DropoutDraw(key: 0x1234_5678_9abc_def0, firstRow: 5)

    /// Trained matrices and biases layer by layer, then A and the Bs group by group.
    var variables: [Variable] {
        var list: [Variable] = []
        for layer in layers {
            if case .trained(let outputs) = layer.matrix { list.append(Variable(outputs, inputs, spread: 0.5)) }
            if layer.bias == .trained { list.append(Variable(1, layer.outputs)) }
        }
        for group in groups {
            list.append(Variable(group.rank, inputs, spread: 0.5))
            for member in group.members { list.append(Variable(member.rank, layers[member.layer].outputs)) }
        }
        return list
    }

    private func frozenBias(_ layer: Int) -> Grid { constant(1, layers[layer].outputs, "bias \(layer)") }

    func weights(_ x: Leaves) -> (layers: [LinearWeights], groups: [AdapterGroup]) {
        var next = firstVariable
        func take() -> Parameter {
            defer { next += 1 }
            return x.parameters[next]
        }
        let linears = layers.enumerated().map { index, layer in
            let matrix: MatrixWeight
            switch layer.matrix {
            case .stored(let stored): matrix = stored.weight
            case .trained: matrix = .trained(take())
            case .slice(let numbers, let range):
                let whole = Parameter("sliced", rows: numbers.rows, columns: numbers.columns)
                for (i, number) in numbers.numbers.enumerated() { whole.value.floats[i] = Float(number) }
                matrix = .slice(whole, range)
            }
            switch layer.bias {
            case .none: return LinearWeights(matrix)
            case .frozen: return LinearWeights(matrix, bias: frozenBias(index).tensor())
            case .trained: return LinearWeights(matrix, bias: take().tensor)
            }
        }
        let adapters = groups.map { group in
            let a = take()
            var row = 0
            let members = group.members.map { member in
                defer { row += member.rank }
                return AdapterGroup.Member(
                    layer: member.layer, rows: row..<row + member.rank, b: take(), scale: member.scale)
            }
            return AdapterGroup(a: a, members: members, dropout: group.dropout, key: group.key)
        }
        return (linears, adapters)
    }

    func formula(_ x: Grid, _ v: [Grid]) -> [Grid] {
        var next = firstVariable
        func take() -> Grid {
            defer { next += 1 }
            return v[next]
        }
        var outputs = layers.enumerated().map { index, layer in
            let matrix: Grid
            switch layer.matrix {
            case .stored(let stored): matrix = stored.outputsFirst
            case .trained: matrix = take()
            case .slice(let numbers, let range): matrix = numbers.slice(rows: range)
            }
            let bias: Grid? =
                switch layer.bias {
                case .none: nil
                case .frozen: frozenBias(index)
                case .trained: take()
                }
            let y = x.timesTransposed(matrix)
            return bias.map { bias in Grid(y.rows, y.columns) { y[$0, $1] + bias[0, $1] } } ?? y
        }
        for group in groups {
            let a = take()
            let key = draw.key ^ (group.key &* 0x9e37_79b9_7f4a_7c15)
            let input =
                group.dropout == 0
                ? x
                : Grid(x.rows, x.columns) { r, c in
                    x[r, c]
                        * Formula.dropout(
                            key: key, row: draw.firstRow + r, column: c, probability: Double(group.dropout))
                }
            var row = 0
            for member in group.members {
                let low = input.timesTransposed(a.slice(rows: row..<row + member.rank))
                outputs[member.layer] =
                    outputs[member.layer] + Double(member.scale) * low.timesTransposed(take().transposed)
                row += member.rank
            }
        }
        return outputs
    }
}
