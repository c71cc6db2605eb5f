import Foundation
import Synchronization

/// Ctrl-C, `kill` and a closed terminal.
///
/// A command ends at once, with status 130, unless it has asked to be told: then the first signal sets a flag that its
/// loop looks at, and the second ends it at once.
enum Interruption {
    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    private static let isPolled = Atomic(false)
    private static let count = Atomic(0)

    /// Takes the signals over, except those that the caller (`nohup`) has switched off.
    static func install() {
        // The first use of a static makes it, which a signal handler must not do.
        isPolled.store(false, ordering: .relaxed)
        count.store(0, ordering: .relaxed)
        for number in signals {
            var before = sigaction()
            sigaction(number, nil, &before)
            if unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self)
                == unsafeBitCast(SIG_IGN, to: Int.self)
            {
                continue
            }
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { _ in
                let before = Interruption.count.add(1, ordering: .relaxed).oldValue
                if before > 0 || !Interruption.isPolled.load(ordering: .relaxed) { _exit(ExitStatus.interrupted) }
            }
            action.sa_flags = SA_RESTART
            sigaction(number, &action, nil)
        }
        // Whoever started us may have blocked them (Swift's own threads do).
        var mask = sigset_t()
        sigemptyset(&mask)
        for number in signals { sigaddset(&mask, number) }
        pthread_sigmask(SIG_UNBLOCK, &mask, nil)
    }

    /// From here on the command looks at ``isRequested`` itself.
    static func poll() { isPolled.store(true, ordering: .relaxed) }

    /// Whether the user wants the work to end.
    static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

    /// Ends the work where the user wants that.
    static func check() throws { if isRequested { throw Interrupted() } }

    /// Forgets what was requested: for a conversation, where Ctrl-C ends an answer and not the program.
    static func clear() { count.store(0, ordering: .relaxed) }
}
