import Diagnostics
import Foundation
import SafeFiles

/// Counts what an export writes: says how much is done and how long the rest will take, and keeps the seconds it took,
/// the check not counted.
public final class ExportMeter {
    /// Seconds spent on writing so far.
    public private(set) var seconds = 0.0
    /// Time between two messages.
    package var interval = Duration.milliseconds(100)
    /// Bytes free where a path is.
    package var freeSpace: (_ path: String) -> Int? = { FreeSpace.bytes(at: $0) }

    init() {}

    /// Runs `body`, which tells `advance` of every piece it has written.
    ///
    /// - Parameters:
    ///   - what: a name for messages.
    ///   - path: where they will be.
    ///   - total: bytes there will be; a disk without as much room is a ``RunFailure`` before anything is written.
    ///   - progress: told about ten times a second; may throw to end the work.
    func writing(
        _ what: String, to path: String, bytes total: Int, _ progress: @escaping (String) throws -> Void,
        _ body: (_ advance: (Int) throws -> Void) throws -> Void
    ) throws {
        try FreeSpace.check(total, for: what, at: path, free: freeSpace)
        let start = ContinuousClock.now
        var (done, told) = (0, start)
        try progress("writing \(what)")
        try body { bytes in
            done += bytes
            let now = ContinuousClock.now
            guard now - told >= interval else { return }
            told = now
            try progress(Self.text(what, done: done, total: total, after: now - start))
        }
        seconds += (ContinuousClock.now - start) / .seconds(1)
    }

    /// `writing model.gguf: 43 %, 12 s left`; nothing about the time before it can be known.
    static func text(_ what: String, done: Int, total: Int, after elapsed: Duration) -> String {
        let share = min(1, Double(done) / Double(max(1, total)))
        let text = "writing \(what): \(Int(share * 100)) %"
        let spent = elapsed / .seconds(1)
        guard spent > 1, share > 0.02 else { return text }
        let left = Int((spent / share - spent).rounded(.up))
        return text + (left >= 60 ? ", \(left / 60) min \(left % 60) s left" : ", \(left) s left")
    }
}
