import ArgumentParser
import Datasets
import OrderedJSON

/// `graft data preview`: tokens with their loss mask.
struct DataPreviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Shows the first rows as the model will see them: what carries loss is marked.",
        discussion: "Tokens with loss are green on a terminal and stand between ⟦ and ⟧ elsewhere.")

    @Argument(help: "A data file (JSONL).")
    var file: String

    @OptionGroup var sampling: SamplingOptions

    @Option(parsing: .unconditional, help: "How many rows.")
    var rows = 3

    mutating func validate() throws {
        try FlagRange.check("--rows", rows, to: .max)
    }

    func run() throws {
        let builder = try sampling.builder()
        let file = try RowFile(path: file)
        let parser = JSONParser()
        for row in 0..<min(rows, file.count) {
            let preview = try RowPreview(of: row, in: file, builder: builder, parser: parser)
            try Output.line(preview.text(Screen.resultsAreColoured ? .coloured : .plain))
        }
    }
}
