import Foundation
import Recipes
import Testing

/// docs/reference.md against the program.
@Suite("The reference page")
struct ReferenceTests {
    static let path = Project.path("docs/reference.md")

    @Test(
        "its tables of keys are those the program checks recipes and suites by",
        arguments: [("RecipeKey", RecipeKey.referenceTable()), ("TaskKey", TaskKey.referenceTable())])
    func keyTable(name: String, table: String) throws {
        let text = try String(contentsOfFile: Self.path, encoding: .utf8)
        let marker = "<!-- the table is \(name).referenceTable(); a test compares them -->\n"
        let start = try #require(text.range(of: marker)?.upperBound)
        let end = text[start...].range(of: "\n\n")?.lowerBound ?? text.endIndex
        let table = table.trimmingCharacters(in: .newlines)
        if ProcessInfo.processInfo.environment["GRAFT_RECORD"] != nil {
            try (text[..<start] + table + text[end...]).write(toFile: Self.path, atomically: true, encoding: .utf8)
            return
        }
        #expect(text[start..<end] == table, "GRAFT_RECORD=1 swift test --filter ReferenceTests writes it anew")
    }

    @Test("it names every command and every flag")
    func commandsAndFlags() throws {
        let text = try String(contentsOfFile: Self.path, encoding: .utf8)
        let commands = try names(in: Graft.run(["--help"]).output, after: "SUBCOMMANDS:") { $0 }
        #expect(commands.count >= 7)
        for command in commands where command != "help" {
            let help = try Graft.run(["help", command]).output
            let parts = help.contains("SUBCOMMANDS:") ? try names(in: help, after: "SUBCOMMANDS:") { $0 } : []
            for call in parts.isEmpty ? [[command]] : parts.map({ [command, $0] }) {
                let name = "graft " + call.joined(separator: " ")
                #expect(text.contains("`\(name)"), "docs/reference.md does not name \(name)")
                let options = try names(in: Graft.run(["help"] + call).output, after: "OPTIONS:") { word in
                    word.hasPrefix("-") ? word : nil
                }
                #expect(options.count >= 1)
                for option in options where !["--help", "-h", "--version"].contains(option) {
                    #expect(text.contains(option), "docs/reference.md does not name \(option) of \(name)")
                }
            }
        }
    }

    /// The first words of the lines below a heading of a help text.
    private func names(in help: String, after heading: String, _ pick: (String) -> String?) throws -> [String] {
        let section = try #require(help.range(of: heading)).upperBound
        return help[section...].split(separator: "\n").compactMap { line in
            // Lines that go on with a description are indented further.
            guard line.hasPrefix("  "), !line.hasPrefix("   "), !line.contains("See 'graft") else { return nil }
            return line.split(whereSeparator: { " ,".contains($0) }).first.map(String.init).flatMap(pick)
        }
    }
}
