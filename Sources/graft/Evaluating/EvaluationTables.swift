import Evaluation
import Foundation

/// The results of an evaluation as tables for people.
struct EvaluationTables {
    private let report: EvaluationReport
    private var results: EvaluationResults { report.results }

    init(_ report: EvaluationReport) { self.report = report }

    /// Writes a table a task: a line a model, under an adapter what changed, then the categories.
    func show() throws {
        for section in report.comparison.sections {
            if section.category == nil { try show(section) } else { try showCategory(section) }
        }
        try showGates()
        for verdict in report.verdicts {
            try Output.line("verdict: \(verdict.kind.title). \(verdict.sentence)")
        }
    }

    private func show(_ section: Comparison.Section) throws {
        let task = results.tasks[section.task]
        let rows = section.rows == 1 ? "1 row" : "\(section.rows) rows"
        var title = "\(task.name): \(rows), \(task.kind.title)"
        if task.metrics.contains(.loss) {
            let tokens = Int(task.scores(.loss, model: 0).weights.reduce(0, +))
            title += ", \(tokens) tokens with loss"
        }
        try Output.line(title)
        let metrics = task.shownMetrics
        try Output.line(cell("", width) + metrics.map { right($0.title, column) }.joined())
        for line in section.lines {
            let cells = metrics.map { metric in line[metric.name]?.value.map(metric.text) ?? "–" }
            try Output.line(cell(results.models[line.model].name, width) + cells.map { right($0, column) }.joined())
        }
        for line in section.lines {
            for compared in line.metrics {
                guard let change = compared.change else { continue }
                // The divergence of the base from itself is no measurement.
                if compared.metric.restatesLoss || compared.metric == .divergence { continue }
                if compared.metric.role == .drift && change.improved + change.worsened == 0 { continue }
                try Output.line("  " + sentence(results.models[line.model].name, compared.metric, change))
            }
        }
    }

    private func sentence(_ model: String, _ metric: Metric, _ change: MetricComparison.Change) -> String {
        var text =
            "\(model), \(metric.title): \(metric.differenceText(change.difference)), 95 % interval "
            + metric.differenceText(change.interval.lowerBound).replacing(" points", with: "") + " … "
            + metric.differenceText(change.interval.upperBound).replacing(" points", with: "")
            + (change.isCertain ? "" : " (could be chance)")
        text += "; \(change.improved) rows better, \(change.worsened) worse"
        if let p = change.test?.pValue { text += String(format: ", McNemar p = %.2g", p) }
        if results.models.count > 2 { text += String(format: ", Holm p = %.2g", change.adjustedPValue) }
        return text
    }

    private func showCategory(_ section: Comparison.Section) throws {
        guard let name = section.category else { return }
        let metrics = results.tasks[section.task].shownMetrics.filter { $0.role == .quality }
        for line in section.lines {
            let cells = metrics.map { metric in line[metric.name]?.value.map(metric.text) ?? "–" }
            let label = line.model == 0 ? "  \(name) (\(section.rows))" : ""
            try Output.line(
                cell(label, width) + cells.map { right($0, column) }.joined()
                    + (section.lines.count > 1 ? "  " + results.models[line.model].name : ""))
        }
    }

    private func showGates() throws {
        if results.gates.isEmpty { return }
        try Output.line("gates")
        for gate in results.gates {
            let (value, bound, required) = gate.texts
            try Output.line(
                "  \(gate.isMet ? "met   " : "FAILED")  \(gate.text): measured \(value), interval to \(bound), "
                    + "required \(required) (\(gate.model))")
        }
    }

    private let column = 14

    private var width: Int { max(12, results.models.map(\.name.count).max() ?? 0) }

    private func cell(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
    }

    private func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }
}
