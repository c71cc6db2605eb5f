import OrderedJSON

extension EvaluationReport {
    /// The summary for programs, which `--json` writes: models, a section a task and category, gates.
    public var json: JSONValue {
        var object = JSONObject([
            (key: "program", value: .string(results.program)), (key: "model", value: .string(results.models[0].path)),
            (key: "settings", value: .object(results.settings)),
            (key: "models", value: .array(results.models.map(\.json))),
        ])
        if !verdicts.isEmpty {
            object["verdicts"] = .array(
                verdicts.map { verdict in
                    [
                        "model": .string(results.models[verdict.model].name), "verdict": .string(verdict.kind.rawValue),
                        "sentence": .string(verdict.sentence),
                    ]
                })
        }
        object["results"] = .array(comparison.sections.map { json($0) })
        if let leakage = results.leakage { object["leakage"] = leakage.json }
        if !results.gates.isEmpty { object["gates"] = .array(results.gates.map(\.json)) }
        return .object(object)
    }

    private func json(_ section: Comparison.Section) -> JSONValue {
        let task = results.tasks[section.task]
        var object = JSONObject([
            (key: "task", value: .string(task.name)), (key: "kind", value: .string(task.kind.rawValue)),
            (key: "file", value: task.files.first.map { .string($0.path) } ?? .null),
        ])
        if let category = section.category { object["category"] = .string(category) }
        if task.isGeneral { object["general"] = true }
        object["rows"] = .integer(section.rows)
        let rows = task.rows(of: section.category)
        if task.metrics.contains(.loss) {
            object["target_tokens"] = .integer(
                Int(task.scores(.loss, model: 0, rows: rows).weights.reduce(0, +)))
        }
        object["models"] = .array(section.lines.map { $0.json(results.models[$0.model]) })
        return .object(object)
    }

    /// Every row with every model's outcome, a line a row: what `--results` writes, after a first line with the
    /// summary.
    public var lines: [JSONValue] {
        [json]
            + results.tasks.flatMap { task in
                task.rows.indices.map { row in
                    var object = task.rows[row].json(task)
                    object["outcomes"] = .array(
                        results.models.indices.map { task.outcomes[$0][row].json(results.models[$0].name) })
                    return .object(object)
                }
            }
    }
}

extension EvaluatedModel {
    fileprivate var json: JSONValue {
        [
            "name": .string(name), "path": .string(path), "adapter": adapter.map(JSONValue.string) ?? .null,
            "model_hash": .string(modelHash), "adapter_hash": adapterHash.map(JSONValue.string) ?? .null,
        ]
    }
}

extension GateResult {
    fileprivate var json: JSONValue {
        [
            "gate": .string(text), "model": .string(model), "value": .orNull(value), "bound": .orNull(bound),
            "required": .orNull(required), "met": .bool(isMet),
        ]
    }
}

extension Comparison.Line {
    fileprivate func json(_ model: EvaluatedModel) -> JSONValue {
        var object = JSONObject([(key: "adapter", value: model.adapter.map(JSONValue.string) ?? .null)])
        var differences = JSONObject()
        for compared in metrics {
            object[compared.metric.name] = .orNull(compared.value ?? .nan)
            if let change = compared.change { differences[compared.metric.name] = change.json }
        }
        if !differences.isEmpty { object["difference"] = .object(differences) }
        return .object(object)
    }
}

extension MetricComparison.Change {
    fileprivate var json: JSONValue {
        var object = JSONObject([
            (key: "value", value: .number(difference)),
            (key: "interval_95", value: [.number(interval.lowerBound), .number(interval.upperBound)]),
            (key: "improved", value: .integer(improved)), (key: "worsened", value: .integer(worsened)),
            (key: "same", value: .integer(same)),
        ])
        if let effectSize { object["effect_size"] = .number(effectSize) }
        if let test {
            object["base_only"] = .integer(test.onlyFirst)
            object["adapted_only"] = .integer(test.onlySecond)
            object["mcnemar_p"] = .number(test.pValue)
        }
        object["p"] = .number(pValue)
        object["holm_p"] = .number(adjustedPValue)
        return .object(object)
    }
}

extension TaskRow {
    fileprivate func json(_ task: TaskResult) -> JSONObject {
        var object = JSONObject([
            (key: "task", value: .string(task.name)), (key: "file", value: .string(task.files[file].path)),
            (key: "line", value: .integer(line)),
        ])
        if let category { object["category"] = .string(category) }
        if let document { object["document"] = .string(document) }
        object["prompt"] = .string(prompt)
        if !references.isEmpty { object["references"] = .array(references.map(JSONValue.string)) }
        if !choices.isEmpty { object["choices"] = .array(choices.map(JSONValue.string)) }
        if let answer { object["answer"] = .integer(answer) }
        return object
    }
}

extension RowOutcome {
    fileprivate func json(_ model: String) -> JSONValue {
        var object = JSONObject([(key: "model", value: .string(model))])
        if let answer { object["answer"] = .string(answer) }
        if let answerTokens { object["answer_tokens"] = .integer(answerTokens) }
        if let end { object["end"] = .string(end) }
        if !logLikelihoods.isEmpty { object["log_likelihoods"] = .array(logLikelihoods.map(JSONValue.number)) }
        var sums = JSONObject()
        for (name, score) in scores.sorted(by: { $0.key < $1.key }) {
            sums[name] = score.weight == 1 ? .number(score.sum) : [.number(score.sum), .number(score.weight)]
        }
        object["scores"] = .object(sums)
        return .object(object)
    }
}

extension JSONValue {
    /// A number; null where it is infinite or none, for which JSON has no word.
    fileprivate static func orNull(_ number: Double) -> JSONValue { number.isFinite ? .number(number) : .null }
}
