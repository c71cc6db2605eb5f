import Diagnostics
import Exports

extension [Exportability] {
    /// What cannot be exported and why, and what a runtime does otherwise; a line each.
    var reasons: [String] {
        var lines: [String] = []
        for export in self {
            let first = export.problems.first.map { problem in
                "no export to \(export.target): \(problem.message)" + (problem.advice.map { "; \($0)" } ?? "")
            }
            for line in [first, export.note].compactMap(\.self) where !lines.contains(line) { lines.append(line) }
        }
        return lines
    }
}
