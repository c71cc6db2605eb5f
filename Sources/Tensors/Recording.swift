/// Whether ops of trained parameters are recorded for a backward pass, in this task or thread alone.
public enum Recording {
    @TaskLocal static var isOn = true

    /// Runs `body` without recording: for measuring and generating with a model that could be trained.
    public static func off<R>(_ body: () throws -> R) rethrows -> R { try $isOn.withValue(false, operation: body) }
}
