import CKernels

/// Activations in every combination of types.
func activations(_ rows: Int, _ columns: Int) -> [KernelRun] {
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
