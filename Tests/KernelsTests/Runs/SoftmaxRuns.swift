import CKernels

/// Attention's softmax.
func softmax(_ rows: Int, _ columns: Int) -> [KernelRun] {
    let keys = min(columns, 512)
    let n = rows * keys
    let size = 64
    // Every row sees from one key to all of them, none from the first on.
    let low = (0..<rows).map { Int32($0 % 5) }
    let high = (0..<rows).map { Int32(keys - ($0 * 7) % (keys - 6)) }
    var runs: [KernelRun] = []
    for bf16 in [false, true] {
        for softcap: Float in [0, 5] {
            let variant = "\(name(bf16))\(softcap > 0 ? " bounded" : "")"
            runs.append(
                KernelRun(kernel: "graft_softmax_tile", variant: variant, elements: n, roundsToBF16: bf16) {
                    let scores = Buffer(random: n, 50, -20...20)
                    let p = Buffer(zeros: n, bf16: bf16)
                    let (maximum, sum) = (Buffer(random: rows, 51, -3...3), Buffer(random: rows, 52, 1...2))
                    let output = Buffer(random: rows * size, 53)
                    return (
                        {
                            graft_softmax_tile(
                                scores.floats, keys, p.pointer, p.flag, low, high, 0, 0.3, softcap, maximum.floats,
                                sum.floats, output.floats, size, size, rows, keys)
                        }, { p.values + (bf16 ? [] : maximum.values + sum.values + output.values) }
                    )
                })
            runs.append(
                KernelRun(kernel: "graft_softmax_tile_backward", variant: variant, elements: n, roundsToBF16: bf16) {
                    let (scores, dp) = (Buffer(random: n, 54, -20...20), Buffer(random: n, 55))
                    let (p, ds) = (Buffer(zeros: n, bf16: bf16), Buffer(zeros: n, bf16: bf16))
                    let (lse, delta) = (Buffer(random: rows, 56, 6...7), Buffer(random: rows, 57))
                    return (
                        {
                            graft_softmax_tile_backward(
                                scores.floats, dp.floats, keys, p.pointer, ds.pointer, p.flag, low, high, 0, 0.3,
                                softcap, lse.floats, 1, delta.floats, 1, rows, keys)
                        }, { p.values + ds.values }
                    )
                })
        }
    }
    for bf16 in [false, true] {
        runs.append(
            KernelRun(
                kernel: "graft_softmax_finish", variant: name(bf16), elements: rows * columns, roundsToBF16: bf16
            ) {
                let (output, result) = (Buffer(random: rows * columns, 80), Buffer(zeros: rows * columns, bf16: bf16))
                let (maximum, sum) = (Buffer(random: rows, 81), Buffer(random: rows, 82, 1...9))
                let lse = Buffer(zeros: rows)
                return (
                    {
                        graft_softmax_finish(
                            output.floats, columns, maximum.floats, sum.floats, 1, 0.5, result.pointer, columns,
                            result.flag, lse.floats, 1, rows, columns)
                    }, { result.values + (bf16 ? [] : lse.values) }
                )
            })
    }
    for (a, b) in kinds {
        runs.append(
            KernelRun(
                kernel: "graft_row_dots", variant: "\(name(a)) · \(name(b))", elements: rows * columns,
                roundsToBF16: false
            ) {
                let (x, y) = (Buffer(random: rows * columns, 58, bf16: a), Buffer(random: rows * columns, 59, bf16: b))
                let delta = Buffer(zeros: rows)
                return (
                    {
                        graft_row_dots(
                            x.pointer, columns, y.pointer, columns, x.flag, y.flag, delta.floats, 1, rows, columns)
                    }, { delta.values }
                )
            })
    }
    return runs
}
