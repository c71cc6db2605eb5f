import OrderedJSON

/// One key of a suite's task. The list ``all`` is the only place where they are named.
public struct TaskKey: Sendable {
    /// The key.
    public let name: String
    /// The values it takes.
    public let expects: String
    /// What it means, one sentence without a full stop.
    public let meaning: String
    let read: @Sendable (Setting, inout TaskSettings, inout [Mistake]) -> Void

    private init<Value>(
        _ name: String, _ property: WritableKeyPath<TaskSettings, Value> & Sendable, _ kind: ValueKind<Value>,
        _ meaning: String
    ) {
        self.name = name
        expects = kind.expects
        self.meaning = meaning
        read = { setting, task, mistakes in
            if let value = kind.read(setting, &mistakes) { task[keyPath: property] = value }
        }
    }

    private init<Value>(
        optional name: String, _ property: WritableKeyPath<TaskSettings, Value?> & Sendable, _ kind: ValueKind<Value>,
        _ meaning: String
    ) {
        self.name = name
        expects = kind.expects
        self.meaning = meaning
        read = { setting, task, mistakes in
            if let value = kind.read(setting, &mistakes) { task[keyPath: property] = value }
        }
    }

    /// Every key there is.
    public static let all: [TaskKey] = [
        TaskKey("name", \.name, .text, "what tables and gates call it; follows from the file where it is left out"),
        TaskKey("data", \.data, .list(.path, of: "files", orOne: true), "JSONL files with rows of one kind"),
        TaskKey(
            "general", \.general, .boolean,
            "it measures what the model knew before; the divergence from the base is measured too"),
        TaskKey(
            "rolling", \.rolling, .boolean,
            "`text` rows are measured as lm-evaluation-harness does: every token, in windows of the model's length"),
        TaskKey(optional: "prompt", \.prompt, .text, "what the model is asked: Jinja over the row's keys"),
        TaskKey(optional: "reference", \.reference, .text, "what counts as right: Jinja over the row's keys"),
        TaskKey(optional: "template", \.template, .template, "the chat template of this task"),
        TaskKey(optional: "few_shot", \.fewShot, .fewShot, "answered rows shown before the question"),
        TaskKey("delimiter", \.delimiter, .anyText, "stands between prompt and choice where no chat template is used"),
        TaskKey(
            optional: "metrics", \.metrics, .list(.text, of: "metrics", orOne: true),
            "what is measured; what suits the rows where it is left out"),
        TaskKey(optional: "limit", \.limit, .integer(1...Int.max), "rows taken, from the first"),
        TaskKey(optional: "max_tokens", \.maxTokens, .integer(1...1_048_576), "tokens an answer may have"),
        TaskKey(
            "stop", \.stop, .list(.anyText, of: "texts", orOne: true, allowsEmpty: true), "texts at which answers end"),
        TaskKey("temperature", \.temperature, .notNegative, "0 takes the likeliest token"),
        TaskKey("top_p", \.topP, .share, "only the likeliest tokens that together have this probability"),
        TaskKey("seed", \.seed, .integer(0...Int.max), "what sampling draws from"),
        TaskKey(optional: "regex", \.regex, .regex, "what an answer must match, for the metric `regex`"),
        TaskKey(optional: "schema", \.schema, .path, "file with the JSON schema for the metric `json_schema`"),
    ]

    /// The reference table of all keys, as Markdown.
    public static func referenceTable() -> String {
        let rows = all.map { "| `\($0.name)` | \($0.expects) | \($0.meaning) |" }
        return (["| key | values | meaning |", "|---|---|---|"] + rows).joined(separator: "\n") + "\n"
    }
}

extension ValueKind where Value == String {
    /// Text that may be empty or white space.
    static let anyText = ValueKind("text", write: { .string($0) }) { setting in
        if case .scalar(let text, let isPlain, _) = setting { return isPlain && setting.isNull ? nil : text }
        return nil
    }

    static let regex = ValueKind(
        expects: "a regular expression", write: { .string($0) },
        read: { setting, mistakes in
            guard let text = setting.text else {
                mistakes.append(.expected("a regular expression", setting))
                return nil
            }
            guard let complaint = regularExpressionComplaint(text) else { return text }
            mistakes.append(Mistake(place: setting.place, message: complaint))
            return nil
        })
}

extension ValueKind where Value == FewShotSettings {
    /// A number of rows, or `{rows, data}`.
    static let fewShot = ValueKind(
        expects: "a number of rows or {rows, data}", write: { .integer($0.rows) },
        read: { setting, mistakes in
            var settings = FewShotSettings()
            let count = ValueKind<Int>.integer(0...1000)
            guard case .mapping(let members, let place) = setting else {
                guard let rows = count.read(setting, &mistakes) else { return nil }
                settings.rows = rows
                return settings
            }
            let before = mistakes.count
            for member in members {
                switch member.key {
                case "rows": settings.rows = count.read(member.value, &mistakes) ?? 0
                case "data": settings.data = ValueKind<String>.path.read(member.value, &mistakes)
                default: mistakes.append(.unknown(member, among: ["rows", "data"]))
                }
            }
            if !members.contains(where: { $0.key == "rows" }) {
                mistakes.append(Mistake(place: place, message: "'rows' is missing", advice: "write {rows: 5}"))
            }
            return mistakes.count == before ? settings : nil
        })
}
