import Diagnostics

/// Where a setting was written.
enum Place: Sendable, Equatable {
    /// In the recipe, counted from 1.
    case file(line: Int, column: Int)
    /// On the command line: the words after `--set`.
    case flag(String)
}

/// A value as the user wrote it, with its place: what a YAML document holds, before anything is checked.
indirect enum Setting: Sendable {
    /// A word, number or text; `isPlain` when it was not quoted.
    case scalar(String, isPlain: Bool, Place)
    case list([Setting], Place)
    case mapping([SettingMember], Place)

    var place: Place {
        switch self {
        case .scalar(_, _, let place), .list(_, let place), .mapping(_, let place): place
        }
    }

    /// Nothing written, `~` or `null`.
    var isNull: Bool {
        if case .scalar(let text, isPlain: true, _) = self { return ["", "~", "null", "Null", "NULL"].contains(text) }
        return false
    }

    /// The text of an unquoted scalar: what numbers and booleans are read from.
    var plainText: String? { if case .scalar(let text, isPlain: true, _) = self { text } else { nil } }

    /// The text of any scalar but null.
    var text: String? {
        if isNull { return nil }
        if case .scalar(let text, _, _) = self { return text }
        return nil
    }

    /// The same, where it is not empty.
    var filledText: String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    /// The value in the words of an error message.
    var shown: String {
        switch self {
        case .scalar(let text, let isPlain, _): isNull ? "nothing" : isPlain ? text : "the text \"\(text)\""
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A key of a mapping with its value.
struct SettingMember: Sendable {
    let key: String
    let keyPlace: Place
    let value: Setting
}

/// Something wrong with one setting.
struct Mistake: Error {
    let place: Place
    let message: String
    var advice: String?
}

extension Mistake {
    /// The mistake as the user sees it.
    func problem(in source: RecipeSource) -> Problem {
        switch place {
        case .flag(let text): Problem(message, file: "--set \(text)", advice: advice)
        case .file(let line, let column):
            Problem(
                message, file: source.file, line: line, column: column, advice: advice, excerpt: source.excerpt(line))
        }
    }
}
