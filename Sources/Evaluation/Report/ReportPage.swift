import Foundation
import OrderedJSON
import Plots

extension EvaluationReport {
    /// The report as one self-contained HTML file: it loads nothing and runs no scripts.
    public func html() -> String {
        let name =
            results.models.count > 1
            ? results.models.dropFirst().map(\.name).joined(separator: ", ") : results.models[0].name
        let head = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(Markup.escaped("Evaluation of " + name))</title>
            <style>
            \(ReportStyle.css)
            </style>
            </head>
            <body>

            """
        let main =
            [overview, leakageSection, training].compactMap { $0 } + results.tasks.indices.map(taskSection) + [
                provenance
            ]
        return head + header.markup + HTML("main", [:], main).markup
            + HTML("footer", ["class": "note"], "Written by \(results.program).").markup + "</body>\n</html>\n"
    }

    private var header: HTML {
        let sentences =
            verdicts.isEmpty
            ? headline.map { HTML("p", ["class": "verdict"], $0) }
            : verdicts.map { verdict in
                HTML(
                    "p", ["class": "verdict \(verdict.kind.rawValue)"],
                    [HTML("strong", [:], verdict.kind.title), HTML(text: verdict.sentence)])
            }
        return HTML("header", [:], [HTML("h1", [:], "Evaluation report")] + sentences)
    }

    /// What holds for all tasks: gates, and the differences in one view.
    private var overview: HTML? {
        var parts: [HTML] = []
        if !results.gates.isEmpty {
            let rows = results.gates.map { gate in
                [
                    HTML("code", [:], gate.text), HTML(text: gate.model), HTML(text: gate.texts.value),
                    HTML(text: gate.texts.bound), HTML(text: gate.texts.required),
                    HTML("span", ["class": gate.isMet ? "good" : "bad"], gate.isMet ? "met" : "failed"),
                ]
            }
            parts.append(
                HTML.table(
                    "Gates", head: ["gate", "model", "measured", "interval's end", "required", "result"], rows: rows,
                    numbersFrom: 2))
        }
        for (scale, id) in [(Metric.Scale.share, "shares"), (.plain, "losses")] {
            if let plot = differencePlot(scale) { parts.append(HTML.figure(plot, id: "differences-" + id)) }
        }
        if parts.isEmpty { return nil }
        return HTML("section", [:], [HTML("h2", [:], "At a glance")] + parts)
    }

    private var training: HTML? {
        let plots = results.models.indices.compactMap { model in
            lossPlot(model).map { HTML.figure($0, id: "training-\(model)") }
        }
        return plots.isEmpty ? nil : HTML("section", [:], [HTML("h2", [:], "Training")] + plots)
    }

    /// Where the numbers come from.
    private var provenance: HTML {
        var parts = [HTML("h2", [:], "Settings and hashes")]
        func code(_ text: String) -> HTML { text.isEmpty ? HTML(text: "–") : HTML("code", [:], text) }
        func hash(_ text: String) -> HTML { text.isEmpty ? HTML(text: "–") : HTML("code", ["class": "hash"], text) }
        parts.append(
            HTML.table(
                "Models", head: ["name", "model", "SHA-256 of its weights", "adapter", "SHA-256 of its weights"],
                rows: results.models.map { model in
                    [
                        HTML(text: model.name), code(model.path), hash(model.modelHash), code(model.adapter ?? ""),
                        hash(model.adapterHash ?? ""),
                    ]
                }, numbersFrom: 5))
        parts.append(
            HTML.table(
                "Data", head: ["file", "task", "SHA-256"],
                rows: results.tasks.flatMap { task in
                    task.files.map { [code($0.path), HTML(text: task.name), hash($0.hash)] }
                }, numbersFrom: 3))
        let settings =
            results.settings.members.map { ("all tasks", $0) }
            + results.tasks.flatMap { task in task.settings.members.map { (task.name, $0) } }
        parts.append(
            HTML.table(
                "Settings", head: ["setting", "of", "value"],
                rows: [[HTML(text: "program"), HTML(text: "–"), code(results.program)]]
                    + settings.map { [HTML(text: $1.key), HTML(text: $0), hash(ReportText.value($1.value))] },
                numbersFrom: 3))
        for (model, run) in runs.sorted(by: { $0.key < $1.key }) {
            guard let recipe = run.recipe else { continue }
            parts.append(HTML("h3", [:], "Recipe of \(results.models[model].name)"))
            if let hash = run.recipeHash { parts.append(HTML("p", ["class": "note"], [code(hash)])) }
            parts.append(HTML("pre", ["tabindex": "0"], [HTML("code", [:], recipe)]))
        }
        return HTML("section", [:], parts)
    }
}
