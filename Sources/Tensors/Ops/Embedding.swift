import CKernels
import Kernels

/// Rows of a table: `y[i] = scale · W[ids[i]]`, f32.
///
/// - Parameters:
///   - ids: row numbers below the table's row count.
///   - table: [vocabulary, width].
/// - Returns: [ids.count, width]. With `g` its gradient, `dW[ids[i]] += scale · g[i]`.
public func embedding(_ ids: [Int32], in table: MatrixWeight, scale: Float = 1) -> Tensor {
    let y = Tensor(uninitialized: ids.count, table.inputs)
    precondition(ids.allSatisfy { $0 >= 0 && $0 < table.outputs }, "embedding: id outside 0..<\(table.outputs)")
    switch table {
    case .frozen(let matrix):
        Pool.rows(ids.count) { range in
            for i in range {
                let id = Int(ids[i])
                BlockFormats.expandRows(
                    matrix.format, matrix.bytes, columns: matrix.columns, rows: id..<id + 1, into: y.row(i), as: .f32)
            }
        }
        if scale != 1 { y.assign(y, scale: scale) }
        return y
    case .slice(let parameter, let range):
        copyRows(ids, of: parameter.value.view(rows: range), into: y, scale: scale)
        return y
    case .trained(let parameter):
        copyRows(ids, of: parameter.value, into: y, scale: scale)
        return Tensor.record(.embedding, [y], from: [], trained: [parameter]) { pullback in
            guard let g = pullback.gradient() else { return }
            pullback.accumulate(to: 0, rows: parameter.rows, columns: parameter.columns) { sum, _ in
                // Threads own ranges of columns, so that repeated ids add in order.
                let width = 64
                Pool.run((sum.columns + width - 1) / width) { part in
                    let columns = part * width..<min(sum.columns, (part + 1) * width)
                    for (i, id) in ids.enumerated() {
                        graft_add(
                            g.view(columns: columns).row(i), g.stride, g.type.isBF16,
                            sum.view(columns: columns).floats + Int(id) * sum.stride, sum.stride, scale, 1,
                            columns.count)
                    }
                }
            }
        }[0]
    }
}

private func copyRows(_ ids: [Int32], of table: Tensor, into y: Tensor, scale: Float) {
    for (i, id) in ids.enumerated() {
        graft_convert(table.row(Int(id)), table.stride, 0, y.row(i), y.stride, 0, scale, 1, table.columns)
    }
}
