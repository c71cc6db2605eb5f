import Foundation
import Plots

extension EvaluationReport {
    /// A task: its tables, plots and rows.
    func taskSection(_ number: Int) -> HTML {
        let task = results.tasks[number]
        var parts = [HTML("h2", [:], task.name), HTML("p", ["class": "note"], summary(task) + ".")]
        if let section = comparison.section(ofTask: number) {
            parts.append(valueTable(section, task.shownMetrics))
            if let table = differenceTable(section) { parts.append(table) }
            if let text = sensitivity(section) { parts.append(HTML("p", ["class": "note"], text)) }
        }
        let categories = comparison.categories(ofTask: number)
        if !categories.isEmpty {
            if let plot = categoryPlot(number) { parts.append(HTML.figure(plot, id: "categories-\(number)")) }
            parts.append(categoryTable(categories, task))
        }
        if let plot = lengthPlot(number) { parts.append(HTML.figure(plot, id: "lengths-\(number)")) }
        for model in results.models.indices.dropFirst() { parts += changedRows(task, model) }
        return HTML("section", [:], parts)
    }

    private func valueTable(_ section: Comparison.Section, _ metrics: [Metric]) -> HTML {
        HTML.table(
            "What was measured", head: ["model"] + metrics.map(\.title),
            rows: section.lines.map { line in
                [HTML(text: results.models[line.model].name)]
                    + metrics.map { HTML(text: line[$0.name]?.value.map($0.text) ?? "–") }
            })
    }

    private func differenceTable(_ section: Comparison.Section) -> HTML? {
        var rows: [[HTML]] = []
        for line in section.lines {
            for compared in line.metrics {
                guard let change = compared.change else { continue }
                if compared.metric.role == .drift && change.improved + change.worsened == 0 { continue }
                let finding = ReportText.finding(compared)
                let look = ["better": "good", "less": "good", "worse": "bad", "more": "bad"][finding] ?? "note"
                rows.append([
                    HTML(text: results.models[line.model].name), HTML(text: compared.metric.title),
                    HTML("span", ["class": look], finding),
                    HTML(text: ReportText.difference(compared.metric, change.difference)),
                    HTML(text: ReportText.interval(compared.metric, change.interval)),
                    HTML(text: "\(change.improved) / \(change.worsened) / \(change.same)"),
                    HTML(text: change.effectSize.map { String(format: "%.2f", $0).replacing("-", with: "−") } ?? "–"),
                    HTML(text: ReportText.probability(change.adjustedPValue)),
                ])
            }
        }
        if rows.isEmpty { return nil }
        return HTML.table(
            "Differences from \(results.models[0].name)",
            head: [
                "model", "metric", "finding", "difference", "95 % interval", "rows better / worse / same",
                "effect (d)",
                results.models.count > 2 ? "p (Holm)" : "p",
            ], rows: rows, numbersFrom: 3)
    }

    private func categoryTable(_ sections: [Comparison.Section], _ task: TaskResult) -> HTML {
        let metrics = task.shownMetrics.filter { $0.role == .quality }
        return HTML.table(
            "By category", head: ["category", "model", "rows"] + metrics.map(\.title),
            rows: sections.flatMap { section in
                section.lines.map { line in
                    [
                        HTML(text: section.category ?? ""), HTML(text: results.models[line.model].name),
                        HTML(text: "\(section.rows)"),
                    ] + metrics.map { HTML(text: line[$0.name]?.value.map($0.text) ?? "–") }
                }
            }, numbersFrom: 2)
    }

    private func changedRows(_ task: TaskResult, _ model: Int) -> [HTML] {
        guard let changed = ChangedRows(task, model: model) else { return [] }
        var parts: [HTML] = []
        for (entries, word) in [(changed.improved, "improved"), (changed.worsened, "worsened")] where !entries.isEmpty {
            parts.append(HTML("h3", [:], "Rows that \(word) most with \(results.models[model].name)"))
            parts += entries.map { article(task, $0, changed.metric, model) }
        }
        return parts
    }

    private func article(_ task: TaskResult, _ entry: ChangedRows.Entry, _ metric: Metric, _ model: Int) -> HTML {
        let row = task.rows[entry.row]
        var title = "\(task.files[row.file].path):\(row.line)"
        if let category = row.category { title += ", \(category)" }
        title += ": \(metric.title) \(metric.text(entry.before)) → \(metric.text(entry.after))"
        var parts = [HTML("h4", [:], title)]
        func labelled(_ label: String, _ content: [HTML]) -> [HTML] {
            [HTML("p", ["class": "label"], label), HTML("div", ["class": "text"], content)]
        }
        parts += labelled(
            ChangedRows.wanted(row) == nil ? "text" : "asked", [HTML(text: ReportText.excerpt(row.prompt))])
        if let wanted = ChangedRows.wanted(row) {
            parts += labelled("right answer", [HTML(text: ReportText.excerpt(wanted))])
        }
        if let before = ChangedRows.answer(task, entry.row, model: 0),
            let after = ChangedRows.answer(task, entry.row, model: model)
        {
            let diff = WordDiff(ReportText.excerpt(before), ReportText.excerpt(after))
            func side(_ name: String, _ runs: [WordDiff.Run], _ mark: String) -> HTML {
                let words = runs.map { $0.isShared ? HTML(text: $0.text) : HTML(mark, [:], $0.text) }
                return HTML("div", [:], labelled(name, words.isEmpty ? [HTML("em", [:], "nothing")] : words))
            }
            parts.append(
                HTML(
                    "div", ["class": "pair"],
                    [
                        side(results.models[0].name, diff.first, "del"),
                        side(results.models[model].name, diff.second, "ins"),
                    ]))
        }
        return HTML("article", [:], parts)
    }
}
