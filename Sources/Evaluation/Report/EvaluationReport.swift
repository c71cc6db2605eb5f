import Plots

/// An evaluation as it is told, in tables, documents and to programs: what it says in one sentence, then everything
/// that sentence rests on. Models are compared once, for every form.
public struct EvaluationReport: Sendable {
    /// What was found.
    public let results: EvaluationResults
    /// The models side by side.
    public let comparison: Comparison
    /// What is said about every model but the first.
    public let verdicts: [Verdict]
    /// By model, how its adapter was trained, where that is known.
    let runs: [Int: RunRecord]

    /// A report; reads the runs' directories that models name.
    public init(_ results: EvaluationResults) {
        var runs: [Int: RunRecord] = [:]
        for (number, model) in results.models.enumerated() {
            if let directory = model.run { runs[number] = RunRecord(directory: directory) }
        }
        self.init(results, runs: runs)
    }

    /// A report with the runs given.
    init(_ results: EvaluationResults, runs: [Int: RunRecord]) {
        precondition(!results.models.isEmpty, "EvaluationReport: no model")
        self.results = results
        self.runs = runs
        comparison = Comparison(results)
        verdicts = Verdict.all(results, comparison)
    }

    /// The verdicts' sentences; of a model alone, that it stands alone.
    public var headline: [String] {
        if verdicts.isEmpty { return ["\(results.models[0].name) alone was measured; nothing is compared."] }
        return verdicts.map(\.sentence)
    }

    /// A task's rows and what they are, in words.
    func summary(_ task: TaskResult) -> String {
        var parts = [ReportText.count(task.rows.count, "row"), task.kind.title]
        if task.metrics.contains(.loss) {
            parts.append("\(Int(task.scores(.loss, model: 0).weights.reduce(0, +))) tokens with loss")
        }
        if let documents = task.documents(of: Array(task.rows.indices)) {
            parts.append("\(ReportText.count(Set(documents).count, "document")), which are what intervals draw")
        }
        if task.isGeneral { parts.append("what the model knew before") }
        return parts.joined(separator: ", ")
    }

    /// What a section's rows are able to show: the difference in the headline metric that would be found four times out
    /// of five.
    func sensitivity(_ section: Comparison.Section) -> String? {
        for line in section.lines {
            guard let metric = results.tasks[section.task].headline, let compared = line[metric.name],
                let change = compared.change
            else { continue }
            let least = SampleSize.detectable(change.interval)
            guard least.isFinite, least > 0 else { continue }
            let text = ReportText.difference(compared.metric, least).replacing("+", with: "")
            return
                "With \(ReportText.count(compared.rows, "row")), a true difference in \(compared.metric.title) of about \(text) "
                + "would be shown four times out of five; a smaller one mostly would not."
        }
        return nil
    }
}
