import ArgumentParser
import Datasets
import Diagnostics
import Evaluation
import Foundation
import SafeFiles
import Tokenizers

/// What `eval` writes besides its tables, and where it looks for leaked rows.
struct ReportOptions: ParsableArguments {
    @Option(help: "Write a report with plots to this file: one HTML file that loads nothing.")
    var html: String?

    @Option(help: "Write a report without plots to this file, as Markdown.")
    var markdown: String?

    @Option(
        parsing: .upToNextOption, help: "Training data (JSONL): rows that are (nearly) in it are told, see --leaked.")
    var train: [String] = []

    @Option(help: "Rows that are in the training data: 'flag' tells them, 'exclude' also leaves them out.")
    var leaked: Treatment = .flag

    @OptionGroup var leakage: LeakageOptions

    /// What becomes of rows that are in the training data.
    enum Treatment: String, ExpressibleByArgument, CaseIterable {
        case flag, exclude
    }

    /// What is wrong with the files named: told before a model runs.
    ///
    /// - Parameters:
    ///   - results: another file that will be written.
    ///   - inputs: files that are read, which no report may replace.
    func problems(besides results: String?, inputs: [String]) -> [Problem] {
        var problems: [Problem] = []
        let outputs = [("--html", html), ("--markdown", markdown), ("--results", results)].compactMap { name, path in
            path.map { (name: name, path: $0) }
        }
        for (at, output) in outputs.enumerated() {
            if let problem = WritablePlace.problem(ofFile: output.path) { problems.append(problem) }
            if let other = outputs[..<at].first(where: { WritablePlace.isSame($0.path, output.path) }) {
                problems.append(
                    Problem("is both \(other.name) and \(output.name)", file: output.path, advice: "give two names"))
            }
            if (inputs + train).contains(where: { WritablePlace.isSame($0, output.path) }) {
                problems.append(
                    Problem(
                        "is read, and \(output.name) would replace it", file: output.path, advice: "give another name"))
            }
        }
        for path in train {
            do { _ = try RowFile(path: path) } catch { problems.append(error) }
        }
        return problems
    }

    /// Looks for the rows of tasks in the training data, before a model is asked: a row of it that cannot be read is
    /// told soon. Nil where no training data is named.
    func search(_ tasks: [EvaluationTask], tokenizer: Tokenizer) throws -> LeakageReport? {
        if train.isEmpty { return nil }
        var paths: [String] = []
        for file in tasks.flatMap(\.files) where !paths.contains(file.path) { paths.append(file.path) }
        let report = try leakage.search(try paths.map { try RowFile(path: $0) }, in: train, tokenizer: tokenizer)
        if leaked == .exclude {
            let found = Set(report.findings.map { "\($0.file):\($0.line)" })
            let empty = tasks.filter { task in
                task.rows.allSatisfy { found.contains("\(task.files[$0.row.file].path):\($0.row.line)") }
            }
            try Problems(
                empty.map {
                    Problem(
                        "every row of the task '\($0.name)' is (nearly) in the training data",
                        file: $0.files.first?.path,
                        advice: "ask for rows that were not trained on, or give --leaked flag")
                }
            ).throwIfAny()
        }
        return report
    }

    /// Takes in what was found, tells it, and leaves the rows out where that is asked for.
    func record(_ report: LeakageReport?, in results: inout EvaluationResults) {
        guard let report else { return }
        results.record(report, excluding: leaked == .exclude)
        guard let found = results.leakage, !found.findings.isEmpty else { return }
        Screen.warning(found.sentence)
        for finding in found.findings.prefix(5) { Screen.note("  " + finding.problem.description) }
        if found.findings.count > 5 {
            Screen.note("  and \(found.findings.count - 5) more; --json and the reports name all")
        }
    }

    /// Writes the reports that are asked for.
    func write(_ report: EvaluationReport) throws {
        for (path, text) in [(html, report.html), (markdown, report.markdown)] {
            if let path { try AtomicFile.write(text(), to: path) }
        }
    }
}
