import Foundation

/// One line of a JSONL file.
enum Row {
    case text(String)
    /// User and assistant in turn.
    case chat([(question: String, answer: String)])

    var json: String {
        switch self {
        case .text(let text):
            return "{\"text\": \(quoted(text))}"
        case .chat(let turns):
            let messages = turns.map { turn in
                "{\"role\": \"user\", \"content\": \(quoted(turn.question))}, "
                    + "{\"role\": \"assistant\", \"content\": \(quoted(turn.answer))}"
            }
            return "{\"messages\": [\(messages.joined(separator: ", "))]}"
        }
    }
}

/// A JSON string; the generated text is ASCII without control characters other than the newline.
func quoted(_ text: String) -> String {
    var json = "\""
    for character in text.unicodeScalars {
        switch character {
        case "\"": json += "\\\""
        case "\\": json += "\\\\"
        case "\n": json += "\\n"
        default: json.unicodeScalars.append(character)
        }
    }
    return json + "\""
}

func write(_ rows: [Row], to path: String) throws {
    try write(text: rows.map { $0.json + "\n" }.joined(), to: path)
}

func write(text: String, to path: String) throws {
    let url = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
    print("\(path): \(text.utf8.count) bytes")
}
