import CKernels
import Kernels

/// Cosines and sines of rotary positions, [position][dims / 2] each, any attention factor multiplied in.
public struct RotaryTable {
    /// Numbers of a head that turn, from its start.
    public let dims: Int
    /// Whether pairs are neighbours (2i, 2i + 1) instead of halves (i, i + dims/2).
    public let interleaved: Bool
    let cosines: Tensor
    let sines: Tensor

    /// A table for positions 0..<`positions`: angle = position · inverseFrequencies[i], computed in f32 as the
    /// reference does, or long positions would differ from it. `growth` is a further factor by position.
    public init(
        positions: Int, inverseFrequencies: [Float], attentionFactor: Float = 1, interleaved: Bool = false,
        growth: ((Int) -> Float)? = nil
    ) {
        dims = inverseFrequencies.count * 2
        self.interleaved = interleaved
        let count = inverseFrequencies.count
        let (cosines, sines) = (Tensor(uninitialized: positions, count), Tensor(uninitialized: positions, count))
        Pool.rows(positions, atLeast: 64) { range in
            for p in range {
                let factor = Double(attentionFactor * (growth?(p) ?? 1))
                for (i, frequency) in inverseFrequencies.enumerated() {
                    let angle = Double(Float(p) * frequency)
                    cosines.floats[p * count + i] = Float(cosine(angle) * factor)
                    sines.floats[p * count + i] = Float(sine(angle) * factor)
                }
            }
        }
        self.cosines = cosines
        self.sines = sines
    }

    /// The rows of several tables, one table after the other.
    public init(joining tables: [RotaryTable]) {
        precondition(
            !tables.isEmpty
                && tables.allSatisfy { $0.dims == tables[0].dims && $0.interleaved == tables[0].interleaved },
            "rotary: \(tables.count) tables of unlike heads")
        dims = tables[0].dims
        interleaved = tables[0].interleaved
        let rows = tables.reduce(0) { $0 + $1.positions }
        cosines = Tensor(uninitialized: rows, dims / 2)
        sines = Tensor(uninitialized: rows, dims / 2)
        var next = 0
        for table in tables {
            cosines.view(rows: next..<next + table.positions).copy(table.cosines)
            sines.view(rows: next..<next + table.positions).copy(table.sines)
            next += table.positions
        }
    }

    /// Positions the table reaches.
    public var positions: Int { cosines.rows }
}

extension Tensor {
    /// Turns each head by its row's position: for a pair (a, b), `(a·cos − b·sin, b·cos + a·sin)`.
    ///
    /// The gradient is turned back by the same angles. Numbers of a head beyond `table.dims` pass unchanged.
    ///
    /// - Parameters:
    ///   - table: angles; must reach every position.
    ///   - positions: one a row.
    ///   - headSize: numbers in a head; the columns are a whole number of heads.
    /// - Returns: the same shape in `type`.
    public func rotated(
        by table: RotaryTable, positions: [Int32], headSize: Int, to type: ElementType = .f32
    ) -> Tensor {
        precondition(
            positions.count == rows && columns % headSize == 0 && table.dims <= headSize,
            "rotary: \(positions.count) positions, heads of \(headSize), \(table.dims) turned, for \(shape)")
        precondition(positions.allSatisfy { $0 >= 0 && $0 < table.positions }, "rotary: position beyond the table")
        let y = Tensor(uninitialized: rows, columns, type)
        turn(into: y, table, positions, headSize, sign: 1)
        return Tensor.record(.rotary, [y], from: [self]) { pullback in
            guard let g = pullback.gradient() else { return }
            let dx = Tensor(uninitialized: g.rows, g.columns, pullback.wantedType(0))
            g.turn(into: dx, table, positions, headSize, sign: -1)
            pullback.send(dx, to: 0)
        }[0]
    }

    private func turn(into y: Tensor, _ table: RotaryTable, _ positions: [Int32], _ headSize: Int, sign: Float) {
        positions.withUnsafeBufferPointer { positions in
            // Handed to the pool as an address: each row reads its own position.
            nonisolated(unsafe) let first = positions.baseAddress
            Pool.rows(rows) { range in
                let start = range.lowerBound
                graft_rotary(
                    row(start), stride, type.isBF16, y.row(start), y.stride, y.type.isBF16, table.cosines.floats,
                    table.sines.floats, first.map { $0 + start }, sign, table.interleaved ? 1 : 0, table.dims, headSize,
                    columns / headSize, range.count)
            }
        }
    }
}
