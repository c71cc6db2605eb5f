import Evaluation
import Foundation
import OrderedJSON
import Testing

/// What reports say, and that nothing in them can be anything but text.
struct ReportTests {
    @Test func pageIsSelfContainedAndEscaped() throws {
        let run = try ReportSample.run()
        defer { try? FileManager.default.removeItem(at: run) }
        let page = EvaluationReport(ReportSample.results(run: run.path, models: 3)).html()
        #expect(!page.contains("<script") && !page.contains("<b>second"))
        #expect(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"))
        let links = page.replacing("http://www.w3.org/2000/svg", with: "")
        for forbidden in ["src=", "url(", "@import", "http:", "https:", "<link"] {
            #expect(!links.contains(forbidden), "\(forbidden)")
        }
        // Every id is there once, and every reference has its id.
        let ids = page.matches(of: /\sid="([^"]+)"/).map { String($0.1) }
        #expect(Set(ids).count == ids.count)
        for reference in page.matches(of: /aria-labelledby="([^"]+)"/) {
            for id in reference.1.split(separator: " ") { #expect(ids.contains(String(id)), "\(id)") }
        }
        for word in ["Training", "By category", "Leakage", "Gates", "Rows that improved most", "sha256:", "recipe"] {
            #expect(page.localizedCaseInsensitiveContains(word), "\(word)")
        }
        #expect(
            page.contains("<html lang=\"en\">") && page.contains("prefers-color-scheme")
                && page.contains("@media print"))
    }

    @Test func markdownIsEscaped() {
        let text = EvaluationReport(ReportSample.results(models: 3)).markdown()
        // Between backticks nothing is markup.
        let outside = text.replacing(/`[^`\n]*`/, with: "")
        #expect(!outside.contains("<script") && !outside.contains("**bold**"))
        // A bar in a row's text must not begin a cell.
        for table in text.split(separator: "\n\n") where table.hasPrefix("| ") {
            let bars = table.split(separator: "\n").map { $0.replacing("\\|", with: "").count { $0 == "|" } }
            #expect(Set(bars).count == 1, "\(table.prefix(200))")
        }
    }

    @Test func verdictsFollowTheNumbers() throws {
        var results = ReportSample.results()
        results.gates = []
        func kind() throws -> Verdict.Kind { try #require(EvaluationReport(results).verdicts.first).kind }
        #expect(try kind() == .better)
        #expect(EvaluationReport(results).headline[0].contains("what it knew before is kept"))
        // A gate that is not met is an answer of its own.
        results.gates = ReportSample.results().gates
        #expect(try kind() == .betterButForgot)
        results.gates = []
        // General text a fifth less likely.
        for row in results.tasks[1].rows.indices { results.tasks[1].outcomes[1][row].scores["loss"]?.sum += 20 }
        #expect(try kind() == .betterButForgot)
        results.tasks.removeLast()
        #expect(EvaluationReport(results).headline[0].contains("not measured"))
        results.tasks[0].outcomes.swapAt(0, 1)
        #expect(try kind() == .worse)
        results.tasks[0].outcomes[1] = results.tasks[0].outcomes[0]
        #expect(try kind() == .noDifference)
        results.models.removeLast()
        results.tasks[0].outcomes.removeLast()
        #expect(EvaluationReport(results).verdicts.isEmpty)
        #expect(EvaluationReport(results).headline[0].contains("alone"))
        #expect(EvaluationReport(results).html().contains("alone"))
    }

    /// A text without spaces is one word, and e to the power of its loss beyond any number.
    @Test func endlessPerplexitiesAreNotCompared() throws {
        var results = ReportSample.results()
        results.gates = []
        for model in 0..<2 {
            for row in results.tasks[1].rows.indices {
                results.tasks[1].outcomes[model][row].scores["loss"] = RowScore(100_000, weight: 100)
            }
        }
        let section = try #require(Comparison(results).section(ofTask: 1))
        #expect(section.lines[1]["perplexity"]?.value == .infinity && section.lines[1]["perplexity"]?.change == nil)
        #expect(section.lines[1]["loss"]?.change?.difference == 0)
        // JSON has no word for it.
        #expect(!EvaluationReport(results).json.serialized().contains("Infinity"))
    }

    /// Three rows of which two got better prove nothing.
    @Test func fewRowsProveNothing() throws {
        var results = ReportSample.results()
        results.gates = []
        results.tasks.removeLast()
        let task = results.tasks[0]
        results.tasks[0] = TaskResult(
            name: "few", kind: task.kind, files: task.files, metrics: [AnswerMetric.exactMatch.metric],
            rows: Array(task.rows[0..<3]), outcomes: task.outcomes.map { Array($0[0..<3]) })
        let verdict = try #require(EvaluationReport(results).verdicts.first)
        #expect(verdict.kind == .noDifference)
    }
}
