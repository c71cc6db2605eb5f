import Diagnostics
import Foundation
import SafeFiles

/// The rules for a run's output directory, checked before anything is written.
public enum OutputDirectory {
    /// What to do with the directory.
    public enum Action: Sendable, Equatable {
        /// It does not exist or is empty: begin.
        case create
        /// It holds a run to go on with.
        case resume
        /// It holds something the user allowed to be replaced.
        case overwrite
    }

    /// What to do with `path`, given the flags.
    ///
    /// - Throws: ``Problem`` when something is there and neither flag was given, or when no directory can be there.
    public static func check(_ path: String, resume: Bool, overwrite: Bool) throws(Problem) -> Action {
        if resume && overwrite {
            throw Problem("--resume and --overwrite exclude each other", advice: "give the one you mean")
        }
        try checkWritable(path)
        let content = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        if content.isEmpty { return .create }
        if resume { return .resume }
        if overwrite { return .overwrite }
        throw Problem(
            "the output directory '\(path)' exists",
            advice: "--resume goes on with the run in it, --overwrite replaces it; or choose another output")
    }

    /// Refuses a path at which no directory can be written, whatever is there now.
    public static func checkWritable(_ path: String) throws(Problem) {
        var isDirectory: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        if isThere && !isDirectory.boolValue {
            throw Problem("the output '\(path)' is a file", advice: "give a directory as output")
        }
        guard var problem = isThere ? WritablePlace.problem(ofDirectory: path) : WritablePlace.problem(ofNew: path)
        else { return }
        problem.file = "the output directory '\(path)'"
        throw problem
    }
}
