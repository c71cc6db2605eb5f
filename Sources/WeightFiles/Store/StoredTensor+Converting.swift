import Diagnostics
import Kernels
import SafeFiles

extension StoredTensor {
    /// Hands the rows to the sink in another format, a panel at a time, expanded and stored on the pool.
    ///
    /// - Parameters:
    ///   - format: how to store them; rows must fill its blocks, and it must be writable unless nothing changes.
    ///   - order: which stored row comes first, second …; it may leave rows out. Nil for all in the stored order.
    ///   - adding: adds to a panel's numbers, row after row, before they are stored; nil adds nothing, and rows that
    ///     have the format already are handed on as they are.
    /// - Throws: ``Problem`` for a number that is not finite or too large for the format, and what the sink throws.
    ///   Traps unless the tensor's own format can be expanded.
    public func write(
        as format: ElementFormat, order: [Int]? = nil, to sink: ByteSink,
        adding: ((_ rows: [Int], _ numbers: UnsafeMutablePointer<Float>) -> Void)? = nil
    ) throws {
        guard let own = self.format.element else { preconditionFailure("\(name) cannot be expanded") }
        guard let start = bytes.baseAddress else { return }
        if own == format && adding == nil {
            let rowBytes = own.rowBytes(columns)
            guard let order else { return try sink(bytes) }
            for row in order {
                try sink(UnsafeRawBufferPointer(rebasing: bytes[row * rowBytes..<(row + 1) * rowBytes]))
            }
            return
        }
        let columns = columns
        nonisolated(unsafe) let from = start
        let source = RowSource(name: name, file: file.path, rows: rows, columns: columns) { row, to in
            BlockFormats.expandRows(own, from, columns: columns, rows: row..<row + 1, into: to)
        }
        try withExtendedLifetime(file) { try source.write(as: format, order: order, to: sink, adding: adding) }
    }
}

/// Rows of numbers that are made one at a time, on any thread.
public struct RowSource {
    /// Numbers in a panel: a few megabytes, so that a panel's floats stay in the caches.
    private static let panelNumbers = 1 << 20

    /// What they are, for messages.
    public let name: String
    /// Where they are from, for messages.
    public let file: String
    /// How many there are.
    public let rows: Int
    /// Numbers in each.
    public let columns: Int
    /// Makes one row.
    public let expand: @Sendable (_ row: Int, _ into: UnsafeMutablePointer<Float>) -> Void

    /// Rows made by `expand`.
    public init(
        name: String, file: String, rows: Int, columns: Int,
        expand: @escaping @Sendable (_ row: Int, _ into: UnsafeMutablePointer<Float>) -> Void
    ) {
        (self.name, self.file, self.rows, self.columns, self.expand) = (name, file, rows, columns, expand)
    }

    /// Hands the rows to the sink in a format; see ``StoredTensor/write(as:order:to:adding:)``.
    public func write(
        as format: ElementFormat, order: [Int]? = nil, to sink: ByteSink,
        adding: ((_ rows: [Int], _ numbers: UnsafeMutablePointer<Float>) -> Void)? = nil
    ) throws {
        let (columns, rowBytes, expand) = (columns, format.rowBytes(columns), expand)
        let count = order?.count ?? rows
        let height = min(count, max(1, Self.panelNumbers / max(1, columns)))
        let panel = Storage(byteCount: height * columns * 4)
        let stored = Storage(byteCount: height * rowBytes)
        nonisolated(unsafe) let (numbers, to) = (panel.base.assumingMemoryBound(to: Float.self), stored.base)
        for first in stride(from: 0, to: count, by: max(1, height)) {
            let range = first..<min(count, first + height)
            let rows = order.map { Array($0[range]) } ?? Array(range)
            Pool.rows(rows.count, atLeast: 1) { part in for i in part { expand(rows[i], numbers + i * columns) } }
            adding?(rows, numbers)
            var outcomes = [Outcome](repeating: .stored, count: rows.count)
            outcomes.withUnsafeMutableBufferPointer { outcomes in
                nonisolated(unsafe) let outcomes = outcomes
                Pool.rows(rows.count, atLeast: 1) { part in
                    for i in part {
                        outcomes[i] = Self.store(numbers + i * columns, columns, as: format, to + i * rowBytes)
                    }
                }
            }
            if let bad = outcomes.firstIndex(where: { $0 != .stored }) {
                throw outcomes[bad] == .notFinite
                    ? Problem(
                        "tensor \(name): a number of row \(rows[bad]) is not finite", file: file,
                        advice: "the file is damaged; copy it again")
                    : Problem(
                        "tensor \(name): row \(rows[bad]) has numbers that are too large for \(format.name)",
                        file: file,
                        advice: "choose a format that can hold them, such as bf16 or f32")
            }
            try sink(UnsafeRawBufferPointer(start: stored.base, count: rows.count * rowBytes))
        }
        withExtendedLifetime((panel, stored)) {}
    }
}

extension RowSource {
    /// What became of a row.
    private enum Outcome { case stored, notFinite, tooLarge }

    /// From here on a row that has been stored is read back: numbers and scales in f16 end at 65504.
    private static let nearTheEnd: Float = 32768

    /// Stores one row. Where it is read back its numbers are overwritten.
    private static func store(
        _ row: UnsafeMutablePointer<Float>, _ columns: Int, as format: ElementFormat, _ to: UnsafeMutableRawPointer
    ) -> Outcome {
        let largest = largestMagnitude(row, columns)
        guard largest.isFinite else { return .notFinite }
        BlockFormats.quantizeRows(format, row, columns: columns, rows: 1, into: to)
        guard largest >= nearTheEnd, format != .f32 else { return .stored }
        BlockFormats.expandRows(format, to, columns: columns, rows: 0..<1, into: row)
        return largestMagnitude(row, columns).isFinite ? .stored : .tooLarge
    }
}

/// The largest magnitude, by its bits, so that it is vectorised: infinite or a NaN where a number is.
private func largestMagnitude(_ numbers: UnsafePointer<Float>, _ count: Int) -> Float {
    var largest: UInt32 = 0
    for i in 0..<count { largest = max(largest, numbers[i].bitPattern & 0x7fff_ffff) }
    return Float(bitPattern: largest)
}
