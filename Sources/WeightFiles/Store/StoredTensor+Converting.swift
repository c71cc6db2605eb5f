import Diagnostics
import Kernels

extension StoredTensor {
    /// Numbers in a panel: a few megabytes, so that a panel's floats stay in the caches.
    private static let panelNumbers = 1 << 20

    /// Hands the rows to the sink in another format, a panel at a time, expanded and stored on the pool.
    ///
    /// - Parameters:
    ///   - format: how to store them; rows must fill its blocks, and it must be writable unless nothing changes.
    ///   - order: which stored row comes first, second …; it may leave rows out. Nil for all in the stored order.
    ///   - adding: adds to a panel's numbers, row after row, before they are stored; nil adds nothing, and rows that have
    ///     the format already are handed on as they are.
    /// - Throws: ``RunFailure`` for a number that is not finite and what the sink throws. Traps unless the tensor's own
    ///   format can be expanded.
    public func write(
        as format: ElementFormat, order: [Int]? = nil, to sink: ByteSink,
        adding: ((_ rows: [Int], _ numbers: UnsafeMutablePointer<Float>) -> Void)? = nil
    ) throws {
        guard let own = self.format.element else { preconditionFailure("\(name) cannot be expanded") }
        guard let start = bytes.baseAddress else { return }
        let (columns, ownBytes, rowBytes) = (columns, own.rowBytes(columns), format.rowBytes(columns))
        if own == format && adding == nil {
            guard let order else { return try sink(bytes) }
            for row in order {
                try sink(UnsafeRawBufferPointer(rebasing: bytes[row * ownBytes..<(row + 1) * ownBytes]))
            }
            return
        }
        let count = order?.count ?? rows
        let height = min(count, max(1, Self.panelNumbers / max(1, columns)))
        let panel = Storage(byteCount: height * columns * 4)
        let stored = Storage(byteCount: height * rowBytes)
        nonisolated(unsafe) let (from, numbers, to) = (
            start, panel.base.assumingMemoryBound(to: Float.self), stored.base
        )
        for first in stride(from: 0, to: count, by: height) {
            let range = first..<min(count, first + height)
            let rows = order.map { Array($0[range]) } ?? Array(range)
            Pool.rows(rows.count, atLeast: 1) { part in
                for i in part {
                    BlockFormats.expandRows(
                        own, from, columns: columns, rows: rows[i]..<rows[i] + 1, into: numbers + i * columns)
                }
            }
            adding?(rows, numbers)
            var finite = [Bool](repeating: false, count: rows.count)
            finite.withUnsafeMutableBufferPointer { finite in
                nonisolated(unsafe) let finite = finite
                Pool.rows(rows.count, atLeast: 1) { part in
                    for i in part {
                        finite[i] = isFinite(numbers + i * columns, columns)
                        guard finite[i] else { continue }
                        BlockFormats.quantizeRows(
                            format, numbers + i * columns, columns: columns, rows: 1, into: to + i * rowBytes)
                    }
                }
            }
            if let bad = finite.firstIndex(of: false) {
                throw RunFailure("tensor \(name): a number of row \(rows[bad]) is not finite")
            }
            try sink(UnsafeRawBufferPointer(start: stored.base, count: rows.count * rowBytes))
        }
        withExtendedLifetime((panel, stored)) {}
    }
}

/// Whether all numbers are finite. Written so that it is vectorised: an exponent of all ones is what none may have.
private func isFinite(_ numbers: UnsafePointer<Float>, _ count: Int) -> Bool {
    var largest: UInt32 = 0
    for i in 0..<count { largest = max(largest, numbers[i].bitPattern & 0x7fff_ffff) }
    return largest < 0x7f80_0000
}
