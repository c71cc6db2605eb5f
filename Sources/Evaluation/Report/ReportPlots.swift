import Foundation
import Plots

extension EvaluationReport {
    /// Losses over the steps of the run that a model's adapter came from.
    func lossPlot(_ model: Int) -> (any Plot)? {
        guard let run = runs[model], run.training.count > 1 else { return nil }
        var series = [LinePlot.Series("training", run.smoothed(to: 200))]
        if !run.heldOut.isEmpty {
            series.append(.init("held-out rows", run.heldOut.map { ($0.step, $0.loss) }, marked: true))
        }
        var text = String(
            format: "The training loss goes from %.3f to %.3f in %.0f steps.", series[0].points[0].y,
            series[0].points[series[0].points.count - 1].y, run.training[run.training.count - 1].step)
        if let first = run.heldOut.first, let last = run.heldOut.last {
            text += String(format: " The loss on held-out rows goes from %.3f to %.3f.", first.loss, last.loss)
        }
        return LinePlot(
            title: "Loss while \(results.models[model].name) was trained", description: text, x: "step",
            y: "loss (nats a token)", series: series, includesZero: true)
    }

    /// The differences of one kind of metric with their intervals, all tasks together: shares, or losses.
    func differencePlot(_ scale: Metric.Scale) -> (any Plot)? {
        var entries: [IntervalPlot.Entry] = []
        let several = results.models.count > 2
        let factor = scale == .share ? 100.0 : 1
        for section in comparison.sections where section.category == nil {
            let task = results.tasks[section.task]
            for line in section.lines.dropFirst() {
                for compared in line.metrics where compared.metric.scale == scale && compared.metric.role == .quality {
                    guard let change = compared.change else { continue }
                    let label =
                        "\(task.name), \(compared.metric.title)"
                        + (several ? ", \(results.models[line.model].name)" : "")
                    entries.append(
                        IntervalPlot.Entry(
                            label, change.difference * factor,
                            change.interval.lowerBound * factor...change.interval.upperBound * factor,
                            text: ReportText.difference(compared.metric, change.difference), colour: line.model))
                }
            }
        }
        if entries.isEmpty { return nil }
        let what = scale == .share ? "points" : "nats a token, or bits a byte"
        let certain = entries.count { !$0.interval.contains(0) }
        return IntervalPlot(
            title: scale == .share ? "Differences in shares of rows" : "Differences in loss",
            description:
                "\(ReportText.count(entries.count, "difference")) from \(results.models[0].name) with 95 % intervals, "
                + "of which \(certain) leave out zero.",
            x: "difference from \(results.models[0].name) in \(what)"
                + (scale == .share ? " (right of zero is better)" : " (left of zero is better)"),
            entries: entries)
    }

    /// A task's headline metric by category, a bar a model; nil for more categories than anyone looks at.
    func categoryPlot(_ number: Int) -> (any Plot)? {
        let task = results.tasks[number]
        let sections = comparison.categories(ofTask: number)
        guard (2...60).contains(sections.count), let metric = task.headline else { return nil }
        let factor = metric.scale == .share ? 100.0 : 1
        let groups = sections.map { section in
            let rows = task.rows(of: section.category)
            let documents = task.documents(of: rows)
            return BarPlot.Group(
                "\(section.category ?? "") (\(section.rows))",
                results.models.indices.map { model in
                    let scores = task.scores(metric, model: model, rows: rows)
                    guard let mean = scores.mean else { return nil }
                    let value = metric.value(ofMean: mean)
                    let estimate = Bootstrap.mean(
                        of: scores, documents: documents, range: metric.scale == .share ? 0...1 : nil)
                    let interval = estimate.map {
                        metric.value(ofMean: $0.interval.lowerBound)
                            * factor...metric.value(ofMean: $0.interval.upperBound) * factor
                    }
                    return BarPlot.Bar(value * factor, interval: interval, text: metric.text(value))
                })
        }
        return BarPlot(
            title: "\(metric.title) on \(task.name) by category",
            description:
                "\(groups.count) categories, a bar for each of \(results.models.count) models, with 95 % intervals. "
                + "The numbers stand in the table below.",
            x: metric.title + (metric.scale == .share ? " (per cent of rows)" : ""), series: results.models.map(\.name),
            groups: groups)
    }

    /// How long a task's answers are, of each model.
    func lengthPlot(_ number: Int) -> (any Plot)? {
        let task = results.tasks[number]
        let series = results.models.indices.map { model in
            (
                name: results.models[model].name,
                values: task.outcomes[model].compactMap { $0.answerTokens.map(Double.init) }
            )
        }
        guard series.contains(where: { !$0.values.isEmpty }) else { return nil }
        let medians = series.map { name, values in
            let sorted = values.sorted()
            return sorted.isEmpty
                ? "\(name) has none" : "\(name) has a median of \(Int(Bootstrap.quantile(sorted, 0.5)))"
        }
        return Histogram(
            title: "Length of answers on \(task.name)",
            description: "Tokens of an answer: " + medians.joined(separator: ", ") + ".",
            x: "tokens of an answer", series: series)
    }
}
