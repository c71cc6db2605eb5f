import Kernels
import Models
import Tensors
import WeightFiles

// PEFT's layout of adapters on a parameter of all experts: A [experts · rank, inputs], an expert's rows together; B
// [outputs, rank · experts], the expert's number fastest. Where PEFT takes inputs for outputs the two change places.

extension AttachedAdapter {
    /// This expert's A [rank, inputs] and Bᵀ [rank, outputs] from the tensors of all.
    package func cut(_ slot: ExpertSlot, a: [Float], b: [Float]) -> (a: Tensor, b: Tensor) {
        let (rank, inputs, outputs) = (spec.rank, self.a.columns, self.b.columns)
        let (experts, e) = (slot.parameter.experts, slot.expert)
        let (ownA, ownB) = (Tensor(uninitialized: rank, inputs), Tensor(uninitialized: rank, outputs))
        let first = slot.outputs.lowerBound
        for j in 0..<rank {
            if slot.parameter.isSwapped {
                for i in 0..<inputs { ownA.floats[j * inputs + i] = b[(i * rank + j) * experts + e] }
                for o in 0..<outputs {
                    ownB.floats[j * outputs + o] = a[(e * rank + j) * slot.parameter.outputs + first + o]
                }
            } else {
                for i in 0..<inputs { ownA.floats[j * inputs + i] = a[(e * rank + j) * inputs + i] }
                for o in 0..<outputs { ownB.floats[j * outputs + o] = b[((first + o) * rank + j) * experts + e] }
            }
        }
        return (ownA, ownB)
    }

    /// This expert's A and Bᵀ from adapters on its single matrices: A's one below the other, B's each on its outputs.
    func joined(_ parts: [SeparatePair], _ tensors: WeightStore) -> (a: Tensor, b: Tensor) {
        let (inputs, outputs) = (self.a.columns, self.b.columns)
        let (a, b) = (Tensor(zeros: spec.rank, inputs), Tensor(zeros: spec.rank, outputs))
        var row = 0
        for part in parts {
            let (ownA, ownB) = (tensors[part.pair.a]?.floats() ?? [], tensors[part.pair.b]?.floats() ?? [])
            for (i, value) in ownA.enumerated() { a.floats[row * inputs + i] = value }
            for (i, value) in ownB.enumerated() {
                let (output, j) = (part.outputs.lowerBound + i / part.rank, row + i % part.rank)
                b.floats[j * outputs + output] = value * part.factor
            }
            row += part.rank
        }
        return (a, b)
    }
}

/// The adapters on one parameter of all experts, as a file holds them.
struct ExpertStack {
    let parameter: ExpertParameter
    /// Adapters that share an A are one block; an expert's blocks stand one below the other.
    private let blocks: [[[AttachedAdapter]]]
    /// The largest rank of an expert; smaller ones are filled with zeros.
    let rank: Int
    /// The one scale; B is multiplied where an adapter's is another.
    let scale: Float

    init(_ parameter: ExpertParameter, _ adapters: [AttachedAdapter]) {
        self.parameter = parameter
        var blocks = [[[AttachedAdapter]]](repeating: [], count: parameter.experts)
        for adapter in adapters {
            guard let e = adapter.slot?.expert else { continue }
            if let at = blocks[e].firstIndex(where: { $0[0].a === adapter.a && $0[0].aRows == adapter.aRows }) {
                blocks[e][at].append(adapter)
            } else {
                blocks[e].append([adapter])
            }
        }
        self.blocks = blocks
        rank = blocks.map { $0.reduce(0) { $0 + $1[0].spec.rank } }.max() ?? 0
        scale = adapters.first?.spec.scale ?? 1
    }

    /// The rank-by-inputs sides: [experts · rank, inputs] and, with the outputs' side, in their places of the file.
    func tensors() -> (a: Tensor, b: Tensor) {
        let rows = parameter.experts * rank
        let a = Tensor(zeros: rows, parameter.inputs)
        let b = Tensor(zeros: rows, parameter.outputs)
        for (e, blocks) in blocks.enumerated() {
            var row = e * rank
            for block in blocks {
                let size = block[0].spec.rank
                a.view(rows: row..<row + size).copy(block[0].aValue)
                for adapter in block {
                    guard let outputs = adapter.slot?.outputs else { continue }
                    let part = b.view(rows: row..<row + size).view(columns: outputs)
                    let factor = adapter.spec.scale / scale
                    for j in 0..<size {
                        for o in 0..<outputs.count {
                            part.floats[j * part.stride + o] =
                                factor * adapter.bValue.floats[j * adapter.bValue.stride + o]
                        }
                    }
                }
                row += size
            }
        }
        return parameter.isSwapped ? (b, expertsFastest(a)) : (a, expertsFastest(b))
    }

    /// [experts · rank, width] → [width, rank · experts].
    private func expertsFastest(_ x: Tensor) -> Tensor {
        let (experts, width) = (parameter.experts, x.columns)
        let y = Tensor(uninitialized: width, rank * experts)
        for e in 0..<experts {
            for j in 0..<rank {
                for i in 0..<width {
                    y.floats[(i * rank + j) * experts + e] = x.floats[(e * rank + j) * width + i]
                }
            }
        }
        return y
    }
}
