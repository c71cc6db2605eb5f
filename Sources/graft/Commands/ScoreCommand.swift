import ArgumentParser
import Datasets
import Diagnostics
import Models

/// `graft score`: the log-probability of every token.
struct ScoreCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Writes ids and the log-probability of every token, a JSON line a row.",
        discussion: """
            {"ids":[…],"logprobs":[…]} with logprobs[j] = ln p(ids[j+1] | ids[0…j]), every position, masked or not. Rows are \
            rendered and cut into tokens as training does it; any conversation is fine, ending in any role.
            """)

    @Option(help: "A model directory or a GGUF file.")
    var model: String

    @Option(help: "An adapter directory (PEFT).")
    var adapter: String?

    @Option(help: "Rows (JSONL).")
    var data: String

    @OptionGroup var rendering: RenderingOptions
    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let precision = compute.start()
        let opened = try OpenedModel.open(model)
        let rows = try RowFile(path: data)
        let ids = try opened.ids(of: rows, rendering, adapter: adapter)
        let model = try opened.transformer(adapter: adapter)
        var row = 0
        for batch in model.batches(of: ids) {
            for (ids, values) in zip(ids[batch], model.logProbabilities(Array(ids[batch]), precision: precision)) {
                row += 1
                if values.contains(where: \.isNaN) {
                    throw RunFailure("\(data):\(rows.line(of: row - 1)): the model gives values that are not numbers")
                }
                try Output.line("{\"ids\":\(IDList.text(ids)),\"logprobs\":\(IDList.text(values))}")
            }
            try Output.flush()
            Screen.status("scored \(row) of \(ids.count) rows")
        }
    }
}
