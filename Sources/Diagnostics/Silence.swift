/// How long nothing was said: work without a terminal says now and then that it goes on.
public struct Silence: Sendable {
    /// After so long a line is due.
    public static let longest = Duration.seconds(30)
    private var lastWords: ContinuousClock.Instant

    /// A silence that begins at an instant.
    public init(since start: ContinuousClock.Instant = .now) { lastWords = start }

    /// Something is said.
    public mutating func end(at now: ContinuousClock.Instant = .now) { lastWords = now }

    /// Whether it is time to say something.
    public func isTooLong(at now: ContinuousClock.Instant = .now) -> Bool { now - lastWords > Self.longest }
}
