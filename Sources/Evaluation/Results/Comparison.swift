/// The models of an evaluation side by side: a section a task, and below it one a category.
public struct Comparison: Sendable {
    /// One model on the rows of a section.
    public struct Line: Sendable {
        /// Which of the models.
        public let model: Int
        /// What was measured, in the task's order.
        public internal(set) var metrics: [MetricComparison]

        /// The metric of a name.
        public subscript(name: String) -> MetricComparison? { metrics.first { $0.metric.name == name } }
    }

    /// A task's rows, or those of one category.
    public struct Section: Sendable {
        /// Which of the tasks.
        public let task: Int
        /// The category; nil for all rows of the task.
        public let category: String?
        /// How many rows it has.
        public let rows: Int
        /// The models in their order.
        public internal(set) var lines: [Line]
    }

    /// Every task, followed by its categories.
    public let sections: [Section]

    /// Compares every model with the first.
    public init(_ results: EvaluationResults) {
        var sections: [Section] = []
        for (number, task) in results.tasks.enumerated() {
            let categories = task.categories
            for category in [nil] + categories.map(Optional.some) {
                sections.append(Self.section(results, number, category))
            }
        }
        self.sections = sections
    }

    /// The section of a task without its categories.
    public func section(ofTask task: Int) -> Section? { sections.first { $0.task == task && $0.category == nil } }

    /// The sections of a task's categories.
    public func categories(ofTask task: Int) -> [Section] {
        sections.filter { $0.task == task && $0.category != nil }
    }

    private static func section(_ results: EvaluationResults, _ number: Int, _ category: String?) -> Section {
        let task = results.tasks[number]
        let rows = task.rows(of: category)
        let documents = task.documents(of: rows)
        let lines = results.models.indices.map { model in
            Line(
                model: model,
                metrics: task.metrics.map { metric in
                    MetricComparison(
                        metric, task.scores(metric, model: model, rows: rows),
                        against: model == 0 ? nil : task.scores(metric, model: 0, rows: rows), documents: documents)
                })
        }
        return Section(task: number, category: category, rows: rows.count, lines: corrected(lines))
    }

    /// Holm's step-down correction over the models compared by one metric on the same rows.
    private static func corrected(_ lines: [Line]) -> [Line] {
        var lines = lines
        for metric in lines.first?.metrics.indices ?? 0..<0 {
            let tested = lines.indices.filter { lines[$0].metrics[metric].change != nil }
            let adjusted = Holm.adjusted(tested.map { lines[$0].metrics[metric].change?.pValue ?? 1 })
            for (line, p) in zip(tested, adjusted) { lines[line].metrics[metric].change?.adjustedPValue = p }
        }
        return lines
    }
}
