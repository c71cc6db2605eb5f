import CKernels
import Kernels

/// A kernel on fixed random inputs, in one of its type combinations: what levels are compared on and speed is taken of.
struct KernelRun: Sendable, CustomStringConvertible {
    let kernel: String
    let variant: String
    /// Numbers one run goes over, for speeds.
    let elements: Int
    /// Whether results are rounded to bfloat16.
    let roundsToBF16: Bool
    /// Prepares buffers; `run` may be called again and again, `results` reads what the last call wrote.
    let prepare: @Sendable () -> (run: () -> Void, results: () -> [Float])

    var description: String { "\(kernel) \(variant)" }
}

/// Numbers in memory in either type.
final class Buffer {
    let count: Int
    let isBF16: Bool
    let pointer: UnsafeMutableRawPointer

    init(_ values: [Float], bf16 isBF16: Bool) {
        count = values.count
        self.isBF16 = isBF16
        pointer = .allocate(byteCount: max(64, values.count * 4), alignment: 64)
        for (i, x) in values.enumerated() {
            if isBF16 {
                pointer.storeBytes(of: bf16(x), toByteOffset: 2 * i, as: UInt16.self)
            } else {
                pointer.storeBytes(of: x, toByteOffset: 4 * i, as: Float.self)
            }
        }
    }

    convenience init(zeros count: Int, bf16: Bool = false) {
        self.init([Float](repeating: 0, count: count), bf16: bf16)
    }
    convenience init(random count: Int, _ seed: UInt64, bf16: Bool = false, _ range: ClosedRange<Float> = -2...2) {
        var numbers = Numbers(seed)
        self.init(numbers.floats(count, range), bf16: bf16)
    }

    deinit { pointer.deallocate() }

    var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }
    var flag: Int32 { isBF16 ? 1 : 0 }
    var values: [Float] {
        (0..<count).map {
            isBF16
                ? float(pointer.load(fromByteOffset: 2 * $0, as: UInt16.self))
                : pointer.load(fromByteOffset: 4 * $0, as: Float.self)
        }
    }
}

/// Every kernel with a body per level, on rows × columns of each type it knows. Columns are odd for comparisons and a
/// model's own for speeds.
func kernelRuns(rows: Int, columns: Int) -> [KernelRun] {
    pointwise(rows, columns) + normsAndRotary(rows, columns) + activations(rows, columns) + softmax(rows, columns)
        + crossEntropy(rows, columns)
}

private let kinds = [(false, false), (false, true), (true, false), (true, true)]
private func name(_ bf16: Bool) -> String { bf16 ? "bf16" : "f32" }

private func pointwise(_ rows: Int, _ columns: Int) -> [KernelRun] {
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

private func normsAndRotary(_ rows: Int, _ columns: Int) -> [KernelRun] {
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

private func activations(_ rows: Int, _ columns: Int) -> [KernelRun] {
    let n = rows * columns
    let names = ["silu", "geluTanh", "gelu", "relu", "reluSquared", "sigmoid"]
    return names.enumerated().flatMap { kind, called in
        kinds.flatMap { from, to in
            [true, false].flatMap { gated -> [KernelRun] in
                let variant = "\(called)\(gated ? " times up" : "") \(name(from)) → \(name(to))"
                return [
                    KernelRun(kernel: "graft_activation", variant: variant, elements: n, roundsToBF16: to) {
                        let (gate, up) = (Buffer(random: n, 40, bf16: from, -6...6), Buffer(random: n, 41, bf16: from))
                        let h = Buffer(zeros: n, bf16: to)
                        let (keptGate, keptUp) = (Buffer(zeros: n, bf16: to), Buffer(zeros: n, bf16: to))
                        return (
                            {
                                graft_activation(
                                    Int32(kind), gate.pointer, columns, gated ? up.pointer : nil, columns, gate.flag,
                                    h.pointer, columns, h.flag, keptGate.pointer, gated ? keptUp.pointer : nil, rows,
                                    columns)
                            }, { h.values + keptGate.values + (gated ? keptUp.values : []) }
                        )
                    },
                    KernelRun(kernel: "graft_activation_backward", variant: variant, elements: n, roundsToBF16: to) {
                        let (gate, up) = (Buffer(random: n, 40, bf16: from, -6...6), Buffer(random: n, 41, bf16: from))
                        let dh = Buffer(random: n, 42)
                        let (dgate, dup, h) = (
                            Buffer(zeros: n, bf16: to), Buffer(zeros: n, bf16: to), Buffer(zeros: n, bf16: to)
                        )
                        return (
                            {
                                graft_activation_backward(
                                    Int32(kind), gate.pointer, gated ? up.pointer : nil, gate.flag, dh.floats, columns,
                                    dgate.pointer, gated ? dup.pointer : nil, h.pointer, h.flag, rows, columns)
                            }, { dgate.values + dup.values + h.values }
                        )
                    },
                ]
            }
        }
    }
}

private func softmax(_ rows: Int, _ columns: Int) -> [KernelRun] {
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

private func crossEntropy(_ rows: Int, _ columns: Int) -> [KernelRun] {
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
