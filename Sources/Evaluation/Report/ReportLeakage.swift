extension EvaluationReport {
    /// Which rows are in the training data, where somebody looked.
    var leakageSection: HTML? {
        guard let leakage = results.leakage else { return nil }
        var parts = [HTML("h2", [:], "Leakage"), HTML("p", [:], leakage.sentence)]
        if !leakage.findings.isEmpty {
            parts.append(
                HTML.table(
                    "Rows that are in the training data",
                    head: ["row", "text", "training row", "of it there"],
                    rows: leakage.findings.prefix(Self.mostLeaks).map { finding in
                        [
                            HTML("code", [:], "\(finding.file):\(finding.line)"), HTML(text: finding.text),
                            HTML("code", [:], "\(finding.trainingFile):\(finding.trainingLine)"),
                            HTML(text: "\(Int((finding.share * 100).rounded())) %"),
                        ]
                    }, numbersFrom: 3))
            if leakage.findings.count > Self.mostLeaks {
                parts.append(
                    HTML("p", ["class": "note"], "\(leakage.findings.count - Self.mostLeaks) more are not shown."))
            }
        }
        return HTML("section", [:], parts)
    }

    /// The same as Markdown.
    var leakageMarkdown: [String]? {
        guard let leakage = results.leakage else { return nil }
        var blocks = ["## Leakage", Markdown.escaped(leakage.sentence)]
        if !leakage.findings.isEmpty {
            blocks.append(
                Markdown.table(
                    ["row", "training row", "of it there"],
                    leakage.findings.prefix(Self.mostLeaks).map {
                        [
                            Markdown.code("\($0.file):\($0.line)"),
                            Markdown.code("\($0.trainingFile):\($0.trainingLine)"),
                            "\(Int(($0.share * 100).rounded())) %",
                        ]
                    }, numbersFrom: 2))
        }
        return blocks
    }

    /// How many leaked rows are shown.
    private static let mostLeaks = 50
}
