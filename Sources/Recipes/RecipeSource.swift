import Diagnostics
import Yams

/// A recipe's text and the settings in it.
struct RecipeSource: Sendable {
    let file: String
    private let lines: [Substring]

    init(file: String, text: String) {
        self.file = file
        lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    }

    /// The text of a line counted from 1.
    func excerpt(_ line: Int) -> String? { lines.indices.contains(line - 1) ? String(lines[line - 1]) : nil }

    /// The document's settings; nil when it holds nothing but comments. Keys that are given again become mistakes,
    /// wherever they stand, and the first of them counts.
    func settings(of text: String, _ mistakes: inout [Mistake]) throws(Problem) -> Setting? {
        var text = text
        var repeated = 0
        while true {
            do {
                try NodeReader.refuseAliasesInKeys(text)
                guard let node = try compose(yaml: text) else { return nil }
                var reader = NodeReader { .file(line: $0?.line ?? 1, column: $0?.column ?? 1) }
                let setting = try reader.setting(node)
                mistakes += reader.repetitions
                return setting
            } catch is NodeReader.TooManyValues {
                throw Problem(NodeReader.TooManyValues.message, file: file, advice: NodeReader.TooManyValues.advice)
            } catch let YamlError.duplicatedKeysInMapping(keys, context) {
                // Yams stops at a repeated key; ours must not. The repetition is marked in place and reported later.
                guard repeated < 14, let key = keys.first,
                    let marked = Self.markRepetition(of: key, after: context.mark, in: text, time: repeated)
                else {
                    throw Problem(
                        "the key '\(keys.first ?? "")' is given more than once", file: file, line: context.mark.line,
                        column: context.mark.column, excerpt: excerpt(context.mark.line))
                }
                text = marked
                repeated += 1
            } catch let error as YamlError {
                throw problem(error)
            } catch {
                throw Problem("cannot be read as YAML: \(error)", file: file)
            }
        }
    }

    /// What `--set key.path=value` holds: YAML on one line.
    static func setting(ofFlag flag: String, value: String) throws(Mistake) -> Setting {
        do {
            try NodeReader.refuseAliasesInKeys(value)
            guard let node = try compose(yaml: value) else { return .scalar("", isPlain: true, .flag(flag)) }
            var reader = NodeReader { _ in .flag(flag) }
            return try reader.setting(node)
        } catch is NodeReader.TooManyValues {
            throw Mistake(
                place: .flag(flag), message: NodeReader.TooManyValues.message, advice: NodeReader.TooManyValues.advice)
        } catch {
            throw Mistake(
                place: .flag(flag), message: "'\(value)' cannot be read as YAML",
                advice: "lists are written [a, b], text with special characters in quotes")
        }
    }

    private func problem(_ error: YamlError) -> Problem {
        switch error {
        case .scanner(_, let message, let mark, _), .parser(_, let message, let mark, _),
            .composer(_, let message, let mark, _):
            Problem(
                "not valid YAML: \(message)", file: file, line: mark.line, column: mark.column,
                excerpt: excerpt(mark.line))
        default: Problem("not valid YAML: \(error)", file: file)
        }
    }
}

/// Makes settings of a YAML document's nodes.
private struct NodeReader {
    /// Far more than any recipe or suite has. Aliases of aliases name billions in a few lines; while they are nodes
    /// they share what they hold.
    private static let mostValues = 100_000

    struct TooManyValues: Error {
        static let message = "holds more than \(mostValues) values"
        static let advice = "an alias (*) stands for all that its anchor (&) names: write out what is meant"
    }

    /// More aliases than any document has whose keys are other than words.
    private static let mostAliases = 20

    /// Refuses documents of many aliases in which a list, a mapping or an alias is a key: Yams compares keys with all
    /// that they name before anything can be counted here.
    static func refuseAliasesInKeys(_ text: String) throws(TooManyValues) {
        let aliases = text.matches(of: #/(?:^|[\s,\[{:?-])\*[^\s,\[\]{}]/#).count
        if aliases <= mostAliases { return }
        let oddKey = #/(?:^|[\s\[{,])\?(?:\s|$)|[\]}]\s*:|\*[^\s,\[\]{}]+\s+:/#.anchorsMatchLineEndings()
        if text.contains(oddKey) { throw TooManyValues() }
    }

    /// Where a node stands.
    let place: (Mark?) -> Place
    /// Keys that a mapping has already.
    private(set) var repetitions: [Mistake] = []
    private var count = 0

    init(_ place: @escaping (Mark?) -> Place) { self.place = place }

    mutating func setting(_ node: Node) throws(TooManyValues) -> Setting {
        count += 1
        if count > Self.mostValues { throw TooManyValues() }
        let here = place(node.mark)
        switch node {
        case .scalar(let scalar): return .scalar(scalar.string, isPlain: scalar.style == .plain, here)
        case .alias: return .scalar("", isPlain: true, here)  // composing has replaced aliases by what they name
        case .sequence(let sequence):
            var elements: [Setting] = []
            for element in sequence { elements.append(try setting(element)) }
            return .list(elements, here)
        case .mapping(let mapping):
            var members: [SettingMember] = []
            for (key, value) in mapping {
                let (name, isRepeated) = RecipeSource.unmarked(key.string ?? "")
                if isRepeated {
                    repetitions.append(repetition(of: name, at: place(key.mark), members))
                } else {
                    members.append(SettingMember(key: name, keyPlace: place(key.mark), value: try setting(value)))
                }
            }
            return .mapping(members, here)
        }
    }

    private func repetition(of key: String, at place: Place, _ members: [SettingMember]) -> Mistake {
        var message = "'\(key)' is given more than once"
        if case .file(let line, _)? = members.first(where: { $0.key == key })?.keyPlace {
            message += ", first in line \(line)"
        }
        return Mistake(place: place, message: message, advice: "remove one of them")
    }
}

// A repeated key of a block mapping is marked by moving its first letter into the private-use area: U+E100 + letter for
// the second occurrence, U+E200 + letter for the third and so on. One character stays one character, so every line and
// column keeps its place.
extension RecipeSource {
    /// The key as the user wrote it and whether it had been marked.
    fileprivate static func unmarked(_ key: String) -> (key: String, isRepeated: Bool) {
        guard let first = key.unicodeScalars.first, (0xE100..<0xF000).contains(first.value),
            let letter = Unicode.Scalar(first.value & 0xFF)
        else { return (key, false) }
        return (String(letter) + String(key.unicodeScalars.dropFirst()), true)
    }

    /// The text with the next occurrence of `key` in the block mapping at `mark` marked; nil when none is found
    /// (in a flow mapping, or below an unusual layout).
    private static func markRepetition(of key: String, after mark: Mark, in text: String, time: Int) -> String? {
        guard let letter = key.unicodeScalars.first, letter.value < 0x100,
            let moved = Unicode.Scalar(0xE100 + 0x100 * UInt32(time) + letter.value)
        else { return nil }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.unicodeScalars) }
        let column = mark.column - 1
        for number in lines.indices.dropFirst(mark.line) {
            let line = lines[number]
            guard let start = line.firstIndex(where: { $0 != " " }), line[start] != "#" else { continue }
            if start < column { return nil }
            guard start == column, line[start...].starts(with: key.unicodeScalars) else { continue }
            let rest = line[(start + key.unicodeScalars.count)...].drop { $0 == " " }
            guard rest.first == ":" else { continue }
            lines[number][start] = moved
            return lines.map { String(String.UnicodeScalarView($0)) }.joined(separator: "\n")
        }
        return nil
    }
}
