/// Which rows of an evaluation are (nearly) in the training data.
public struct LeakageReport: Sendable, Equatable {
    /// A row and the training row that holds most of it.
    public struct Finding: Sendable, Equatable {
        /// The evaluation's file.
        public var file: String
        /// The row's line there.
        public var line: Int
        /// The training file.
        public var trainingFile: String
        /// The training row's line.
        public var trainingLine: Int
        /// The share of the row's n-grams that the training row has.
        public var share: Double
        /// The beginning of the row.
        public var text: String

        /// A finding.
        public init(file: String, line: Int, trainingFile: String, trainingLine: Int, share: Double, text: String) {
            self.file = file
            self.line = line
            self.trainingFile = trainingFile
            self.trainingLine = trainingLine
            self.share = share
            self.text = text
        }
    }

    /// The training files that were searched.
    public var trainingFiles: [EvaluatedFile]
    /// How many rows of the evaluation were looked for.
    public var rows: Int
    /// Rows that were found, in the evaluation's order.
    public var findings: [Finding]
    /// The least share that counts as found.
    public var threshold: Double
    /// Whether found rows were left out of every number; else they are in them.
    public var isExcluded: Bool

    /// A report.
    public init(
        trainingFiles: [EvaluatedFile], rows: Int, findings: [Finding], threshold: Double, isExcluded: Bool = false
    ) {
        self.trainingFiles = trainingFiles
        self.rows = rows
        self.findings = findings
        self.threshold = threshold
        self.isExcluded = isExcluded
    }

    /// What was found, in one sentence.
    public var sentence: String {
        let searched =
            "\(rows == 1 ? "1 row was" : "\(rows) rows were") looked for in \(trainingFiles.map(\.path).joined(separator: ", "))"
        if findings.isEmpty { return searched + ": none is there." }
        let number = findings.count == 1 ? "1 is" : "\(findings.count) are"
        return searched + ": \(number) (nearly) there, and "
            + (isExcluded ? "left out of every number." : "part of the numbers below.")
    }
}
