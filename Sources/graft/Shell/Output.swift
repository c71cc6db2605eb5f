import Diagnostics
import Foundation
import Synchronization

/// Results on standard output, and nothing but results.
enum Output {
    private static let buffer = Mutex<[UInt8]>([])
    private static let limit = 1 << 16

    /// Writes a line.
    static func line(_ text: String) throws {
        try Self.text(text + "\n")
    }

    /// Writes text as it is.
    static func text(_ text: String) throws {
        var text = text
        try text.withUTF8 { try bytes(UnsafeRawBufferPointer($0)) }
    }

    /// Writes bytes.
    static func bytes(_ bytes: UnsafeRawBufferPointer) throws {
        try buffer.withLock { buffer in
            buffer.append(contentsOf: bytes)
            if buffer.count >= limit { try write(&buffer) }
        }
    }

    /// Hands everything to the system: before waiting for input, and at the end.
    static func flush() throws {
        try buffer.withLock { try write(&$0) }
    }

    private static func write(_ buffer: inout [UInt8]) throws {
        defer { buffer.removeAll(keepingCapacity: true) }
        try buffer.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Foundation.write(
                    STDOUT_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written >= 0 {
                    rest = rest.dropFirst(written)
                } else if errno == EPIPE {
                    throw OutputClosed()
                } else if errno != EINTR {
                    throw RunFailure("the results cannot be written: \(String(cString: strerror(errno)))")
                }
            }
        }
    }
}

/// Thrown when whoever read our results has stopped reading.
struct OutputClosed: Error {}
