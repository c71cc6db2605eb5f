import CKernels
import Kernels

/// A linear layer's own numbers: its matrix and perhaps a bias [1, outputs].
public struct LinearWeights {
    /// [outputs, inputs].
    public var matrix: MatrixWeight
    /// Added to every row, or nil.
    public var bias: Tensor?

    /// A layer's numbers.
    public init(_ matrix: MatrixWeight, bias: Tensor? = nil) {
        self.matrix = matrix
        self.bias = bias
    }
}

/// Low-rank adapters of layers that read the same input, `y += scale · (x·Aᵀ)·Bᵀ` each, with one matrix A for all.
public struct AdapterGroup {
    /// One layer's adapter.
    public struct Member {
        /// Which of the layers.
        public var layer: Int
        /// Its rows of the common A: its own, or exactly those of another member of the same scale.
        public var rows: Range<Int>
        /// B transposed, [rank, outputs]: so both its products read it along its rows.
        public var b: Parameter
        /// alpha / rank, or alpha / √rank.
        public var scale: Float

        /// An adapter.
        public init(layer: Int, rows: Range<Int>, b: Parameter, scale: Float) {
            self.layer = layer
            self.rows = rows
            self.b = b
            self.scale = scale
        }
    }

    /// [Σ rank, inputs].
    public var a: Parameter
    /// The layers that have one.
    public var members: [Member]
    /// Share of the input's numbers that are dropped while training; a group with dropout has one member.
    public var dropout: Float
    /// Tells groups apart when numbers are drawn.
    public var key: UInt64
    /// Which of several sets of adapters the group belongs to: a row gets the adapters of one set.
    public var set = 0

    /// A group.
    public init(a: Parameter, members: [Member], dropout: Float = 0, key: UInt64 = 0) {
        self.a = a
        self.members = members
        self.dropout = dropout
        self.key = key
    }
}

/// What dropout draws from: the same for a token however its step is cut into micro-batches.
public struct DropoutDraw: Sendable {
    /// Mixed from seed and step.
    public var key: UInt64
    /// The number, within the step, of the first row.
    public var firstRow: Int
    /// The rows that are left, counted from the first; nil when none was taken out.
    public var kept: [Int32]?

    /// A draw.
    public init(key: UInt64, firstRow: Int) {
        self.key = key
        self.firstRow = firstRow
    }

    /// The draw for some of the rows.
    public func keeping(_ rows: [Int32]) -> DropoutDraw {
        var draw = self
        draw.kept = kept.map { kept in rows.map { kept[Int($0)] } } ?? rows
        return draw
    }
}

/// The parts of an adapter's forward and backward pass that ``projections`` and ``gatedProjection`` share.
struct AdapterPass {
    let groups: [AdapterGroup]
    let draw: DropoutDraw?
    /// By set of adapters, the rows that it applies to; nil where every row gets every group's.
    let rows: [Range<Int>]?

    init(groups: [AdapterGroup], draw: DropoutDraw?, rows: [Range<Int>]? = nil) {
        precondition(rows == nil || !Recording.isOn, "several sets of adapters are for passes without gradients")
        self.groups = groups.filter { rows?[$0.set].isEmpty != true }
        self.draw = draw
        // A set that has all rows is run as if there were no other.
        self.rows = (rows?.count { !$0.isEmpty } ?? 0) > 1 ? rows : nil
    }

    private func own(_ tensor: Tensor, _ set: Int) -> Tensor { rows.map { tensor.view(rows: $0[set]) } ?? tensor }

    private func dropped(_ x: Tensor, _ group: AdapterGroup) -> Tensor {
        guard let draw, drops(group) else { return x }
        let y = Tensor(uninitialized: x.rows, x.columns, x.type)
        dropout(x, into: y, group, draw)
        return y
    }

    private func dropout(_ x: Tensor, into y: Tensor, _ group: AdapterGroup, _ draw: DropoutDraw) {
        let key = draw.key ^ (group.key &* 0x9e37_79b9_7f4a_7c15)
        Pool.rows(x.rows) { range in
            for r in range {
                let number = draw.firstRow + (draw.kept.map { Int($0[r]) } ?? r)
                graft_dropout(
                    x.row(r), x.stride, x.type.isBF16, y.row(r), y.stride, y.type.isBF16, key, UInt64(number),
                    group.dropout, 1, x.columns)
            }
        }
    }

    /// low = scale · x·Aᵀ of every group, in the operand type.
    func narrow(_ x: Tensor) -> [Tensor] {
        Profile.measure(.adapters) { groups.map { narrow(own(x, $0.set), $0) } }
    }

    private func narrow(_ x: Tensor, _ group: AdapterGroup) -> Tensor {
        let low = Tensor(uninitialized: x.rows, group.a.rows)
        Product.multiply(
            dropped(x, group).operand, group.a.operandTensor(x.type).transposedOperand, into: low.destination,
            rows: x.rows, columns: group.a.rows, inner: x.columns)
        return scaled(low, group, to: x.type)
    }

