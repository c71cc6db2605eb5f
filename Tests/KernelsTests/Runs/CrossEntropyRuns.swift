import CKernels

/// Cross-entropy.
func crossEntropy(_ rows: Int, _ columns: Int) -> [KernelRun] {
    let n = rows * columns
    let size = 33
    let targets = (0..<rows).map { Int32($0 * 3 % (columns + 20)) }  // some lie in other slices
    var runs: [KernelRun] = []
    for bf16 in [false, true] {
        for softcap: Float in [0, 5] {
            let variant = "\(name(bf16))\(softcap > 0 ? " bounded" : "")"
            for weighted in [true, false] {
                runs.append(
                    KernelRun(
                        kernel: "graft_cross_entropy_slice", variant: variant + (weighted ? "" : " losses only"),
                        elements: n, roundsToBF16: bf16
                    ) {
                        let logits = Buffer(random: n, 60, -10...10)
                        let (maximum, sum) = (Buffer(random: rows, 61, -3...3), Buffer(random: rows, 62, 1...2))
                        let (logit, slope) = (Buffer(zeros: rows), Buffer(zeros: rows))
                        let (weights, dx) = (Buffer(zeros: n, bf16: bf16), Buffer(random: rows * size, 63))
                        return (
                            {
                                graft_cross_entropy_slice(
                                    logits.floats, columns, 0, columns, 0.7, softcap, targets, maximum.floats,
                                    sum.floats, logit.floats, slope.floats, weighted ? weights.pointer : nil, columns,
                                    weights.flag, dx.floats, size, rows)
                            },
                            {
                                weights.values
                                    + (bf16 && weighted
                                        ? [] : maximum.values + sum.values + logit.values + slope.values)
                            }
                        )
                    })
            }
            runs.append(
                KernelRun(kernel: "graft_cross_entropy_gradient", variant: variant, elements: n, roundsToBF16: bf16) {
                    let logits = Buffer(random: n, 64, -10...10)
                    let (weights, lse) = (Buffer(zeros: n, bf16: bf16), Buffer(random: rows, 65, 7...9))
                    return (
                        {
                            graft_cross_entropy_gradient(
                                logits.floats, columns, 0, columns, 0.7, softcap, targets, lse.floats, weights.pointer,
                                columns, weights.flag, rows)
                        }, { weights.values }
                    )
                })
        }
    }
    runs.append(
        KernelRun(kernel: "graft_cross_entropy_finish", variant: "", elements: n, roundsToBF16: false) {
            let (maximum, sum) = (Buffer(random: rows, 66, 2...3), Buffer(random: rows, 67, 1...20))
            let (logit, slope) = (Buffer(random: rows, 68), Buffer(random: rows, 69))
            let (own, dx, loss) = (Buffer(random: n, 70), Buffer(random: n, 71), Buffer(zeros: rows))
            return (
                {
                    graft_cross_entropy_finish(
                        maximum.floats, sum.floats, logit.floats, slope.floats, own.floats, dx.floats, columns,
                        loss.floats, rows)
                }, { dx.values + loss.values }
            )
        })
    return runs
}
