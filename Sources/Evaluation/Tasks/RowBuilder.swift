import Datasets
import Diagnostics
import Foundation
import Generation
import Models
import OrderedJSON
import Patterns
import Recipes
import Tokenizers
import WeightFiles

/// Makes the rows of one task.
struct RowBuilder {
    let reader: TaskReader
    let settings: TaskSettings
    let name: String
    let renderer: PromptRenderer
    let samples: SampleBuilder
    let prompting: Prompting
    let template: RowTemplate?
    let reference: RowTemplate?
    let regex: PythonPattern?
    let schema: JSONSchema?

    init(_ reader: TaskReader, _ settings: TaskSettings, name: String) throws {
        self.reader = reader
        self.settings = settings
        self.name = name
        renderer = try reader.renderer(settings)
        samples = SampleBuilder(
            renderer: renderer, maxLength: reader.config.maximumPositions,
            tooLong: reader.tooLong == .truncate ? .truncate : .drop, vocabularySize: reader.config.vocabularySize)
        prompting = Prompting(renderer: renderer, delimiter: settings.delimiter)
        template = try settings.prompt.map { try RowTemplate($0, name: "the prompt of task '\(name)'") }
        reference = try settings.reference.map { try RowTemplate($0, name: "the reference of task '\(name)'") }
        regex = try settings.regex.map { pattern in
            do throws(PatternError) { return try PythonPattern(pattern) } catch {
                throw Problem("the regex of task '\(name)' is no regular expression: '\(pattern)': \(error)")
            }
        }
        schema = try settings.schema.map { path in
            let value = try JSONValue(contentsOfFile: path)
            do throws(RowFault) { return try JSONSchema(value) } catch {
                throw Problem(error.message, file: path, advice: error.advice)
            }
        }
    }

    /// The task with all its rows.
    func task(_ warnings: inout [String]) throws -> EvaluationTask {
        var problems: [Problem] = []
        let parser = JSONParser()
        var opened: [(path: String, file: RowFile)] = []
        for path in settings.data {
            do { opened.append((path, try RowFile(path: path))) } catch { problems.append(error) }
        }
        let shots = try shots(opened.map(\.file), parser, &problems)
        var kind: TaskKind?
        var rows: [AskedRow] = []
        var dropped = 0
        for (number, (path, file)) in opened.enumerated() {
            for row in 0..<file.count {
                if let limit = settings.limit, rows.count >= limit { break }
                do {
                    let value = try file.value(of: row, parser: parser)
                    do throws(RowFault) {
                        let own = reference == nil ? value.taskKind : .generation
                        if let kind, kind != own { throw Self.mixed(own, kind) }
                        kind = own
                        var described = TaskRow(file: number, line: file.line(of: row), prompt: "")
                        described.category = value.category
                        described.document = value.document
                        let made = try asked(value, own, described, shots)
                        dropped += made.dropped
                        if let warning = made.warning { warnings.append("\(path):\(described.line): \(warning)") }
                        if let row = made.row { rows.append(row) }
                    } catch { problems.append(file.problem(error, row: row)) }
                } catch { problems.append(error) }
            }
        }
        if let kind { problems += meaningless(for: kind) }
        let metrics = try answerMetrics(kind ?? .heldOut, rows, &problems)
        // Chats are asked for nothing where only their likelihood is wanted.
        if let wanted = settings.metrics, metrics.isEmpty, !Drift.metrics.contains(where: { wanted.contains($0.name) })
        {
            for row in rows.indices { rows[row].question = nil }
        }
        try Problems(problems).throwIfAny()
        var files: [EvaluatedFile] = []
        for path in settings.data { files.append(EvaluatedFile(path: path, hash: try contentHash(of: [path]))) }
        var task = EvaluationTask(
            name: name, settings: settings, kind: kind ?? .heldOut, files: files, rows: rows, answerMetrics: metrics,
            metrics: measured(kind ?? .heldOut, rows, metrics))
        task.dropped = dropped
        return task
    }

    /// Keys of the task that change nothing for rows of a kind.
    private func meaningless(for kind: TaskKind) -> [Problem] {
        var keys: [(name: String, isGiven: Bool)] = []
        if kind == .heldOut || kind == .preference {
            keys += [("prompt", settings.prompt != nil), ("few_shot", settings.fewShot?.rows ?? 0 > 0)]
        }
        if kind != .heldOut { keys.append(("rolling", settings.rolling)) }
        if kind != .generation {
            keys += [("regex", settings.regex != nil), ("schema", settings.schema != nil)]
        }
        return keys.filter(\.isGiven).map { key in
            Problem(
                "task '\(name)': '\(key.name)' has no meaning for rows of this kind (\(kind.title))",
                file: settings.data.first, advice: "leave it out, or give other rows")
        }
    }

    private static func mixed(_ own: TaskKind, _ kind: TaskKind) -> RowFault {
        RowFault(
            "is of another kind (\(own.title)) than the rows before it (\(kind.title))",
            advice: "put each kind into a file of its own")
    }

