import ChatTemplates
import Foundation
import OrderedJSON

/// What a template gives: its text and spans, or the kind of its failure and the message.
struct Outcome: Equatable {
    var text: String?
    var spans: [[Int]] = []
    /// `Syntax`, or the name of the Python exception.
    var error: String?
    var message: String?

    /// What the template gives for an input.
    static func of(_ source: String, _ input: ChatInput) -> Outcome {
        do {
            let chat = try ChatTemplate(source: source, name: "test.jinja").render(input)
            return Outcome(
                text: chat.text, spans: chat.generationSpans.map { [$0.lowerBound, $0.upperBound] })
        } catch let error as ChatTemplateError {
            let name =
                switch error.cause {
                case .raised: "TemplateError"
                case .failed(let name): name
                case .unsupported: "Unsupported"
                case .limit: "LimitExceeded"
                }
            return Outcome(error: name, message: error.message)
        } catch {
            return Outcome(error: "Syntax")
        }
    }
}

enum Fixture {
    /// 15 January 2026, 9:30 in local time: the moment of all stored outcomes.
    static var clock: Date {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .current
        return calendar.date(from: DateComponents(year: 2026, month: 1, day: 15, hour: 9, minute: 30))
            ?? .distantPast
    }

    /// The values of a file's lines.
    static func lines(_ path: String) throws -> [JSONValue] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
    }

    private static var root: URL { URL(fileURLWithPath: #filePath).deletingLastPathComponent() }

    /// The stored outcomes of small templates, with the variables they share.
    static func semantics() throws -> (variables: [String: JSONValue], rows: [JSONValue]) {
        let rows = try lines(root.appending(path: "Fixtures/semantics.jsonl").path)
        let members = rows[0]["variables"]?.objectValue?.members ?? []
        return (
            Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) }), Array(rows.dropFirst())
        )
    }

    /// The folder of published templates beside the package, if it is there; says so aloud if not.
    static func sharedTemplates() -> String? {
        let package = root.deletingLastPathComponent().deletingLastPathComponent()
        let shared =
            ProcessInfo.processInfo.environment["GRAFT_SHARED"]
            ?? package.appending(path: "../shared").path
        let folder = shared + "/assets/chat_templates"
        if FileManager.default.fileExists(atPath: folder + "/vectors.jsonl") { return folder }
        print("SKIPPED: published chat templates are not at \(folder)")
        return nil
    }

    /// The input of a row of the published templates' vectors.
    static func input(_ row: JSONValue) -> ChatInput {
        var variables: [String: JSONValue] = [:]
        for source in ["special_tokens", "kwargs"] {
            for (key, value) in row[source]?.objectValue?.members ?? [] { variables[key] = value }
        }
        let prompt = variables.removeValue(forKey: "add_generation_prompt")?.boolValue ?? false
        return ChatInput(
            messages: row["messages_effective"] ?? row["messages"] ?? [], tools: row["tools"],
            addGenerationPrompt: prompt, variables: variables, now: clock)
    }
}
