/// Text inside Markdown.
enum Markdown {
    /// Text in which nothing is markup any more; line ends become spaces, so that it fits a table's cell.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\", "`", "*", "_", "[", "]", "|", "~", "#", "$": result += "\\" + String(character)
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            default: result += character.isNewline ? " " : String(character)
            }
        }
        return result
    }

    /// Text in a fixed font. Nothing in it can end it; a bar would end a table's cell.
    static func code(_ text: String) -> String {
        if text.isEmpty { return "–" }
        let plain = text.replacing("`", with: "'").replacing("|", with: "¦")
        return "`" + String(plain.map { $0.isNewline ? " " : $0 }) + "`"
    }

    /// A table; columns from `numbersFrom` on stand to the right.
    static func table(_ head: [String], _ rows: [[String]], numbersFrom: Int = 1) -> String {
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        let rule = head.indices.map { $0 >= numbersFrom ? "---:" : "---" }
        return ([line(head), line(rule)] + rows.map(line)).joined(separator: "\n")
    }
}
