import Diagnostics
import Foundation
import Synchronization

/// Everything that is no result: messages and progress on standard error.
enum Screen {
    /// The status line that stands on the terminal now.
    private static let status = Mutex<String?>(nil)
    /// Since a message was printed last, or the program began.
    private static let silence = Mutex(Silence())

    /// Whether standard error is a terminal that understands control sequences.
    static let isTerminal = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    /// Whether messages are coloured.
    static let isColoured = isTerminal && coloursAllowed
    /// Whether results on standard output are coloured.
    static let resultsAreColoured = isatty(STDOUT_FILENO) == 1 && coloursAllowed

    private static var coloursAllowed: Bool {
        let environment = ProcessInfo.processInfo.environment
        return (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// Prints a message above the status line.
    static func note(_ text: String) {
        silence.withLock { $0.end() }
        status.withLock { status in
            write((status == nil ? "" : "\r\u{1B}[K") + text + "\n" + (status ?? ""))
        }
    }

    /// Prints an error.
    static func error(_ text: String) { note(labelled("error", "31", text)) }

    /// Prints a warning.
    static func warning(_ text: String) { note(labelled("warning", "33", text)) }

    private static func labelled(_ label: String, _ colour: String, _ text: String) -> String {
        (isColoured ? "\u{1B}[1;\(colour)m\(label):\u{1B}[0m " : "\(label): ") + text
    }

    /// Shows a line that the next one replaces; nil takes it away. Where there is no terminal a line stays now and
    /// then, to show that the work goes on.
    static func status(_ text: String?) {
        guard isTerminal else {
            if let text, silence.withLock({ $0.isTooLong() }) { note(text) }
            return
        }
        status.withLock { status in
            if status == nil && text == nil { return }
            let line = text.map { String($0.prefix(width - 1)) }
            write("\r\u{1B}[K" + (line ?? ""))
            status = line
        }
    }

    /// Columns of the terminal.
    private static var width: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 10 ? Int(size.ws_col) : 80
    }

    // Nobody may be listening any more; that must not end a run.
    private static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let written = Foundation.write(STDERR_FILENO, rest.baseAddress, rest.count)
                if written < 0 && errno != EINTR { return }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(max(0, written)))
            }
        }
    }
}
