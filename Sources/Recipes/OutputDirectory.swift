import Diagnostics
import Foundation

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
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            try checkParent(of: path)
            return .create
        }
        guard isDirectory.boolValue else {
            throw Problem("the output '\(path)' is a file", advice: "give a directory as output")
        }
        guard FileManager.default.isWritableFile(atPath: path) else {
            throw Problem("the output directory '\(path)' may not be written by this user")
        }
        let content = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        if content.isEmpty { return .create }
        if resume { return .resume }
        if overwrite { return .overwrite }
        throw Problem(
            "the output directory '\(path)' exists",
            advice: "--resume goes on with the run in it, --overwrite replaces it; or choose another output")
    }

    /// The nearest existing folder above must be a writable directory.
    private static func checkParent(of path: String) throws(Problem) {
        var url = URL(fileURLWithPath: path).standardizedFileURL
        var isDirectory: ObjCBool = false
        repeat {
            url.deleteLastPathComponent()
        } while !FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) && url.path != "/"
        guard isDirectory.boolValue, FileManager.default.isWritableFile(atPath: url.path) else {
            throw Problem(
                "the output directory '\(path)' cannot be created",
                advice: isDirectory.boolValue
                    ? "'\(url.path)' may not be written by this user" : "'\(url.path)' is a file")
        }
    }
}
