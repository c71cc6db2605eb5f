import ArgumentParser
import Datasets
import Diagnostics
import Foundation
import SafeFiles

/// How the program ends.
enum ExitStatus {
    /// Everything was done.
    static let done: Int32 = 0
    /// The run failed through no mistake in the input.
    static let failed: Int32 = 1
    /// The user's input is wrong; nothing was written.
    static let wrongInput: Int32 = 2
    /// A gate or a proof was not met.
    static let unproven: Int32 = 3
    /// Interrupted, after saving what there was to save.
    static let interrupted: Int32 = 130

    /// Problems printed one by one; of more the number is told.
    private static let mostProblems = 50

    /// Prints what an error says and gives the status that goes with it.
    static func report(_ error: any Error) -> Int32 {
        switch error {
        case let problem as Problem: return report([problem])
        case let problems as Problems: return report(problems.list)
        case let fault as RowFault: return report([Problem(fault.message, advice: fault.advice)])
        case let failure as RunFailure: return report(failure.message, failed)
        case let failure as ProofFailure: return report(failure.message, unproven)
        case let interrupted as Interrupted:
            if !interrupted.message.isEmpty { Screen.note(interrupted.message) }
            return self.interrupted
        case is OutputClosed:
            // The reader has gone: end as every filter does, by the signal that we ignored until here.
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
            return failed
        case let file as CocoaError:
            let place = file.filePath.map { $0 + ": " } ?? ""
            return report(place + systemReason(file), failed)
        default: return reportParsing(error)
        }
    }

    private static func report(_ problems: [Problem]) -> Int32 {
        for problem in problems.prefix(mostProblems) { Screen.error(problem.description) }
        if problems.count > mostProblems { Screen.error("\(problems.count - mostProblems) more mistakes") }
        return wrongInput
    }

    private static func report(_ message: String, _ status: Int32) -> Int32 {
        Screen.error(message)
        return status
    }

    /// Flags that make no sense end with 2, help and version with 0; anything unforeseen is a failed run.
    private static func reportParsing(_ error: any Error) -> Int32 {
        let code = GraftCommand.exitCode(for: error)
        let message = GraftCommand.fullMessage(for: error)
        if code == .success {
            do {
                try Output.line(message)
                try Output.flush()
            } catch { return report(error) }
            return done
        }
        Screen.note(message)
        return code == .validationFailure ? wrongInput : failed
    }
}

/// Thrown when the user ended the work and what there was to save has been saved.
struct Interrupted: Error {
    /// What was kept and how to go on; empty when that has been said.
    var message = "interrupted"
}
