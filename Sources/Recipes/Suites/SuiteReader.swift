import Diagnostics
import Foundation

extension Suite {
    /// Reads and checks a suite.
    ///
    /// - Throws: ``Problem`` when the file cannot be read as YAML, otherwise ``Problems`` with every mistake in it.
    public static func load(path: String) throws -> Suite {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw Problem("the suite cannot be read", file: path, advice: "give the path of a YAML file")
        }
        guard let text = String(data: bytes, encoding: .utf8) else { throw Problem("is not UTF-8 text", file: path) }
        return try read(text, file: path)
    }

    /// Reads and checks a suite given as text; `file` is what mistakes are reported under.
    public static func read(_ text: String, file: String) throws -> Suite {
        let source = RecipeSource(file: file, text: text)
        var mistakes: [Mistake] = []
        var suite = Suite(file: file)
        let place = Place.file(line: 1, column: 1)
        switch try source.settings(of: text, &mistakes) {
        case .mapping(let members, _)?: suite.take(members, &mistakes)
        case nil:
            mistakes.append(Mistake(place: place, message: "the suite is empty", advice: "it has a list of tasks"))
        case let other?: mistakes.append(.expected("a mapping with 'tasks'", other))
        }
        if mistakes.isEmpty, suite.tasks.isEmpty {
            mistakes.append(
                Mistake(place: place, message: "'tasks' is missing", advice: "it is the list of what is asked"))
        }
        try Problems(mistakes.map { $0.problem(in: source) }).throwIfAny()
        return suite
    }

    private mutating func take(_ members: [SettingMember], _ mistakes: inout [Mistake]) {
        for member in members {
            switch member.key {
            case "tasks":
                guard case .list(let entries, _) = member.value, !entries.isEmpty else {
                    mistakes.append(.expected("a list of tasks", member.value))
                    continue
                }
                tasks = entries.compactMap { Self.task($0, &mistakes) }
            case "gates":
                let kind = ValueKind<[String]>.list(.text, of: "gates", orOne: true, allowsEmpty: true)
                gates = kind.read(member.value, &mistakes) ?? []
            default: mistakes.append(.unknown(member, among: ["tasks", "gates"]))
            }
        }
        var seen = Set<String>()
        for task in tasks where !task.name.isEmpty && !seen.insert(task.name).inserted {
            mistakes.append(
                Mistake(
                    place: .file(line: 1, column: 1), message: "two tasks are called '\(task.name)'",
                    advice: "gates and tables tell them apart by name"))
        }
    }

    private static func task(_ setting: Setting, _ mistakes: inout [Mistake]) -> TaskSettings? {
        guard case .mapping(let members, let place) = setting else {
            mistakes.append(.expected("a task: a mapping with 'data'", setting))
            return nil
        }
        var task = TaskSettings()
        for member in members {
            if let key = TaskKey.all.first(where: { $0.name == member.key }) {
                key.read(member.value, &task, &mistakes)
            } else {
                mistakes.append(.unknown(member, among: TaskKey.all.map(\.name)))
            }
        }
        if !members.contains(where: { $0.key == "data" }) {
            mistakes.append(Mistake(place: place, message: "'data' is missing", advice: "it names the files of rows"))
        }
        return task
    }
}