    /// What became of a row.
    struct Made {
        var row: AskedRow?
        var dropped = 0
        var warning: String?
    }

    private func asked(
        _ value: JSONValue, _ kind: TaskKind, _ row: TaskRow, _ shots: FewShots
    ) throws(RowFault) -> Made {
        if !renderer.tokenizer.knowsText, kind != .heldOut || value["input_ids"] == nil { throw .noTokenizer }
        let made =
            switch kind {
            case .heldOut: try heldOut(value, row)
            case .choices: try choices(value, row, shots)
            case .generation: try generation(value, row, shots)
            case .preference: try preference(value, row)
            }
        let known = reader.config.vocabularySize
        for item in (made.row?.likelihoods ?? []) + [made.row?.question].compactMap({ $0 }) {
            guard let id = item.ids.first(where: { Int($0) >= known }) else { continue }
            throw RowFault(
                "has the token \(id), but the model knows \(known) tokens",
                advice: "the tokenizer, or the ids in the row, belong to another model")
        }
        return made
    }

    /// Whether a row is left out as too long; throws where that is a mistake.
    func isTooLong(_ length: Int) throws(RowFault) -> Bool {
        if length <= reader.config.maximumPositions { return false }
        if reader.tooLong != .drop { throw tooLong("takes \(length) tokens, more than") }
        return true
    }

    /// The fault of a row that is longer than the model's context.
    func tooLong(_ words: String) -> RowFault {
        let advice = ["shorten the row, or ask with fewer few-shot rows", reader.tooLongAdvice].compactMap { $0 }
        return RowFault(
            "\(words) the model's \(reader.config.maximumPositions) positions", advice: advice.joined(separator: "; "))
    }

    // MARK: - Metrics

    private func answerMetrics(
        _ kind: TaskKind, _ rows: [AskedRow], _ problems: inout [Problem]
    ) throws -> [AnswerMetric] {
        let known = AnswerMetric.all
        if let wanted = settings.metrics {
            let (usual, others) = possible(kind, rows, known)
            let all = (usual + others).map(\.name)
            // Of a task whose rows are all wrong nothing can be said.
            for name in rows.isEmpty ? [] : wanted where !all.contains(name) {
                problems.append(
                    Problem(
                        "task '\(self.name)' has no metric '\(name)'",
                        advice: suggestion(for: name, among: all).map { "did you mean '\($0)'?" }
                            ?? "it has " + all.joined(separator: ", ")))
            }
            return known.filter { wanted.contains($0.metric.name) }
        }
        if !rows.contains(where: { $0.question != nil }) { return [] }
        var chosen: [AnswerMetric] = [.exactMatch, .f1]
        guard kind == .generation else { return chosen }
        chosen += [.rougeL, .contains]
        let references = rows.flatMap(\.key.references)
        if references.allSatisfy({ $0.contains("####") || Double($0.trimmingCharacters(in: .whitespaces)) != nil }) {
            chosen.insert(.numeric, at: 0)
        }
        if rows.contains(where: { $0.key.regex != nil }) { chosen.insert(.regex, at: 0) }
        if rows.contains(where: { $0.key.schema != nil }) { chosen = [.jsonSchema, .jsonValid] + chosen }
        return chosen
    }

    /// What at least one of the rows gives, given how written answers are scored: the usual metrics, and those to be
    /// asked for.
    private func possible(
        _ kind: TaskKind, _ rows: [AskedRow], _ answers: [AnswerMetric]
    ) -> (usual: [Metric], others: [Metric]) {
        var metrics: [Metric]
        var others: [Metric] = []
        switch kind {
        case .heldOut:
            metrics = [.loss, .perplexity]
            if rows.contains(where: { $0.bytes > 0 }) {
                (metrics, others) = (metrics + [.bitsPerByte], [.bytePerplexity])
            }
            if rows.contains(where: { $0.words > 0 }) { others.append(.wordPerplexity) }
            if settings.rolling { (metrics, others) = (metrics + others, []) }
        case .choices: metrics = [.accuracy, .normalizedAccuracy, .rightProbability]
        case .preference: metrics = [.preferred, .normalizedPreferred, .margin]
        case .generation: metrics = []
        }
        let asked = rows.filter { $0.question != nil }
        if !asked.isEmpty {
            // Whether one applies depends on the row alone, not on what is answered.
            metrics += answers.filter { one in asked.contains { (try? one.score("", $0.key)) != nil } }.map(\.metric)
            metrics += Drift.metrics
        }
        if settings.general, kind == .heldOut { metrics.append(.divergence) }
        return (metrics, others)
    }

    /// What a task measures, given how it scores written answers.
    private func measured(_ kind: TaskKind, _ rows: [AskedRow], _ answers: [AnswerMetric]) -> [Metric] {
        let (usual, others) = possible(kind, rows, answers)
        guard let wanted = settings.metrics else { return usual }
        let chosen = (usual + others).filter { wanted.contains($0.name) || $0.role == .drift }
        return chosen.isEmpty ? usual : chosen
    }
}
