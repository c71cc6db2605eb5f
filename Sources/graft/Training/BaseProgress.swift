import Kernels
import Models
import Training

/// The line that shows how far quantising a base is; ends the work when the user asks for it.
final class BaseProgress {
    private var begin: ContinuousClock.Instant?

    /// Shows what is being done and the share done.
    func show(_ step: String, _ share: Double?) throws {
        if Interruption.isRequested {
            throw Interrupted(message: "interrupted while the base was quantised; nothing was kept")
        }
        guard let share else { return Screen.status(step) }
        if begin == nil {
            begin = .now
            // Without a terminal there is no status line, and this can take a minute.
            if !Screen.isTerminal { Screen.note("\(step); later runs take it from the cache") }
        }
        let seconds = (ContinuousClock.now - (begin ?? .now)).seconds
        let left = share > 0.02 ? ", \(DurationText.of(seconds / share * (1 - share))) left" : ""
        Screen.status("\(step): \(Int(share * 100)) %\(left)")
    }
}
