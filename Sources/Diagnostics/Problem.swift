/// One mistake in what the user gave: a file, a flag, a row, a recipe key. Says where, what is wrong, what to do.
///
/// Thrown (alone or as ``Problems``) before anything is written; the program ends with status 2. A mistake of our own
/// is no `Problem` but a trap.
public struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file concerned, as the user named it.
    public var file: String?
    /// Line in the file, from 1.
    public var line: Int?
    /// Column in the line, from 1.
    public var column: Int?
    /// What is wrong, in one sentence without a full stop.
    public var message: String
    /// What to do about it, when that is not obvious.
    public var advice: String?
    /// The line's text, shown with a caret below `column`.
    public var excerpt: String?

    /// A problem; only the message is always known.
    public init(
        _ message: String, file: String? = nil, line: Int? = nil, column: Int? = nil, advice: String? = nil,
        excerpt: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.advice = advice
        self.excerpt = excerpt
    }

    /// `file:line:column: message; advice`, then the excerpt with its caret.
    public var description: String {
        var place = ""
        if let file {
            place = file + (line.map { ":\($0)" } ?? "") + (column.map { ":\($0)" } ?? "") + ": "
        }
        var text = place + message + (advice.map { "; \($0)" } ?? "")
        if let excerpt, let line {
            let gutter = "\(line) | "
            let (shown, column) = Self.part(of: excerpt, around: column)
            text += "\n" + gutter + shown
            if let column {
                text += "\n" + String(repeating: " ", count: gutter.count + column - 1) + "^"
            }
        }
        return text
    }

    /// The part of a long line around a column, and where the column is in it.
    private static func part(of line: String, around column: Int?) -> (text: String, column: Int?) {
        let longest = 160
        if line.count <= longest { return (line, column) }
        let start = max(0, min((column ?? 1) - longest / 2, line.count - longest))
        let end = start + longest < line.count ? "…" : ""
        return (
            (start > 0 ? "…" : "") + line.dropFirst(start).prefix(longest) + end,
            column.map { $0 - start + (start > 0 ? 1 : 0) }
        )
    }
}

/// Several mistakes reported together.
public struct Problems: Error, Sendable, Equatable, CustomStringConvertible {
    /// The mistakes, in the order of the user's files.
    public var list: [Problem]

    /// The given mistakes.
    public init(_ list: [Problem]) { self.list = list }

    /// One problem after the other.
    public var description: String { list.map(\.description).joined(separator: "\n") }

    /// What `body` gives, or nil when it throws mistakes, which are kept with the others: each once, for a template
    /// that is none is met by everything that uses it. Other errors go on.
    public mutating func collect<Value>(_ body: () throws -> Value) throws -> Value? {
        do { return try body() } catch let error as Problem { add([error]) } catch let error as Problems {
            add(error.list)
        }
        return nil
    }

    /// Adds mistakes that are not known already.
    public mutating func add(_ mistakes: [Problem]) {
        let known = Set(list)
        list += mistakes.filter { !known.contains($0) }
    }

    /// Throws the mistakes if there are any.
    public func throwIfAny() throws(Problems) { if !list.isEmpty { throw self } }
}

/// A run that failed through no mistake in the input: disk full, I/O error, non-finite loss. Ends with status 1.
public struct RunFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// What happened, where, and what was kept.
    public var message: String
    /// A failure.
    public init(_ message: String) { self.message = message }
    /// The message.
    public var description: String { message }
}

/// A gate, or the proof of an export or merge, that was not met. Ends with status 3; nothing is left behind.
public struct ProofFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// Which bound, what was measured.
    public var message: String
    /// A failed proof.
    public init(_ message: String) { self.message = message }
    /// The message.
    public var description: String { message }
}
