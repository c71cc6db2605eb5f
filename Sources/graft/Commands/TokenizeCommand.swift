import ArgumentParser
import Diagnostics
import OrderedJSON
import Tokenizers

/// `graft tokenize`: text on standard input, ids on standard output.
struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Cuts lines of text into token ids.",
        discussion:
            "Reads standard input and writes one JSON array of ids a line. A line's end is not part of its text.")

    @Option(help: "A model directory (only its tokenizer is read) or a GGUF file.")
    var model: String

    @Flag(help: "Add the special tokens that surround a text, such as BOS.")
    var addSpecialTokens = false

    @Flag(help: "Each input line is a JSON string, which may hold line ends.")
    var jsonLines = false

    func run() throws {
        let tokenizer = try OpenedModel.tokenizer(model)
        var reader = LineReader()
        while let lines = try reader.next() {
            let first = reader.firstLine
            let texts = lines.concurrentMap { line, number in
                Result { () throws(Problem) in
                    let text = try self.text(line, number: first + number)
                    return IDList.text(tokenizer.encode(text, addSpecialTokens: addSpecialTokens))
                }
            }
            for text in texts { try Output.line(try text.get()) }
        }
    }

    private func text(_ line: [UInt8], number: Int) throws(Problem) -> String {
        guard line.count < 1 << 31 else { throw problem(number, "is longer than 2 GiB") }
        if !jsonLines {
            guard let text = String(validating: line, as: UTF8.self) else { throw problem(number, "is not UTF-8 text") }
            return text
        }
        let value: JSONValue
        do { value = try JSONValue(parsing: line) } catch { throw problem(number, error.description) }
        guard let text = value.stringValue else { throw problem(number, "is \(value.kindName), not a JSON string") }
        return text
    }

    private func problem(_ line: Int, _ message: String) -> Problem {
        Problem(message, file: "standard input", line: line)
    }
}
