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
    /// - Parameter results: another file that will be written.
    func problems(besides results: String?) -> [Problem] {
        var problems: [Problem] = []
        for path in [html, markdown, results].compactMap({ $0 }) {
            let folder = (path as NSString).deletingLastPathComponent
            var isDirectory: ObjCBool = false
            let isThere = folder.isEmpty || FileManager.default.fileExists(atPath: folder, isDirectory: &isDirectory)
            if !isThere || !(folder.isEmpty || isDirectory.boolValue) {
                problems.append(
                    Problem("is in a folder that does not exist", file: path, advice: "create \(folder) first"))
            } else if !FileManager.default.isWritableFile(atPath: folder.isEmpty ? "." : folder) {
                problems.append(
                    Problem(
                        "is in a folder that this user may not write to", file: path, advice: "choose another place"))
            }
        }
        for path in train {
            do { _ = try RowFile(path: path) } catch { problems.append(error) }
        }
        return problems
    }

    /// Looks for the rows of results in the training data, and leaves them out where that is asked for.
    func search(_ results: inout EvaluationResults, tokenizer: Tokenizer) throws {
        if train.isEmpty { return }
        var paths: [String] = []
        for file in results.tasks.flatMap(\.files) where !paths.contains(file.path) { paths.append(file.path) }
        let report = try leakage.search(try paths.map { try RowFile(path: $0) }, in: train, tokenizer: tokenizer)
        results.record(report, excluding: leaked == .exclude)
        guard let found = results.leakage, !found.findings.isEmpty else { return }
        Screen.warning(found.sentence)
        for finding in found.findings.prefix(5) { Screen.note("  " + finding.problem.description) }
        if found.findings.count > 5 {
            Screen.note("  and \(found.findings.count - 5) more; --json and the reports name all")
        }
    }

    /// Writes the reports that are asked for.
    func write(_ results: EvaluationResults) throws {
        if html == nil && markdown == nil { return }
        let report = EvaluationReport(results)
        for (path, text) in [(html, report.html), (markdown, report.markdown)] {
            if let path { try AtomicFile.write(text(), to: path) }
        }
    }
}
