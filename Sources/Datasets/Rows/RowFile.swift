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
        index = RowIndex(file)
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
    public func line(of row: Int) -> Int {
        var cursor = index.cursor(at: row, in: file.bytes)
        return cursor.next()?.line ?? cursor.line
    }

    /// The bytes of a row without its line end; valid as long as this file lives.
    public func bytes(of row: Int) -> UnsafeRawBufferPointer {
        var cursor = index.cursor(at: row, in: file.bytes)
        return UnsafeRawBufferPointer(rebasing: file.bytes[cursor.next()?.bytes ?? 0..<0])
    }

    /// Passes through some rows in order: cheaper than asking for one after the other. What was read leaves this
    /// process's memory afterwards, for the rows of a large file pass by once.
    package func forEachRow(in rows: Range<Int>, _ body: (_ row: Int, _ bytes: UnsafeRawBufferPointer) -> Void) {
        var cursor = index.cursor(at: rows.lowerBound, in: file.bytes)
        let start = cursor.offset
        for row in rows {
            guard let next = cursor.next() else { break }
            body(row, UnsafeRawBufferPointer(rebasing: file.bytes[next.bytes]))
        }
        file.release(start..<min(cursor.offset, file.bytes.count))
    }

    /// Takes a row out of this process's memory after it was read, with what the system has mapped around it, so that
    /// rows taken from all over a large file do not gather there.
    func release(row: Int) {
        var cursor = index.cursor(at: row, in: file.bytes)
        guard let bytes = cursor.next()?.bytes else { return }
        let around = 1 << 20
        file.release(max(0, bytes.lowerBound - around)..<min(file.bytes.count, bytes.upperBound + around))
    }

    /// Refuses to go on with rows that are no longer those that were read first: what a cut file has lost would end the
    /// program.
    func checkUnchanged() throws(RunFailure) {
        guard file.hasChanged else { return }
        throw RunFailure("\(path) was changed by another program: leave data files alone while they are in use")
    }

    /// The rows from one on in pieces of about so many bytes.
    package func pieces(from row: Int, bytes: Int) -> [Range<Int>] { index.pieces(from: row, bytes: bytes) }

    /// A row as JSON.
    ///
    /// - Throws: ``Problem`` with file and line when it is broken or no object.
    public func value(of row: Int, parser: JSONParser) throws(Problem) -> JSONValue {
        do { return try Self.value(bytes(of: row), parser: parser) } catch { throw problem(error, row: row) }
    }

    /// A row's bytes as JSON.
    static func value(_ bytes: UnsafeRawBufferPointer, parser: JSONParser) throws(RowFault) -> JSONValue {
        let value: JSONValue
        do { value = try parser.parse(bytes) } catch { throw RowFault(notJSON: error) }
        guard case .object = value else { throw RowFault("is \(value.kindName), not an object") }
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

    /// Text, for a model whose directory has no tokenizer.
    public static var noTokenizer: RowFault {
        RowFault(
            "needs a tokenizer, and the model's directory has none",
            advice: "put the model's tokenizer.json there, or give rows of input_ids")
    }

    /// A row that nothing can be learned from.
    static var noAnswer: RowFault {
        RowFault("has no assistant turn to learn from", advice: "every row needs an answer")
    }

    /// A line that is no JSON.
    init(notJSON error: JSONError) { self.init(error.description, advice: "every line is one complete JSON object") }
}
