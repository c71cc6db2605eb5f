/// The rows of a task on which a model differs most from the first, by the task's headline metric.
struct ChangedRows {
    /// One of them.
    struct Entry {
        /// The row's number.
        let row: Int
        /// What the first model scored.
        let before: Double
        /// What this model scored.
        let after: Double
        /// Whether that is better.
        let isBetter: Bool
    }

    /// What rows are told apart by.
    let metric: Metric
    /// The most improved, most first.
    let improved: [Entry]
    /// The most worsened, most first.
    let worsened: [Entry]

    /// Nil when the task has no metric of quality.
    init?(_ task: TaskResult, model: Int, most: Int = 5) {
        guard let metric = task.headline else { return nil }
        self.metric = metric
        let base = task.scores(metric, model: 0)
        let other = task.scores(metric, model: model)
        var entries: [Entry] = []
        for row in task.rows.indices where base.weights[row] > 0 && other.weights[row] > 0 {
            let before = base.sums[row] / base.weights[row]
            let after = other.sums[row] / other.weights[row]
            if abs(after - before) > 1e-6 {
                entries.append(
                    Entry(
                        row: row, before: metric.value(ofMean: before), after: metric.value(ofMean: after),
                        isBetter: (after < before) == metric.isLowerBetter))
            }
        }
        // Rows that changed alike stand in the file's order.
        let ranked = entries.sorted { a, b in
            let (first, second) = (abs(a.after - a.before), abs(b.after - b.before))
            return first == second ? a.row < b.row : first > second
        }
        improved = Array(ranked.filter(\.isBetter).prefix(most))
        worsened = Array(ranked.filter { !$0.isBetter }.prefix(most))
    }

    /// What a model answered on a row, in words: what it wrote, or the choice it found likeliest.
    static func answer(_ task: TaskResult, _ row: Int, model: Int) -> String? {
        let outcome = task.outcomes[model][row]
        if let answer = outcome.answer { return answer }
        let choices = task.kind == .preference ? task.rows[row].references : task.rows[row].choices
        guard
            let best = outcome.logLikelihoods.indices.max(by: {
                outcome.logLikelihoods[$0] < outcome.logLikelihoods[$1]
            }),
            choices.indices.contains(best)
        else { return nil }
        return choices[best]
    }

    /// What would have been right.
    static func wanted(_ row: TaskRow) -> String? {
        if let answer = row.answer, row.choices.indices.contains(answer) { return row.choices[answer] }
        return row.references.first
    }
}
