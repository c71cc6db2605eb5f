import Diagnostics

/// What some data files hold and what is wrong with them.
public struct DataSummary: Sendable, Equatable {
    /// Rows read.
    public var rows = 0
    /// Those of them that were rendered and cut into tokens; of the others the shape was checked.
    public var rowsInFull = 0
    /// Rows of each kind, by the kind's name.
    public var kinds: [String: Int] = [:]
    /// Samples the rows give.
    public var samples = 0
    /// Tokens in them.
    public var tokens = 0
    /// Tokens with loss.
    public var targets = 0
    /// The longest sample in tokens.
    public var longest = 0
    /// Samples left out because they are too long.
    public var dropped = 0
    /// Samples whose prompt was cut.
    public var truncated = 0
    /// Rows that give several samples: split documents, and conversations taken turn by turn.
    public var divided = 0
    /// Samples that a chat template wrote.
    public var templated = 0
    /// Those of them in which an end of turn carries loss.
    public var turnEnds = 0
    /// Rows with a fault.
    public var faultyRows = 0
    /// The first faults, with file and line, and what is wrong with the data as a whole.
    public var problems: [Problem] = []
    /// Rows that are odd but no fault.
    public var warnedRows = 0
    /// The first of these.
    public var warnings: [Problem] = []

    /// Problems and warnings beyond this number are counted, not kept.
    public static let kept = 100

    /// Nothing read yet.
    public init() {}

    /// Adds what was found in later rows.
    mutating func add(_ other: DataSummary) {
        rows += other.rows
        rowsInFull += other.rowsInFull
        kinds.merge(other.kinds, uniquingKeysWith: +)
        samples += other.samples
        tokens += other.tokens
        targets += other.targets
        longest = max(longest, other.longest)
        dropped += other.dropped
        truncated += other.truncated
        divided += other.divided
        templated += other.templated
        turnEnds += other.turnEnds
        faultyRows += other.faultyRows
        problems += other.problems.prefix(Self.kept - problems.count)
        warnedRows += other.warnedRows
        warnings += other.warnings.prefix(Self.kept - warnings.count)
    }

    mutating func addFault(_ problem: Problem) {
        faultyRows += 1
        if problems.count < Self.kept { problems.append(problem) }
    }

    mutating func addWarning(_ problem: Problem) {
        warnedRows += 1
        if warnings.count < Self.kept { warnings.append(problem) }
    }

    /// Adds what can only be said of all rows together.
    mutating func conclude(files: [RowFile]) {
        if faultyRows > problems.count {
            problems.append(Problem("\(faultyRows - problems.count) more rows are wrong"))
        }
        guard faultyRows == 0 else { return }
        let name = files.map(\.path).joined(separator: ", ")
        if templated > 0 && turnEnds == 0 {
            problems.append(
                Problem(
                    "the chat template ends no assistant turn: the model would never learn to stop", file: name,
                    advice: "give data.template a file that writes {{ eos_token }} behind every answer"))
        }
        if samples == 0 {
            problems.append(
                Problem(
                    dropped > 0 ? "every row is longer than data.max_length" : "no row can be trained on", file: name,
                    advice: dropped > 0 ? "raise it, or set data.too_long: truncate" : nil))
        }
    }
}

extension Row {
    /// The kind's name in a summary.
    public var kindName: String {
        switch self {
        case .conversation: "conversation"
        case .text: "text"
        case .tokens: "input_ids"
        case .preference: "preference"
        }
    }
}
