import Diagnostics
import Foundation
import SafeFiles

/// The rules for a run's output directory, checked before anything is written.
public enum OutputDirectory {
    /// Checks what the flags mean for the directory at `path`.
    ///
    /// - Parameter inputs: what the run reads, none of which may be replaced.
    /// - Throws: ``Problem`` when something is there and neither flag was given, when it is no run to go on with or
    ///   holds what the run reads, or when no directory can be there.
    public static func check(_ path: String, resume: Bool, overwrite: Bool, inputs: [String]) throws(Problem) {
        if resume && overwrite {
            throw Problem("--resume and --overwrite exclude each other", advice: "give the one you mean")
        }
        try checkWritable(path)
        let content = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        if content.isEmpty { return }
        let advice = "choose another output"
        if resume {
            // What a run makes first, before it can be ended. A recipe.yaml may be the user's own.
            if content.contains(where: ["state", "metrics.jsonl"].contains) { return }
            throw Problem("the output directory '\(path)' holds no run to go on with", advice: advice)
        }
        guard overwrite else {
            throw Problem(
                "the output directory '\(path)' exists",
                advice: "--resume goes on with the run in it, --overwrite replaces it; or \(advice)")
        }
        for input in inputs where isInside(input, path) {
            throw Problem(
                "the output directory '\(path)' holds '\(input)', which --overwrite would take away", advice: advice)
        }
    }

    /// Whether a path leads into a directory, as it is written or where its links lead.
    private static func isInside(_ path: String, _ directory: String) -> Bool {
        func places(_ path: String) -> [[String]] {
            let url = URL(fileURLWithPath: path).standardizedFileURL
            return [url.pathComponents, url.resolvingSymlinksInPath().pathComponents]
        }
        let roots = places(directory)
        return places(path).contains { place in roots.contains { place.starts(with: $0) } }
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
