import CKernels
import Kernels

/// What the experts gave, put back together: `y[row] = Σ w · piece[place]` over the row's choices in order, f32.
///
/// `dpiece[place] = w · g[row]`, `dw = g[row] · piece[place]`.
///
/// - Parameters:
///   - pieces: [rows of the expert, columns] an expert of `assignment`.
///   - weights: [rows, perToken], or nil for plain sums.
///   - columns: of the result; pieces may be none.
///   - type: in which pieces are kept for the gradient of the weights.
/// - Returns: [rows, columns].
public func combined(
    _ pieces: [Tensor], _ assignment: ExpertAssignment, weights: Tensor?, columns: Int, keeping type: ElementType = .f32
) -> Tensor {
    precondition(
        zip(pieces, assignment.pieces).allSatisfy { $0.rows == $1.count && $0.columns == columns }
            && pieces.count == assignment.pieces.count,
        "combined: pieces \(pieces.map(\.shape)) for \(assignment.pieces.map(\.count)) rows of \(columns)")
    let (rows, k) = (assignment.rows, assignment.perToken)
    let factors = weights?.converted(to: .f32)
    let y = Tensor(zeros: rows, columns)
    Pool.rows(rows) { range in
        for r in range {
            assignment.eachChoice(of: r) { choice, piece, place in
                let part = pieces[piece]
                graft_add(
                    part.row(place), part.stride, part.type.isBF16, y.floats + r * columns, columns,
                    factors?.floats[choice] ?? 1, 1, columns)
            }
        }
    }
    let weighs = factors != nil
    // Pieces are needed for the weights' gradient alone.
    let kept = weights?.edge == nil ? [] : pieces.map { $0.converted(to: type) }
    return Tensor.record(
        .combine, [y], from: pieces + (weights.map { [$0] } ?? []), saving: (factors.map { [$0] } ?? []) + kept
    ) { [count = pieces.count, keeps = !kept.isEmpty] pullback in
        guard let g = pullback.gradient() else { return }
        let factors = weighs ? pullback.saved(0) : nil
        for piece in 0..<count where pullback.wants(piece) {
            let slots = assignment.pieces[piece]
            let dpiece = Tensor(uninitialized: slots.count, columns, pullback.wantedType(piece))
            Pool.rows(slots.count) { range in
                for i in range {
                    let choice = Int(assignment.choiceOfSlot[slots.lowerBound + i])
                    graft_convert(
                        g.row(choice / k), g.stride, g.type.isBF16, dpiece.row(i), dpiece.stride, dpiece.type.isBF16,
                        factors?.floats[choice] ?? 1, 1, columns)
                }
            }
            pullback.send(dpiece, to: piece)
        }
        if keeps && pullback.wants(count) {
            pullback.send(assignment.dots((0..<count).map { pullback.saved($0 + 1) }, with: g), to: count)
        }
    }[0]
}
