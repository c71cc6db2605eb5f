import OrderedJSON

extension EvaluationResults {
    /// Takes in which of its rows are in the training data; rows of the files that were not evaluated are no findings.
    ///
    /// - Parameter excluding: whether the rows found are left out of every number.
    public mutating func record(_ report: LeakageReport, excluding: Bool) {
        struct Place: Hashable {
            let file: String
            let line: Int
        }
        func place(_ task: TaskResult, _ row: TaskRow) -> Place {
            Place(file: task.files[row.file].path, line: row.line)
        }
        let evaluated = Set(tasks.flatMap { task in task.rows.map { place(task, $0) } })
        var report = report
        report.rows = evaluated.count
        report.findings = report.findings.filter { evaluated.contains(Place(file: $0.file, line: $0.line)) }
        report.isExcluded = excluding
        let leaked = Set(report.findings.map { Place(file: $0.file, line: $0.line) })
        leakage = report
        if !excluding || leaked.isEmpty { return }
        for number in tasks.indices {
            let task = tasks[number]
            let kept = task.rows.indices.filter { !leaked.contains(place(task, task.rows[$0])) }
            tasks[number].rows = kept.map { task.rows[$0] }
            tasks[number].outcomes = task.outcomes.map { outcomes in kept.map { outcomes[$0] } }
        }
    }
}

extension LeakageReport {
    /// The report for programs.
    var json: JSONValue {
        [
            "training_files": .array(trainingFiles.map { ["path": .string($0.path), "hash": .string($0.hash)] }),
            "rows": .integer(rows), "threshold": .number(threshold), "excluded": .bool(isExcluded),
            "findings": .array(findings.map(\.json)),
        ]
    }
}

extension LeakageReport.Finding {
    /// The finding for programs.
    public var json: JSONValue {
        [
            "file": .string(file), "line": .integer(line), "training_file": .string(trainingFile),
            "training_line": .integer(trainingLine), "share": .number(share),
        ]
    }
}
