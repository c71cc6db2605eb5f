import CKernels

/// Norms and rotary positions.
func normsAndRotary(_ rows: Int, _ columns: Int) -> [KernelRun] {
    let n = rows * columns
    var runs: [KernelRun] = []
    for (from, to) in kinds {
        for centred in [false, true] {
            let variant = "\(centred ? "centred " : "")\(name(from)) → \(name(to))"
            runs.append(
                KernelRun(kernel: "graft_norm", variant: variant, elements: n, roundsToBF16: to) {
                    let (x, y, statistics) = (
                        Buffer(random: n, 20, bf16: from), Buffer(zeros: n, bf16: to), Buffer(zeros: 2 * rows)
                    )
                    let (weight, bias) = (Buffer(random: columns, 21), Buffer(random: columns, 22))
                    return (
                        {
                            graft_norm(
                                x.pointer, columns, x.flag, weight.floats, centred ? bias.floats : nil, 1e-5,
                                centred ? 1 : 0, y.pointer, columns, y.flag, statistics.floats, rows, columns)
                        }, { y.values + (to ? [] : statistics.values) }
                    )
                })
            runs.append(
                KernelRun(kernel: "graft_norm_backward", variant: variant, elements: n, roundsToBF16: to) {
                    let (x, g) = (Buffer(random: n, 23, bf16: from), Buffer(random: n, 24, bf16: to))
                    let (dx, copy) = (Buffer(random: n, 25), Buffer(zeros: n, bf16: to))
                    let weight = Buffer(random: columns, 26)
                    let statistics = Buffer(random: 2 * rows, 27, 0.5...1)
                    return (
                        {
                            graft_norm_backward(
                                x.pointer, columns, x.flag, statistics.floats, weight.floats, centred ? 1 : 0,
                                g.pointer,
                                columns, g.flag, dx.floats, columns, 1, copy.pointer, copy.flag, 0.5, nil, nil, rows,
                                columns)
                        }, { dx.values + copy.values }
                    )
                })
        }
        let (size, heads) = (columns / 7, 7)
        for interleaved in [false, true] {
            let variant = "\(interleaved ? "pairs " : "")\(name(from)) → \(name(to))"
            runs.append(
                KernelRun(kernel: "graft_rotary", variant: variant, elements: n, roundsToBF16: to) {
                    let dims = size / 2 * 2
                    let (x, y) = (Buffer(random: n, 28, bf16: from), Buffer(zeros: n, bf16: to))
                    let (cosines, sines) = (
                        Buffer(random: rows * dims / 2, 29, -1...1), Buffer(random: rows * dims / 2, 30, -1...1)
                    )
                    let positions = (0..<rows).map { Int32(rows - 1 - $0) }
                    return (
                        {
                            graft_rotary(
                                x.pointer, columns, x.flag, y.pointer, columns, y.flag, cosines.floats, sines.floats,
                                positions, 1, interleaved ? 1 : 0, dims, size, heads, rows)
                        }, { y.values }
                    )
                })
        }
    }
    runs.append(
        KernelRun(kernel: "graft_norm_backward", variant: "with sums", elements: n, roundsToBF16: false) {
            let (x, g, dx) = (Buffer(random: n, 23), Buffer(random: n, 24), Buffer(zeros: n))
            let (weight, statistics) = (Buffer(random: columns, 26), Buffer(random: 2 * rows, 27, 0.5...1))
            let (dweight, dbias) = (Buffer(zeros: columns), Buffer(zeros: columns))
            return (
                {
                    graft_norm_backward(
                        x.pointer, columns, 0, statistics.floats, weight.floats, 1, g.pointer, columns, 0, dx.floats,
                        columns, 0, nil, 0, 1, dweight.floats, dbias.floats, rows, columns)
                }, { dx.values + dweight.values + dbias.values }
            )
        })
    return runs
}
