import Diagnostics
import Foundation
import OrderedJSON
import SafeFiles

/// A JSONL file: one JSON object a line. Mapped into memory and indexed by line; a row is parsed when it is asked for,
/// so the file may be larger than memory. Blank lines are skipped.
public final class RowFile: Sendable {
    /// The file's path, as the user named it.
    public let path: String
    private let file: MappedFile
    private let index: RowIndex

    /// Maps and indexes a file.
    ///
    /// - Throws: ``Problem`` when it cannot be read, holds no row, or is one JSON list instead of a row a line.
    public init(path: String) throws(Problem) {
        self.path = path
        file = try MappedFile(path: path)
        index = RowIndex(file.bytes)
        if index.count == 0 {
            throw Problem("holds no rows", file: path, advice: "a JSONL file has one JSON object a line")
        }
        if bytes(of: 0).first == UInt8(ascii: "[") {
            throw Problem(
                "begins a JSON list, not a row", file: path, line: line(of: 0),
                advice: "write one object a line, without the list around them")
        }
    }

    /// How many rows there are.
    public var count: Int { index.count }

    /// The size of the file in bytes.
    public var byteCount: Int { file.bytes.count }

    /// The line a row stands in, from 1.
    public func line(of row: Int) -> Int { index.line(of: row) }

    /// The bytes of a row without its line end; valid as long as this file lives.
    public func bytes(of row: Int) -> UnsafeRawBufferPointer {
        let start = index[row]
        let rest = UnsafeRawBufferPointer(rebasing: file.bytes[start...])
        guard let base = rest.baseAddress, let newline = memchr(base, 0x0A, rest.count) else { return rest }
        return UnsafeRawBufferPointer(rebasing: rest[..<base.distance(to: UnsafeRawPointer(newline))])
    }

    /// A row as JSON.
    ///
    /// - Throws: ``Problem`` with file and line when it is broken or no object.
    public func value(of row: Int, parser: JSONParser) throws(Problem) -> JSONValue {
        let value: JSONValue
        do {
            value = try parser.parse(bytes(of: row))
        } catch {
            throw problem(RowFault(error.description, advice: "every line is one complete JSON object"), row: row)
        }
        guard case .object = value else {
            throw problem(RowFault("is \(value.kindName), not an object"), row: row)
        }
        return value
    }

    /// A fault of a row as a problem with its file and line.
    public func problem(_ fault: RowFault, row: Int) -> Problem {
        Problem(fault.message, file: path, line: line(of: row), advice: fault.advice)
    }
}

/// What is wrong with a row; its file and line are added by whoever knows them.
public struct RowFault: Error, Sendable, Equatable {
    /// What is wrong, in one sentence.
    public var message: String
    /// What to do about it.
    public var advice: String?

    /// A fault.
    public init(_ message: String, advice: String? = nil) {
        self.message = message
        self.advice = advice
    }
}
