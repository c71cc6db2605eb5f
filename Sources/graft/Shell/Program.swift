import ArgumentParser
import Diagnostics
import Foundation

/// The program from start to exit status.
enum Program {
    /// Numeric work needs one dedicated thread, for libgomp keeps a team of threads per thread that calls it; deep
    /// recursion (JSON, templates, Jinja) needs more stack than a thread usually has.
    private static let stackSize = 256 << 20

    /// Runs the command line on a thread of its own and exits with its status.
    static func start() -> Never {
        openStandardFiles()
        signal(SIGPIPE, SIG_IGN)
        // A file that may not grow further is an error of writing, told with the file's name.
        signal(SIGXFSZ, SIG_IGN)
        endAtLostFiles()
        Interruption.install()
        PlainLogHandler.bootstrap()
        let thread = Thread { exit(run(Array(CommandLine.arguments.dropFirst()))) }
        thread.stackSize = stackSize
        thread.start()
        while true { pause() }
    }

    /// A file that is mapped into memory and cut short meanwhile ends whoever reads what is gone by a signal. It is
    /// told like any other failure; which file it was cannot be said here, where nothing may be allocated.
    private static func endAtLostFiles() {
        signal(SIGBUS) { _ in
            let text: StaticString = """

                error: a file that is being read was cut short by another program, or its disk has failed; nothing more was written

                """
            write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
            _exit(ExitStatus.failed)
        }
    }

    private static func run(_ arguments: [String]) -> Int32 {
        do {
            var command = try parse(arguments)
            if command is any NumericCommand { Restart.withThreadSettings() }
            try command.run()
            try Output.flush()
            Screen.status(nil)
            return ExitStatus.done
        } catch {
            Screen.status(nil)
            return ExitStatus.report(error)
        }
    }

    private static func parse(_ arguments: [String]) throws -> any ParsableCommand {
        try GraftCommand.checkNames(arguments)
        do { return try GraftCommand.parseAsRoot(arguments) } catch {
            // Help and version are thrown, too.
            if GraftCommand.exitCode(for: error) != .success {
                try Problems(KnownFlags().problems(in: arguments)).throwIfAny()
            }
            throw error
        }
    }

    /// A closed standard file would give its number to the next file that is opened, and results would be written into
    /// that one.
    private static func openStandardFiles() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
        where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
            // The lowest free number is this one. Reading from it or writing to it fails, as on a closed file.
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
