import Logging

/// Log messages as a person reads them: the message, and its level where it is no mere information.
struct PlainLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    /// Makes this the handler of every logger of the process.
    static func bootstrap() { LoggingSystem.bootstrap { _ in PlainLogHandler() } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        switch event.level {
        case .error, .critical: Screen.error(event.message.description)
        case .warning: Screen.warning(event.message.description)
        default: Screen.note(event.message.description)
        }
    }
}