    /// What adapters add to a layer's output, low·Bᵀ each; nothing where rows have different ones.
    ///
    /// - Parameter columns: the layer's outputs wanted; nil for all.
    func terms(_ lows: [Tensor], layer: Int, columns: Range<Int>? = nil) -> [LowRank] {
        if rows != nil { return [] }
        return members(lows).filter { $0.layer == layer }.map { _, _, part in
            columns.map { LowRank(low: part.low, matrix: part.matrix.view(columns: $0)) } ?? part
        }
    }

    /// y[layer] += low·Bᵀ where rows have different adapters.
    func widen(_ lows: [Tensor], into outputs: [Tensor]) {
        if rows == nil { return }
        Profile.measure(.adapters) {
            for (set, layer, part) in members(lows) { part.add(to: own(outputs[layer], set)) }
        }
    }

    private func members(_ lows: [Tensor]) -> [(set: Int, layer: Int, part: LowRank)] {
        zip(groups, lows).flatMap { group, low in
            group.members.map { member in
                let part = LowRank(low: low.view(columns: member.rows), matrix: member.b.operandTensor(low.type))
                return (group.set, member.layer, part)
            }
        }
    }

    /// Adds lowᵀ·dy to B's gradients and gives scale · dy·B of every group.
    func narrowGradients(_ gradients: [Tensor?], lows: [Tensor]) -> [Tensor] {
        Profile.measure(.adapters) { zip(groups, lows).map { narrowGradients(gradients, $0, low: $1) } }
    }

    private func narrowGradients(_ gradients: [Tensor?], _ group: AdapterGroup, low: Tensor) -> Tensor {
        let sum = Tensor(uninitialized: low.rows, group.a.rows)
        var written: Set<Range<Int>> = []
        for member in group.members {
            let isFirst = written.insert(member.rows).inserted
            guard let g = gradients[member.layer] else {
                if isFirst { sum.view(columns: member.rows).clear() }
                continue
            }
            addGradients(g, columns: 0..<g.columns, member, low: low, to: sum, accumulate: !isFirst)
        }
        return scaled(sum, group, to: low.type)
    }

    /// Of some of the only layer's outputs: adds lowᵀ·dy to B's gradients and dy·B to each group's sum.
    func addGradients(_ g: Tensor, columns: Range<Int>, lows: [Tensor], to sums: [Tensor]) {
        for (index, group) in groups.enumerated() {
            for member in group.members {
                addGradients(g, columns: columns, member, low: lows[index], to: sums[index], accumulate: true)
            }
        }
    }

    private func addGradients(
        _ g: Tensor, columns: Range<Int>, _ member: AdapterGroup.Member, low: Tensor, to sum: Tensor, accumulate: Bool
    ) {
        let b = member.b.operandTensor(g.type).view(columns: columns)
        Product.multiply(
            g.operand, b.transposedOperand, into: sum.view(columns: member.rows).destination, rows: g.rows,
            columns: member.rows.count, inner: g.columns, accumulate: accumulate)
        multiplyTransposed(
            low.view(columns: member.rows), g, into: member.b.gradient.view(columns: columns), accumulate: true)
    }

    /// Adds dlowᵀ·x to A's gradients.
    func accumulateA(_ narrow: [Tensor], _ x: Tensor) {
        Profile.measure(.adapters) {
            for (group, low) in zip(groups, narrow) {
                multiplyTransposed(low, dropped(x, group), into: group.a.gradient, accumulate: true)
            }
        }
    }

    /// What adapters without dropout add to the input's gradient: dlow·A each.
    func gradientTerms(_ narrow: [Tensor]) -> [LowRank] {
        zip(groups, narrow).filter { !drops($0.0) }.map { group, low in
            LowRank(low: low, matrix: group.a.operandTensor(low.type))
        }
    }

    /// dx += dropout(dlow·A) of the others.
    func widenGradients(_ narrow: [Tensor], into dx: Tensor) {
        guard let draw else { return }
        for (group, low) in zip(groups, narrow) where drops(group) {
            Profile.measure(.adapters) {
                let part = Tensor(uninitialized: dx.rows, dx.columns)
                Product.multiply(
                    low.operand, group.a.operandTensor(low.type).operand, into: part.destination, rows: low.rows,
                    columns: dx.columns, inner: low.columns)
                dropout(part, into: part, group, draw)
                dx.add(part)
            }
        }
    }

    private func drops(_ group: AdapterGroup) -> Bool { draw != nil && group.dropout > 0 }

    /// scale · dy·B of every group, in the operand type.
    func scaled(_ sums: [Tensor], to type: ElementType) -> [Tensor] {
        zip(groups, sums).map { scaled($1, $0, to: type) }
    }

    private func scaled(_ low: Tensor, _ group: AdapterGroup, to type: ElementType) -> Tensor {
        var scales = [Float](repeating: 0, count: group.a.rows)
        for member in group.members { for r in member.rows { scales[r] = member.scale } }
        let result = Tensor(uninitialized: low.rows, low.columns, type)
        Pool.rows(low.rows, atLeast: 256) { range in
            graft_convert_columns(
                low.floats + range.lowerBound * low.stride, low.stride, result.row(range.lowerBound), result.stride,
                type.isBF16, scales, range.count, low.columns)
        }
        return result
    }

    /// The parameters, so that the tape knows the op is trained.
    var parameters: [Parameter] { groups.flatMap { [$0.a] + $0.members.map(\.b) } }
}
