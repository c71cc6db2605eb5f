import Foundation
import OrderedJSON

extension EvaluationReport {
    /// The report as Markdown (GitHub's tables), without the plots.
    public func markdown() -> String {
        var blocks = ["# Evaluation report"]
        blocks +=
            verdicts.isEmpty
            ? headline.map(Markdown.escaped)
            : verdicts.map {
                "**\(Markdown.escaped($0.kind.title))** – \(Markdown.escaped($0.sentence))"
            }
        if !results.gates.isEmpty {
            blocks.append("## Gates")
            blocks.append(
                Markdown.table(
                    ["gate", "model", "measured", "interval's end", "required", "result"],
                    results.gates.map {
                        [
                            Markdown.code($0.text), Markdown.escaped($0.model), $0.texts.value, $0.texts.bound,
                            $0.texts.required, $0.isMet ? "met" : "**failed**",
                        ]
                    }, numbersFrom: 2))
        }
        if let leakage = leakageMarkdown { blocks += leakage }
        for number in results.tasks.indices { blocks += markdown(task: number) }
        blocks.append("## Settings and hashes")
        blocks.append(
            Markdown.table(
                ["name", "model", "weights", "adapter", "weights"],
                results.models.map {
                    [
                        Markdown.escaped($0.name), Markdown.code($0.path), Markdown.code($0.modelHash),
                        Markdown.code($0.adapter ?? ""), Markdown.code($0.adapterHash ?? ""),
                    ]
                }, numbersFrom: 5))
        blocks.append(
            Markdown.table(
                ["file", "task", "SHA-256"],
                results.tasks.flatMap { task in
                    task.files.map { [Markdown.code($0.path), Markdown.escaped(task.name), Markdown.code($0.hash)] }
                }, numbersFrom: 3))
        let settings = results.settings.members.map {
            "- \(Markdown.escaped($0.key)): \(Markdown.code(ReportText.value($0.value)))"
        }
        let recipes = runs.sorted { $0.key < $1.key }.compactMap { model, run in
            run.recipeHash.map { "- recipe of \(Markdown.escaped(results.models[model].name)): \(Markdown.code($0))" }
        }
        blocks.append((["- program: \(Markdown.code(results.program))"] + settings + recipes).joined(separator: "\n"))
        return blocks.joined(separator: "\n\n") + "\n"
    }

    private func markdown(task number: Int) -> [String] {
        let task = results.tasks[number]
        var blocks = ["## " + Markdown.escaped(task.name), Markdown.escaped(summary(task)) + "."]
        guard let section = comparison.section(ofTask: number) else { return blocks }
        let metrics = task.shownMetrics
        func line(_ line: Comparison.Line, _ metrics: [Metric]) -> [String] {
            metrics.map { line[$0.name]?.value.map($0.text) ?? "–" }
        }
        blocks.append(
            Markdown.table(
                ["model"] + metrics.map(\.title),
                section.lines.map { [Markdown.escaped(results.models[$0.model].name)] + line($0, metrics) }))
        let differences = section.lines.flatMap { one in
            one.metrics.compactMap { compared -> [String]? in
                guard let change = compared.change,
                    compared.metric.role == .quality || change.improved + change.worsened > 0
                else { return nil }
                return [
                    Markdown.escaped(results.models[one.model].name), compared.metric.title,
                    ReportText.finding(compared),
                    ReportText.difference(compared.metric, change.difference),
                    ReportText.interval(compared.metric, change.interval),
                    "\(change.improved) / \(change.worsened) / \(change.same)",
                    ReportText.probability(change.adjustedPValue),
                ]
            }
        }
        if !differences.isEmpty {
            blocks.append(
                Markdown.table(
                    ["model", "metric", "finding", "difference", "95 % interval", "rows better / worse / same", "p"],
                    differences, numbersFrom: 3))
        }
        if let text = sensitivity(section) { blocks.append(Markdown.escaped(text)) }
        let categories = comparison.categories(ofTask: number)
        if !categories.isEmpty {
            let quality = metrics.filter { $0.role == .quality }
            blocks.append(
                Markdown.table(
                    ["category", "model", "rows"] + quality.map(\.title),
                    categories.flatMap { section in
                        section.lines.map {
                            [
                                Markdown.escaped(section.category ?? ""),
                                Markdown.escaped(results.models[$0.model].name),
                                "\(section.rows)",
                            ] + line($0, quality)
                        }
                    }, numbersFrom: 2))
        }
        for model in results.models.indices.dropFirst() { blocks += changedMarkdown(task, model) }
        return blocks
    }

    private func changedMarkdown(_ task: TaskResult, _ model: Int) -> [String] {
        guard let changed = ChangedRows(task, model: model, most: 3) else { return [] }
        var blocks: [String] = []
        for (entries, word) in [(changed.improved, "improved"), (changed.worsened, "worsened")] where !entries.isEmpty {
            blocks.append("### Rows that \(word) most with \(Markdown.escaped(results.models[model].name))")
            blocks.append(
                Markdown.table(
                    ["row", "asked", "right answer", results.models[0].name, results.models[model].name].map(
                        Markdown.escaped),
                    entries.map { entry in
                        let row = task.rows[entry.row]
                        let cells = [
                            row.prompt, ChangedRows.wanted(row) ?? "–",
                            ChangedRows.answer(task, entry.row, model: 0) ?? "–",
                            ChangedRows.answer(task, entry.row, model: model) ?? "–",
                        ]
                        return ["\(Markdown.escaped(task.files[row.file].path)):\(row.line)"]
                            + cells.map { Markdown.escaped(ReportText.excerpt($0, limit: 300)) }
                    }, numbersFrom: 5))
        }
        return blocks
    }
}
