import ArgumentParser
import Diagnostics
import Foundation

/// The root command. A new subcommand is one file in `Commands/` and one word in this list.
struct GraftCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graft",
        abstract: "Fine-tunes open language models on documents that must not leave the building.",
        discussion: """
            One program, no GPU, no Python, no network: it trains adapters from a recipe, shows with numbers whether the \
            adapted model is better than the base, and merges or exports it.

            Exit status: 0 done; 1 the run failed; 2 the input is wrong; 3 a gate or a proof was not met; 130 interrupted.
            """,
        version: Version.text,
        subcommands: [
            TrainCommand.self, EvalCommand.self, ScoreCommand.self, GenerateCommand.self, ChatCommand.self,
            AuditCommand.self, MergeCommand.self, ExportCommand.self, TokenizeCommand.self, RenderCommand.self,
            DataCommand.self,
            InspectCommand.self, BenchCommand.self, DoctorCommand.self,
        ])

    /// What argument errors begin with, as every other error does.
    static let _errorPrefix = "error: "

    /// Names the command that a mistyped one was probably meant to be, which the parser does for flags only.
    static func checkNames(_ words: [String]) throws(Problem) {
        var commands = configuration.subcommands
        var path = "graft"
        for word in words where word != "help" {
            if commands.isEmpty || word.hasPrefix("-") { return }
            let names = commands.map { $0._commandName }
            guard let next = commands.first(where: { $0._commandName == word }) else {
                throw Problem(
                    "there is no command '\(path) \(word)'",
                    advice: suggestion(for: word, among: names).map { "did you mean '\(path) \($0)'?" }
                        ?? "the commands are " + names.joined(separator: ", "))
            }
            commands = next.configuration.subcommands
            path += " " + word
        }
    }
}

/// A command that computes with tensors: it runs with libgomp's settings in place (see ``Restart``).
protocol NumericCommand: ParsableCommand {}

/// The program's version.
enum Version {
    /// As `graft --version` prints it.
    static let text = "0.1.0"

    /// What tells this build from every other: its version, and the size and time of the program's file. A program that
    /// was built anew may compute something otherwise.
    static let build: String = {
        var file = stat()
        guard stat("/proc/self/exe", &file) == 0 else { return text }
        return "\(text) \(file.st_size) \(file.st_mtim.tv_sec).\(file.st_mtim.tv_nsec)"
    }()
}
