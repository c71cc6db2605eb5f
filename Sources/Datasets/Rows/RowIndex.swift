import Foundation

/// Where each row of a file begins: five bytes a row, so that a file of a hundred million rows needs half a gigabyte
/// of index and not the file itself in memory. Offsets reach to 1 TiB.
struct RowIndex: Sendable {
    private var low: [UInt32] = []
    private var high: [UInt8] = []
    /// The numbers of the rows that blank lines stand before, ascending; one entry a blank line.
    private var blankBefore: [Int] = []

    /// Finds the lines of a file that hold more than white space.
    init(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0  // a byte order mark is no content
        while start < bytes.count {
            let newline = memchr(base + start, 0x0A, bytes.count - start)
            let end = newline.map { base.distance(to: UnsafeRawPointer($0)) } ?? bytes.count
            if Self.isBlank(bytes, start, end) {
                blankBefore.append(low.count)
            } else {
                low.append(UInt32(truncatingIfNeeded: start))
                high.append(UInt8(truncatingIfNeeded: start >> 32))
            }
            start = end + 1
        }
    }

    private static func isBlank(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        for at in start..<end where bytes[at] != 0x20 && bytes[at] != 0x09 && bytes[at] != 0x0D { return false }
        return true
    }

    /// How many rows there are.
    var count: Int { low.count }

    /// Where a row begins in the file, in bytes.
    subscript(row: Int) -> Int { Int(high[row]) << 32 | Int(low[row]) }

    /// The line of a row, from 1.
    func line(of row: Int) -> Int {
        var (from, to) = (0, blankBefore.count)
        while from < to {
            let middle = (from + to) / 2
            if blankBefore[middle] <= row { from = middle + 1 } else { to = middle }
        }
        return row + 1 + from
    }
}
