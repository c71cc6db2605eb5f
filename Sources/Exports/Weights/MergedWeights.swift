import Adapters
import Kernels
import Models
import SafeFiles
import Tensors
import WeightFiles

/// A base's matrices with an adapter added: `W + scale · B·A`, computed in f32 and rounded once, a panel at a time.
struct MergedWeights {
    private let adapters: [String: [AttachedAdapter]]

    /// What the adapters of `model` add; nothing when there is none.
    init(_ model: Transformer?) {
        let adapters = model?.adapters ?? []
        self.adapters = Dictionary(grouping: adapters, by: \.module.weight)
        precondition(
            self.adapters.values.allSatisfy { $0.count == 1 || $0.allSatisfy { $0.slot?.isStacked == true } },
            "two adapters on one tensor")
    }

    /// Whether the adapter changes a tensor.
    func changes(_ tensor: String) -> Bool { adapters[tensor] != nil }

    /// Hands a tensor's bytes in `format` to the sink: those of the file where nothing changes.
    ///
    /// - Parameter rowOrder: which stored row comes first, second …; nil for all in the stored order.
    func write(
        _ tensor: BaseWeight, as format: ElementFormat, rowOrder: [Int]? = nil, to sink: ByteSink
    ) throws {
        guard let adapters = adapters[tensor.name] else {
            return try tensor.write(as: format, order: rowOrder, to: sink)
        }
        try tensor.write(as: format, order: rowOrder, to: sink) { rows, numbers in
            for adapter in adapters { adapter.add(to: numbers, rows: rows, of: tensor) }
        }
    }
}

extension MergedWeights {
    /// Some rows of a tensor in f32, in memory, with what the adapter adds to them.
    ///
    /// - Parameter rows: which stored row comes first, second …; nil for all in the stored order.
    func merged(_ tensor: BaseWeight, rows: [Int]?) throws -> StoredTensor {
        let count = rows?.count ?? tensor.rows
        var failure: (any Error)?
        let copy = MappedFile(inMemory: count * tensor.columns * 4, standingFor: tensor.name) { to in
            var filled = 0
            do {
                try write(tensor, as: .f32, rowOrder: rows) { bytes in
                    UnsafeMutableRawBufferPointer(rebasing: to[filled..<filled + bytes.count]).copyMemory(from: bytes)
                    filled += bytes.count
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return StoredTensor(
            name: tensor.name, shape: [count, tensor.columns], format: .element(.f32), file: copy,
            range: 0..<copy.bytes.count)
    }
}

extension AttachedAdapter {
    /// Adds what the adapter adds to those of a tensor's rows that are its own: of experts in one tensor each has a
    /// part.
    fileprivate func add(to numbers: UnsafeMutablePointer<Float>, rows: [Int], of tensor: BaseWeight) {
        let columns = tensor.columns
        let height = tensor.rows / (slot.map { $0.isStacked ? $0.parameter.experts : 1 } ?? 1)
        let first = slot.map { $0.isStacked ? $0.expert * height : 0 } ?? 0
        let places = rows.indices.filter { rows[$0] >= first && rows[$0] < first + height }
        if places.isEmpty { return }
        let delta = delta(rows: places.map { rows[$0] - first }, columns: columns)
        let scale = spec.scale
        nonisolated(unsafe) let (to, from) = (numbers, delta.floats)
        Pool.rows(places.count) { part in
            for i in part {
                for c in 0..<columns { to[places[i] * columns + c] += scale * from[i * columns + c] }
            }
        }
    }

    /// Rows of `B·A` as the file stores the matrix: rows are outputs, or inputs where it is stored inputs first.
    fileprivate func delta(rows: [Int], columns: Int) -> Tensor {
        let inputsFirst = module.kind == .linearInputsFirst || slot?.inputsFirst == true
        let (left, right) = inputsFirst ? (aValue, bValue) : (bValue, aValue)
        precondition(right.columns == columns, "\(module.path): \(columns) columns, adapter \(right.columns)")
        // The wanted rows of the transposed left side, gathered: [rows, rank].
        let rank = left.rows
        let gathered = Tensor(uninitialized: rows.count, rank)
        for (i, row) in rows.enumerated() {
            for r in 0..<rank { gathered.floats[i * rank + r] = left.floats[r * left.stride + row] }
        }
        let product = Tensor(uninitialized: rows.count, columns)
        withExtendedLifetime((gathered, left, right)) {
            Product.multiply(
                Operand(gathered.pointer, stride: rank, type: .f32),
                Operand(right.pointer, stride: right.stride, type: .f32),
                into: Destination(product.pointer, stride: columns), rows: rows.count, columns: columns, inner: rank)
        }
        return product
    }
}
