import ArgumentParser
import Diagnostics
import Dispatch
import Foundation
import Kernels
import OrderedJSON
import SafeFiles
import Synchronization
import Tokenizers

/// `graft bench tokenize`: cutting text into tokens.
struct BenchTokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Times cutting a file's lines into tokens.",
        discussion:
            "Measures one thread, then as many as --threads says. Lines are cut one by one, as rows of data are.")

    @Option(help: "A model directory (only its tokenizer is read) or a GGUF file.")
    var model: String

    @Option(help: "A text file; its first 64 MB are cut.")
    var text: String

    @Option(parsing: .unconditional, help: "Runs that count; one more goes before them.")
    var runs = 3

    @Option(parsing: .unconditional, help: "How many threads cut (default: all processors this process may use).")
    var threads: Int?

    @Flag(help: "Write one JSON object for each number of threads.")
    var json = false

    mutating func validate() throws {
        try FlagRange.check("--runs", runs)
        if let threads { try FlagRange.check("--threads", threads, to: ComputeOptions.mostThreads) }
    }

    func run() throws {
        let tokenizer = try OpenedModel.tokenizer(model)
        let file = try MappedFile(path: text)
        let bytes = withExtendedLifetime(file) { Data(file.bytes.prefix(64_000_000)) }
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        let size = lines.reduce(0) { $0 + $1.utf8.count }
        guard size > 0 else { throw Problem("has no text", file: text) }
        let load = BenchCommand.checkedLoad()
        let most = threads ?? Threads.preferred.count
        for count in most > 1 ? [1, most] : [1] {
            var seconds: [Double] = []
            var ids = 0
            for run in 0...runs {
                let start = ContinuousClock.now
                ids = Self.encode(lines, with: tokenizer, threads: count)
                if run > 0 { seconds.append((ContinuousClock.now - start).seconds) }
            }
            let median = seconds.median
            if json {
                let value: JSONValue = [
                    "threads": .integer(count), "bytes": .integer(size), "lines": .integer(lines.count),
                    "tokens": .integer(ids), "megabytes_per_second": .number(Double(size) / median / 1e6),
                    "tokens_per_second": .number(Double(ids) / median), "load": load.map(JSONValue.number) ?? nil,
                ]
                try Output.line(value.serialized(.python))
            } else {
                try BenchCommand.line(
                    "\(count) thread\(count == 1 ? "" : "s")", "%8.1f MB a second  %10.0f tokens a second",
                    Double(size) / median / 1e6, Double(ids) / median)
            }
        }
    }

    /// The number of tokens of all lines.
    private static func encode(_ lines: [String], with tokenizer: Tokenizer, threads: Int) -> Int {
        let sum = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: threads) { part in
            let own = lines[lines.count * part / threads..<lines.count * (part + 1) / threads]
            let count = own.reduce(0) { $0 + tokenizer.encode($1).count }
            sum.withLock { $0 += count }
        }
        return sum.withLock { $0 }
    }
}
