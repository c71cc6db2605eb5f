import Foundation
import SafeFiles

/// Where the rows of a file are: a mark every 16 KiB, and what lies between two marks is counted when it is asked for.
/// So the index of ten million rows takes a megabyte or two, not the memory of their offsets.
struct RowIndex: Sendable {
    /// The beginning of a line with what came before it.
    private struct Mark: Sendable {
        var offset: Int
        var row: Int
        var line: Int
    }

    private static let spacing = 1 << 14
    private var marks: [Mark] = []
    /// How many rows there are: lines that hold more than white space.
    private(set) var count = 0

    /// Finds the lines of a file, passing through it once.
    init(_ file: MappedFile) {
        var cursor = RowCursor(bytes: file.bytes, offset: file.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
        var released = 0
        while true {
            if cursor.offset - (marks.last?.offset ?? -Self.spacing) >= Self.spacing {
                marks.append(Mark(offset: cursor.offset, row: cursor.row, line: cursor.line))
            }
            guard cursor.next() != nil else { break }
            if cursor.offset - released >= 64 << 20 {
                file.release(released..<min(cursor.offset, file.bytes.count))
                released = cursor.offset
            }
        }
        count = cursor.row
    }

    /// What gives the rows from one on.
    func cursor(at row: Int, in bytes: UnsafeRawBufferPointer) -> RowCursor {
        precondition(row >= 0 && row <= count, "RowIndex: there is no row \(row) of \(count)")
        var (from, to) = (0, marks.count)
        while from + 1 < to {
            let middle = (from + to) / 2
            if marks[middle].row <= row { from = middle } else { to = middle }
        }
        var cursor = RowCursor(bytes: bytes, offset: marks[from].offset)
        (cursor.row, cursor.line) = (marks[from].row, marks[from].line)
        while cursor.row < row, cursor.next() != nil {}
        return cursor
    }

    /// The rows from one on in pieces of about so many bytes.
    func pieces(from row: Int, bytes: Int) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var (start, offset) = (row, 0)
        for mark in marks where mark.row > row {
            if mark.offset - offset < bytes || mark.row == start { continue }
            pieces.append(start..<mark.row)
            (start, offset) = (mark.row, mark.offset)
        }
        if start < count { pieces.append(start..<count) }
        return pieces
    }
}

/// Gives the rows of a file one after the other.
struct RowCursor {
    fileprivate let bytes: UnsafeRawBufferPointer
    /// Where the next line begins.
    fileprivate(set) var offset: Int
    /// Rows before it.
    fileprivate(set) var row = 0
    /// Lines before it.
    fileprivate(set) var line = 0

    fileprivate init(bytes: UnsafeRawBufferPointer, offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }

    /// The next row's bytes, without its line end, and its line, from 1; nil behind the last row.
    mutating func next() -> (bytes: Range<Int>, line: Int)? {
        while offset < bytes.count, let base = bytes.baseAddress {
            let newline = memchr(base + offset, 0x0A, bytes.count - offset)
            let range = offset..<(newline.map { base.distance(to: UnsafeRawPointer($0)) } ?? bytes.count)
            offset = range.upperBound + 1
            line += 1
            if isBlank(range) { continue }
            row += 1
            return (range, line)
        }
        return nil
    }

    private func isBlank(_ range: Range<Int>) -> Bool {
        for at in range where bytes[at] != 0x20 && bytes[at] != 0x09 && bytes[at] != 0x0D { return false }
        return true
    }
}
