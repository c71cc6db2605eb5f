import ArgumentParser

/// `graft data`: what a data file holds.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Checks training data and shows what is learned from it.",
        subcommands: [DataCheckCommand.self, DataPreviewCommand.self, DataCanariesCommand.self])
}
