import ArgumentParser
import Datasets
import Diagnostics
import Evaluation
import Tokenizers

/// How alike a row and a training row must be to count as the same.
struct LeakageOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: "The share of a row's n-grams that a training row must hold to count as (nearly) the same.")
    var leakageThreshold = 0.8

    mutating func validate() throws {
        if !(leakageThreshold > 0 && leakageThreshold <= 1) {
            throw ValidationError("--leakage-threshold takes a number above 0, at most 1, not \(leakageThreshold).")
        }
    }

    /// Looks for the rows of files in training data, showing how far it is.
    func search(_ files: [RowFile], in training: [String], tokenizer: Tokenizer) throws -> LeakageReport {
        defer { Screen.status(nil) }
        return try LeakageReport(of: files, in: training, threshold: leakageThreshold, tokenizer: tokenizer) { share in
            try Interruption.check()
            Screen.status("looking for rows in the training data: \(Int(share * 100)) %")
        }
    }
}

extension LeakageReport.Finding {
    /// The finding as a fault of the row.
    var problem: Problem {
        Problem(
            "is (nearly) in the training data: \(trainingFile):\(trainingLine) holds \(Int((share * 100).rounded())) % of it",
            file: file, line: line, advice: "take it out of one of the two")
    }
}
