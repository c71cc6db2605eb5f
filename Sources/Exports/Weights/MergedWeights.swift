import Diagnostics
import Kernels
import Models
import Tensors
import WeightFiles

/// A base's matrices with an adapter added: `W + scale · B·A`, computed in f32 and rounded once, a panel at a time.
struct MergedWeights {
    private let adapters: [String: [AttachedAdapter]]

    /// Numbers in a panel.
    private static let panel = 1 << 20

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
    /// - Parameter rowOrder: which stored row comes first, second …; nil for the stored order.
    func write(
        _ tensor: StoredTensor, as format: ElementFormat, rowOrder: [Int]? = nil, to sink: ByteSink
    ) throws {
        guard let stored = tensor.format.element else { preconditionFailure("\(tensor.name) cannot be expanded") }
        if stored == format && !changes(tensor.name) {
            guard let rowOrder else { return try sink(tensor.bytes) }
            let bytes = format.rowBytes(tensor.columns)
            for row in rowOrder {
                try sink(UnsafeRawBufferPointer(rebasing: tensor.bytes[row * bytes..<(row + 1) * bytes]))
            }
            return
        }
        let height = max(1, Self.panel / max(1, tensor.columns))
        for start in stride(from: 0, to: tensor.rows, by: height) {
            let range = start..<min(tensor.rows, start + height)
            let panel = numbers(tensor, stored, rowOrder.map { Array($0[range]) } ?? Array(range))
            guard panel.isFinite else {
                throw RunFailure("tensor \(tensor.name): a number of its rows \(range.lowerBound)… is not finite")
            }
            let bytes = Storage(byteCount: range.count * format.rowBytes(tensor.columns))
            panel.store(format, into: bytes)
            try withExtendedLifetime(bytes) {
                try sink(
                    UnsafeRawBufferPointer(start: bytes.base, count: range.count * format.rowBytes(tensor.columns)))
            }
        }
    }

    /// Some rows in f32, with what the adapter adds to them.
    private func numbers(_ tensor: StoredTensor, _ format: ElementFormat, _ rows: [Int]) -> Tensor {
        let columns = tensor.columns
        let panel = Tensor(uninitialized: rows.count, columns)
        if let start = tensor.bytes.baseAddress {
            nonisolated(unsafe) let (from, to) = (start, panel.floats)
            Pool.rows(rows.count, atLeast: 4) { part in
                for i in part {
                    BlockFormats.expandRows(
                        format, from, columns: columns, rows: rows[i]..<rows[i] + 1, into: to + i * columns)
                }
            }
        }
        for adapter in adapters[tensor.name] ?? [] {
            // Of experts in one tensor each has its own rows.
            let height = tensor.rows / (adapter.slot.map { $0.isStacked ? $0.parameter.experts : 1 } ?? 1)
            let first = adapter.slot.map { $0.isStacked ? $0.expert * height : 0 } ?? 0
            let places = rows.indices.filter { rows[$0] >= first && rows[$0] < first + height }
            if places.isEmpty { continue }
            let delta = adapter.delta(rows: places.map { rows[$0] - first }, columns: columns)
            let scale = adapter.spec.scale
            nonisolated(unsafe) let (to, from) = (panel.floats, delta.floats)
            Pool.rows(places.count) { part in
                for i in part {
                    for c in 0..<columns { to[places[i] * columns + c] += scale * from[i * columns + c] }
                }
            }
        }
        return panel
    }
}

extension AttachedAdapter {
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

extension Tensor {
    /// Whether all numbers are finite.
    fileprivate var isFinite: Bool {
        nonisolated(unsafe) let numbers = floats
        return (0..<rows * columns).allSatisfy { numbers[$0].isFinite }
    }

    /// Stores the numbers in a format.
    fileprivate func store(_ format: ElementFormat, into bytes: Storage) {
        let (columns, rowBytes) = (columns, format.rowBytes(columns))
        nonisolated(unsafe) let numbers = floats
        Pool.rows(rows, atLeast: 1) { part in
            BlockFormats.quantizeRows(
                format, numbers + part.lowerBound * columns, columns: columns, rows: part.count,
                into: bytes.base + part.lowerBound * rowBytes)
        }
    }
}
