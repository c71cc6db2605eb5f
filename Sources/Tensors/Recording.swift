/// Whether ops of trained parameters are recorded for a backward pass. Used by the numeric thread alone.
public enum Recording {
    nonisolated(unsafe) static var isOn = true

    /// Runs `body` without recording: for measuring and generating with a model that could be trained.
    public static func off<R>(_ body: () throws -> R) rethrows -> R {
        let before = isOn
        isOn = false
        defer { isOn = before }
        return try body()
    }
}
