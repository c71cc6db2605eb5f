import Diagnostics
import Foundation

/// Lines of standard input, as many at a time as have arrived: a program that writes a line and waits for the answer
/// gets it, and one that writes a gigabyte is read in large pieces.
struct LineReader {
    private static let chunk = 1 << 20

    /// The number, from 1, of the first line that ``next()`` gave last.
    private(set) var firstLine = 1
    private var given = 0
    private var rest: [UInt8] = []
    private var isAtEnd = false

    /// The next lines without their ends; nil at the end of the input. A last line needs no end.
    mutating func next() throws -> [[UInt8]]? {
        firstLine += given
        given = 0
        while !isAtEnd {
            try Output.flush()
            let start = rest.count
            guard try read() else { break }
            // What was there before holds no line end.
            guard let end = rest[start...].lastIndex(of: 0x0A) else { continue }
            let lines = rest[..<end].split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
            rest.removeFirst(end + 1)
            given = lines.count
            return lines
        }
        isAtEnd = true
        if rest.isEmpty { return nil }
        defer { rest = [] }
        given = 1
        return [rest]
    }

    private mutating func read() throws -> Bool {
        var count = 0
        let piece = [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, initialized in
            repeat {
                count = Foundation.read(STDIN_FILENO, buffer.baseAddress, Self.chunk)
            } while count < 0 && errno == EINTR
            initialized = max(0, count)
        }
        guard count >= 0 else {
            throw RunFailure("standard input cannot be read: \(String(cString: strerror(errno)))")
        }
        rest += piece
        return count > 0
    }
}
