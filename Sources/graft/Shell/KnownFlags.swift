import ArgumentParser
import Diagnostics
import OrderedJSON

/// The flags of every command, as the parser describes them.
///
/// A flag that is misspelt leaves another one missing, and the parser complains of that one first. So when it
/// complains, flags that do not exist are looked for here and named together.
struct KnownFlags {
    private let commands: JSONValue

    init() { commands = (try? JSONValue(parsing: GraftCommand._dumpHelp()))?["command"] ?? .null }

    /// Flags among a command line's words that their command does not have, each with the one probably meant.
    func problems(in words: [String]) -> [Problem] {
        var command = commands
        var path = "graft"
        var rest = words[...]
        while let word = rest.first,
            let next = command["subcommands"]?.arrayValue?.first(where: { $0["commandName"]?.stringValue == word })
        {
            (command, path) = (next, path + " " + word)
            rest = rest.dropFirst()
        }
        if let own = command["defaultSubcommand"]?.stringValue,
            let next = command["subcommands"]?.arrayValue?.first(where: { $0["commandName"]?.stringValue == own })
        {
            (command, path) = (next, path + " " + own)
        }
        let flags = flags(of: command)
        var problems: [Problem] = []
        while let word = rest.popFirst(), word != "--" {
            guard word.hasPrefix("--") else { continue }
            let name = String(word.prefix { $0 != "=" })
            switch flags[name] {
            case .some(let takesAnything):
                if takesAnything && name == word { rest = rest.dropFirst() }
            case nil:
                problems.append(
                    Problem(
                        "'\(path)' has no flag \(name)",
                        advice: suggestion(for: name, among: flags.keys.sorted()).map { "did you mean \($0)?" }
                            ?? "'\(path) --help' lists them"))
            }
        }
        return problems
    }

    /// Names with their dashes, and whether the word that follows is a value whatever it looks like.
    private func flags(of command: JSONValue) -> [String: Bool] {
        var flags: [String: Bool] = [:]
        for argument in command["arguments"]?.arrayValue ?? [] {
            for name in argument["names"]?.arrayValue ?? [] {
                let dashes = name["kind"]?.stringValue == "long" ? "--" : "-"
                flags[dashes + (name["name"]?.stringValue ?? "")] =
                    argument["parsingStrategy"]?.stringValue?.hasPrefix("unconditional") == true
            }
        }
        return flags
    }
}
