import ArgumentParser
import Diagnostics
import OrderedJSON

/// `graft inspect`: what a model, adapter, checkpoint, run or GGUF holds.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Tells what a model, adapter, checkpoint, run, safetensors or GGUF file holds.",
        discussion: "Only headers are read. What cannot be used is named too, and the status is 2 then.")

    @Argument(help: "A directory or file.")
    var path: String

    @Flag(help: "Write one JSON object, with every tensor.")
    var json = false

    func run() throws {
        let inspection = try Inspection.of(path)
        try Output.line(json ? inspection.json.serialized() : inspection.text)
        try Output.flush()
        try Problems(inspection.problems).throwIfAny()
    }
}
