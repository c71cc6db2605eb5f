import Kernels
import SafeFiles
import WeightFiles

/// A tensor of a GGUF file that is a part of one of transformers' files.
struct AssembledPart {
    let tensor: StoredTensor
    /// Which row of the whole its first row is, its second …; nil for all in order.
    let rows: [Int]?
    /// Into how many groups of rows of the whole it is cut, each of which is stored transposed.
    let transposedGroups: Int?
}

extension StoredTensor {
    /// A tensor in memory put together from parts that cover it. In the parts' own format where that is possible, else
    /// in f32: rows of blocks can be moved but not transposed.
    init(assembling name: String, shape: [Int], _ parts: [AssembledPart]) {
        let (rows, columns) = (shape.dropLast().reduce(1, *), shape.last ?? 1)
        let formats = Set(parts.compactMap(\.tensor.format.element))
        let turns = parts.contains { $0.transposedGroups != nil }
        let own = formats.count == 1 ? formats.first : nil
        let format = own.flatMap { $0.isBlock && turns ? nil : $0 } ?? .f32
        let rowBytes = format.rowBytes(columns)
        let path = parts.first?.tensor.file.path ?? name
        let file = MappedFile(inMemory: rows * rowBytes, standingFor: path) { to in
            for part in parts { part.write(as: format, columns: columns, to: to) }
        }
        self.init(name: name, shape: shape, format: .element(format), file: file, range: 0..<rows * rowBytes)
    }

    /// The numbers of some rows in f32, each of equal groups of them transposed.
    ///
    /// - Parameter groups: how many; the result has as many columns as a group has rows.
    public func transposed(groups: Int) -> StoredTensor {
        let height = rows / groups
        precondition(height * groups == rows, "\(name): \(rows) rows in \(groups) groups")
        let values = floats() ?? []
        let copy = MappedFile(inMemory: values.count * 4, standingFor: file.path) { to in
            transpose(values, groups: groups, rows: height, columns: columns, to.assumingMemoryBound(to: Float.self))
        }
        return StoredTensor(
            name: name, shape: [groups * columns, height], format: .element(.f32), file: copy,
            range: 0..<values.count * 4)
    }
}

extension AssembledPart {
    /// Writes the rows to their places in the whole, which has rows of `columns` numbers of `format`.
    fileprivate func write(as format: ElementFormat, columns: Int, to: UnsafeMutableRawBufferPointer) {
        let rowBytes = format.rowBytes(columns)
        func place(_ row: Int, _ bytes: UnsafeRawBufferPointer) {
            let at = (rows?[row] ?? row) * rowBytes
            UnsafeMutableRawBufferPointer(rebasing: to[at..<at + rowBytes]).copyMemory(from: bytes)
        }
        guard transposedGroups != nil || tensor.format.element != format else {
            for row in 0..<tensor.rows {
                place(row, UnsafeRawBufferPointer(rebasing: tensor.bytes[row * rowBytes..<(row + 1) * rowBytes]))
            }
            return
        }
        // Expanding and rounding back gives the same bits where the format is the part's own.
        let turned = transposedGroups.map { tensor.transposed(groups: $0) } ?? tensor
        var row = 0
        let numbers = turned.floats() ?? []
        let stored = Storage(byteCount: rowBytes)
        numbers.withUnsafeBufferPointer { numbers in
            guard let start = numbers.baseAddress else { return }
            while row * columns < numbers.count {
                BlockFormats.quantizeRows(format, start + row * columns, columns: columns, rows: 1, into: stored.base)
                place(row, UnsafeRawBufferPointer(start: stored.base, count: rowBytes))
                row += 1
            }
        }
        withExtendedLifetime(stored) {}
    }
}

/// Each of equal groups of rows transposed, one after the other.
private func transpose(
    _ from: [Float], groups: Int, rows: Int, columns: Int, _ to: UnsafeMutableBufferPointer<Float>
) {
    from.withUnsafeBufferPointer { from in
        nonisolated(unsafe) let (from, to) = (from, to)
        Pool.rows(groups * columns) { part in
            for target in part {
                let (group, column) = (target / columns, target % columns)
                for row in 0..<rows { to[target * rows + row] = from[(group * rows + row) * columns + column] }
            }
        }
    }
}

extension StoredTensor {
    /// The same under another name and, where one is given, in another shape of as many numbers.
    func named(_ name: String, shape: [Int]? = nil) -> StoredTensor {
        StoredTensor(name: name, shape: shape ?? self.shape, format: format, file: file, range: range)
    }

    /// One of equal parts along the first dimension, without that dimension.
    func part(_ number: Int, of count: Int) -> StoredTensor {
        guard count > 1 else { return self }
        let bytes = range.count / count
        let first = range.lowerBound + number * bytes
        return StoredTensor(
            name: name, shape: Array(shape.dropFirst()), format: format, file: file, range: first..<first + bytes)
    }

    /// A copy in memory whose row `order[i]` is row `i` of this tensor. Rows are whole blocks, so any format can be
    /// moved; a vector's rows are its numbers.
    func unordered(_ order: [Int]?) -> StoredTensor {
        let rows = shape.count == 1 ? count : rows
        guard let order, order.count == rows else { return self }
        let rowBytes = range.count / max(1, rows)
        let copy = MappedFile(inMemory: range.count, standingFor: file.path) { to in
            for (row, target) in order.enumerated() {
                let from = UnsafeRawBufferPointer(rebasing: bytes[row * rowBytes..<(row + 1) * rowBytes])
                UnsafeMutableRawBufferPointer(rebasing: to[target * rowBytes..<(target + 1) * rowBytes]).copyMemory(
                    from: from)
            }
        }
        return StoredTensor(name: name, shape: shape, format: format, file: copy, range: 0..<range.count)
    }

    /// A copy in memory, in f32, with a number taken from all.
    func lowered(by offset: Float) -> StoredTensor {
        guard let values = floats() else { return self }
        let copy = MappedFile(inMemory: values.count * 4, standingFor: file.path) { to in
            values.map { $0 - offset }.withUnsafeBytes { to.copyMemory(from: $0) }
        }
        return StoredTensor(
            name: name, shape: shape, format: .element(.f32), file: copy, range: 0..<values.count * 4)
    }
}
