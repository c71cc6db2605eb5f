import Datasets
import Diagnostics
import OrderedJSON
import Tokenizers

/// Rows kept from training, ready to be measured.
public struct HeldOut: Sendable {
    /// One row.
    public struct Row: Sendable {
        /// Which of the files.
        public var file: Int
        /// Its line there.
        public var line: Int
        /// What the loss is measured on.
        public var samples: [Sample]
        /// What is asked, when the row ends with an answer.
        public var question: Question?
    }

    /// A prompt with the answer it should get.
    public struct Question: Sendable {
        /// The ids after which the model answers.
        public var prompt: [Int32]
        /// The answer as the row has it.
        public var reference: String
        /// How many tokens it takes.
        public var referenceTokens: Int
    }

    /// The files, in order.
    public var files: [String] = []
    /// The rows, in order.
    public var rows: [Row] = []
    /// Samples left out because they are too long.
    public var dropped = 0
    /// What is odd about a row but no fault, with its place.
    public var warnings: [String] = []

    /// Reads files; every fault of every row is thrown together.
    public init(files: [String], builder: SampleBuilder) throws {
        self.files = files
        var problems: [Problem] = []
        let parser = JSONParser()
        for (number, path) in files.enumerated() {
            let file: RowFile
            do { file = try RowFile(path: path) } catch {
                problems.append(error)
                continue
            }
            for row in 0..<file.count {
                do {
                    let value = try file.value(of: row, parser: parser)
                    do throws(RowFault) {
                        try add(Datasets.Row(value), file: number, line: file.line(of: row), builder)
                    } catch { problems.append(file.problem(error, row: row)) }
                } catch { problems.append(error) }
            }
        }
        try Problems(problems).throwIfAny()
    }

    private mutating func add(
        _ row: Datasets.Row, file: Int, line: Int, _ builder: SampleBuilder
    ) throws(RowFault) {
        let result = try builder.samples(for: row)
        dropped += result.dropped
        if let warning = result.warning { warnings.append("\(files[file]):\(line): \(warning)") }
        if result.samples.isEmpty { return }
        rows.append(
            Row(file: file, line: line, samples: result.samples, question: try Self.question(row, builder.renderer)))
    }

    private static func question(_ row: Datasets.Row, _ renderer: PromptRenderer) throws(RowFault) -> Question? {
        let conversation: Conversation
        switch row {
        case .conversation(let own), .preference(let own, _): conversation = own
        case .text, .tokens: return nil
        }
        guard let last = conversation.messages.last, last["role"]?.stringValue == "assistant" else { return nil }
        let reference = last.spokenText
        if reference.isEmpty { return nil }
        let before = Conversation(messages: Array(conversation.messages.dropLast()), tools: conversation.tools)
        return Question(
            prompt: try renderer.promptIDs(before), reference: reference,
            referenceTokens: renderer.tokenizer.encode(reference).count)
    }

    /// The numbers of the rows of a file.
    public func rows(of file: Int) -> [Int] { rows.indices.filter { rows[$0].file == file } }
}

extension JSONValue {
    /// The text of a message: its content, or the text parts of it.
    fileprivate var spokenText: String {
        if let text = self["content"]?.stringValue { return text }
        return (self["content"]?.arrayValue ?? []).compactMap { $0.stringValue ?? $0["text"]?.stringValue }.joined()
    }
}
