import Adapters
import Diagnostics
import Foundation
import Recipes
import SafeFiles

extension TrainingRun {
    /// Makes the output directory this run's own; what a replaced run has left in it is removed.
    func prepare(_ output: String, replacing: Bool) throws -> DirectoryLock {
        let files = FileManager.default
        let mode: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
        do {
            try files.createDirectory(atPath: output, withIntermediateDirectories: true, attributes: mode)
            guard let lock = DirectoryLock(path: output) else {
                throw Problem(
                    "the output directory '\(output)' is in use: another graft trains into it",
                    advice: "wait until it has ended, or choose another output")
            }
            if replacing { try SafeDirectory.empty(output) }
            let state = RunFolder(output).state
            try files.createDirectory(atPath: state, withIntermediateDirectories: true, attributes: mode)
            for folder in [output, state] { SafeDirectory.removeLeftovers(in: folder) }
            return lock
        } catch let error as NSError where error.domain == NSCocoaErrorDomain {
            throw RunFailure("cannot prepare \(output): \(systemReason(error))")
        }
    }

    /// Refuses a run whose checkpoints and results have no room, before anything is written or taken away. What is in
    /// the output directory makes room for them.
    public func checkDisk() throws {
        try FreeSpace.check(forecast.diskBytes, for: "this run with its checkpoints", at: plan.recipe.output) {
            output in
            FreeSpace.bytes(at: output).map { $0 + FreeSpace.bytes(in: output) }
        }
    }

    /// Refuses a resume with other settings, data or another base than the run's own, of which a checkpoint tells.
    ///
    /// - Parameter contents: what is read now.
    func refuseChange(since stored: Checkpoint.Progress, contents: RunContents) throws(Problem) {
        let (old, new) = (stored.fingerprint.split(separator: "\n"), plan.fingerprint.split(separator: "\n"))
        let settings = new.filter { !old.contains($0) } + old.filter { !new.contains($0) }.map { "was \($0)" }
        let changed = settings.map(String.init) + contents.changes(since: stored.contents)
        if changed.isEmpty { return }
        throw Problem(
            "the recipe, its data or the base differ from those of the run in \(plan.recipe.output): "
                + changed.prefix(6).joined(separator: "; "),
            advice: "resume with what the run was started with, or use --overwrite")
    }
}
