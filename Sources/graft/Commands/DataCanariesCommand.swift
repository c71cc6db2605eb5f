import ArgumentParser
import Datasets
import Diagnostics
import Evaluation
import Foundation
import OrderedJSON
import SafeFiles

/// `graft data canaries`: plants made-up secrets in training data, to be looked for afterwards.
struct DataCanariesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "canaries",
        abstract: "Copies a data file with made-up secrets planted in it, to see later what a model memorises.",
        discussion: """
            Train on the copy, then 'graft audit --canaries' tells whether the trained model finds the planted secrets likelier \
            than controls that were planted nowhere. Never ship a model that was trained on canaries for its own sake: train it \
            again without them.
            """)

    @Argument(help: "A data file (JSONL).")
    var file: String

    @Option(name: [.short, .long], help: "The copy with the canaries in it.")
    var output: String

    @Option(help: "Where the secrets and their controls are kept (JSONL); keep it from training.")
    var keys: String

    @Option(parsing: .unconditional, help: "How many different secrets.")
    var count = 10

    @Option(parsing: .unconditional, help: "How many rows hold each of them; 0 plants none.")
    var times = 10

    @Option(parsing: .unconditional, help: "How many controls each is compared with.")
    var controls = 200

    @Option(parsing: .unconditional, help: "Decides secrets, controls and places.")
    var seed: UInt64 = 42

    @Flag(help: "Replace files that exist.")
    var overwrite = false

    mutating func validate() throws {
        try FlagRange.check("--count", count, to: 1000)
        try FlagRange.check("--times", times, from: 0)
        try FlagRange.check("--controls", controls, from: 19, to: 10_000)
    }

    func run() throws {
        let rows = try RowFile(path: file)
        var problems: [Problem] = []
        for path in [output, keys] {
            if !overwrite && FileManager.default.fileExists(atPath: path) {
                problems.append(Problem("exists already", file: path, advice: "give another name, or --overwrite"))
            }
            if let problem = WritablePlace.problem(ofFile: path) { problems.append(problem) }
            if WritablePlace.isSame(path, file) {
                problems.append(Problem("would replace the file that is read", file: path, advice: "write elsewhere"))
            }
        }
        if WritablePlace.isSame(output, keys) {
            problems.append(Problem("is both --output and --keys", file: keys, advice: "give two names"))
        }
        try Problems(problems).throwIfAny()
        // Canaries look like the file's rows, as far as that can be: running text among running text, else a question.
        let parser = JSONParser()
        let isText = try rows.withRow(0, parser: parser) { row in if case .text = row { true } else { false } }
        let canaries = Canary.make(count, controls: controls, times: times, isText: isText, seed: seed)
        let lines = (0..<rows.count).map { String(decoding: rows.bytes(of: $0), as: UTF8.self) }
        let copy = try written(Canary.plant(canaries, in: lines, seed: seed), to: output)
        let secrets = try written(canaries.map { $0.json.serialized() }, to: keys)
        try copy.commit()
        try secrets.commit()
        try Output.line("\(output): \(rows.count) rows and \(count * times) planted ones")
        try Output.line("\(keys): \(count) secrets, each with \(controls) controls")
    }

    /// A file with some lines, which appears when it is committed: the copy is worth nothing without its keys.
    private func written(_ lines: [String], to path: String) throws -> AtomicFile {
        let file = try AtomicFile(path: path)
        for line in lines { try file.write(line + "\n") }
        return file
    }
}
