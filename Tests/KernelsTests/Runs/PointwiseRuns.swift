import CKernels

/// Conversions, sums, dropout and AdamW.
func pointwise(_ rows: Int, _ columns: Int) -> [KernelRun] {
    let n = rows * columns
    var runs = kinds.map { from, to in
        KernelRun(kernel: "graft_convert", variant: "\(name(from)) → \(name(to))", elements: n, roundsToBF16: to) {
            let (x, y) = (Buffer(random: n, 1, bf16: from), Buffer(zeros: n, bf16: to))
            return (
                { graft_convert(x.pointer, columns, x.flag, y.pointer, columns, y.flag, 0.7, rows, columns) },
                { y.values }
            )
        }
    }
    for to in [false, true] {
        runs.append(
            KernelRun(kernel: "graft_convert_columns", variant: "→ \(name(to))", elements: n, roundsToBF16: to) {
                let (x, y, scale) = (Buffer(random: n, 2), Buffer(zeros: n, bf16: to), Buffer(random: columns, 3))
                return (
                    {
                        graft_convert_columns(
                            x.floats, columns, y.pointer, columns, y.flag, scale.floats, rows, columns)
                    }, { y.values }
                )
            })
        runs.append(
            KernelRun(kernel: "graft_add", variant: "of \(name(to))", elements: n, roundsToBF16: false) {
                let (x, y) = (Buffer(random: n, 4, bf16: to), Buffer(random: n, 5))
                return ({ graft_add(x.pointer, columns, x.flag, y.floats, columns, 0.3, rows, columns) }, { y.values })
            })
        runs.append(
            KernelRun(kernel: "graft_sum", variant: "of \(name(to))", elements: n, roundsToBF16: false) {
                let (a, b, y) = (Buffer(random: n, 6), Buffer(random: n, 7, bf16: to), Buffer(zeros: n))
                return ({ graft_sum(a.floats, b.pointer, b.flag, 0.3, y.floats, n) }, { y.values })
            })
        runs.append(
            KernelRun(kernel: "graft_sum_rows", variant: "of \(name(to))", elements: n, roundsToBF16: false) {
                let (x, sums) = (Buffer(random: n, 8, bf16: to), Buffer(zeros: columns))
                return ({ graft_sum_rows(x.pointer, columns, x.flag, sums.floats, rows, columns) }, { sums.values })
            })
        runs.append(
            KernelRun(kernel: "graft_dropout", variant: name(to), elements: n, roundsToBF16: to) {
                let (x, y) = (Buffer(random: n, 9, bf16: to), Buffer(zeros: n, bf16: to))
                return (
                    {
                        graft_dropout(
                            x.pointer, columns, x.flag, y.pointer, columns, y.flag, 99, 3, 0.25, rows, columns)
                    }, { y.values }
                )
            })
    }
    runs.append(
        KernelRun(kernel: "graft_add_bias", variant: "", elements: n, roundsToBF16: false) {
            let (y, bias) = (Buffer(random: n, 10), Buffer(random: columns, 11))
            return ({ graft_add_bias(y.floats, columns, bias.floats, rows, columns) }, { y.values })
        })
    runs.append(
        KernelRun(kernel: "graft_adamw", variant: "", elements: n, roundsToBF16: false) {
            let (value, gradient) = (Buffer(random: n, 12), Buffer(random: n, 13))
            let (first, second) = (Buffer(random: n, 14, -0.1...0.1), Buffer(random: n, 15, 0...0.1))
            return (
                {
                    graft_adamw(
                        value.floats, gradient.floats, first.floats, second.floats, 0.5, 1e-3, 0.9, 0.999, 1e-8, 0.01,
                        0.5, 0.1, n)
                }, { value.values + first.values + second.values }
            )
        })
    return runs
}
