import CKernels
import Kernels

extension Tensor {
    /// The rows each chosen expert works on, copied side by side: `piece[place] = x[row]`, or `w · x[row]` with
    /// weights.
    ///
    /// With `g` the gradient of the choice's place, `dx[row] = Σ w·g` over the row's choices in order, `dw = g ·
    /// x[row]`.
    ///
    /// - Parameters:
    ///   - assignment: who works on what.
    ///   - weights: [rows, perToken] factors on the input (Llama 4), or nil for none.
    /// - Returns: a tensor [rows of the expert, columns] an expert, in this tensor's type.
    public func gathered(_ assignment: ExpertAssignment, weights: Tensor? = nil) -> [Tensor] {
        precondition(assignment.rows == rows, "gathered: \(assignment.rows) rows were assigned, not \(rows)")
        let (k, factors) = (assignment.perToken, weights?.converted(to: .f32))
        let y = Tensor(uninitialized: rows * k, columns, type)
        Pool.rows(y.rows) { range in
            for slot in range {
                let choice = Int(assignment.choiceOfSlot[slot])
                graft_convert(
                    row(choice / k), stride, type.isBF16, y.row(slot), y.stride, type.isBF16,
                    factors?.floats[choice] ?? 1, 1, columns)
            }
        }
        let pieces = assignment.pieces.map { y.view(rows: $0) }
        return Tensor.record(
            .gather, pieces, from: [self] + (weights.map { [$0] } ?? []), saving: factors.map { [self, $0] } ?? [],
            gradientType: type
        ) { [rows, columns, weighs = weights != nil] pullback in
            let gradients = assignment.pieces.indices.map { pullback.gradient($0) }
            let factors = weighs ? pullback.saved(1) : nil
            pullback.accumulate(to: 0, rows: rows, columns: columns, zeroed: true) { dx, _ in
                Pool.rows(rows) { range in
                    for r in range {
                        assignment.eachChoice(of: r) { choice, piece, place in
                            guard let g = gradients[piece] else { return }
                            graft_add(
                                g.row(place), g.stride, g.type.isBF16, dx.floats + r * dx.stride, dx.stride,
                                factors?.floats[choice] ?? 1, 1, columns)
                        }
                    }
                }
            }
            if weighs && pullback.wants(1) {
                pullback.send(assignment.dots(gradients, with: pullback.saved(0)), to: 1)
            }
        }
    }
}

extension ExpertAssignment {
    /// For each choice the product of its row of a piece and its row of `whole`: [rows, perToken]; 0 where there is
    /// none.
    func dots(_ pieces: [Tensor?], with whole: Tensor) -> Tensor {
        let result = Tensor(zeros: rows, perToken)
        Pool.rows(rows) { range in
            for r in range {
                eachChoice(of: r) { choice, piece, place in
                    guard let part = pieces[piece] else { return }
                    graft_row_dots(
                        part.row(place), part.stride, whole.row(r), whole.stride, part.type.isBF16, whole.type.isBF16,
                        result.floats + choice, 1, 1, whole.columns)
                }
            }
        }
        return result
    }
}
