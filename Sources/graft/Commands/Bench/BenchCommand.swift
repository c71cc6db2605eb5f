import ArgumentParser
import Diagnostics
import Foundation
import Logging
import Models
import Training

/// `graft bench`: speed on this machine.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures speed on this machine.",
        subcommands: [
            BenchTrainCommand.self, BenchGenerateCommand.self, BenchTokenizeCommand.self, BenchPlotCommand.self,
        ],
        defaultSubcommand: BenchTrainCommand.self)

    /// The machine's load, with a warning where it is so high that numbers will be too low.
    static func checkedLoad() -> Double? {
        let load = SystemFiles.load
        if let load, load > 0.5 {
            log.warning(
                "the machine is not alone: its load is \(String(format: "%.1f", load)), and numbers will be too low")
        }
        return load
    }

    /// A line of a table on a screen: a name and what was measured.
    static func line(_ name: String, _ format: String, _ values: any CVarArg...) throws {
        let text = String(format: format, arguments: values)
        try Output.line(name.padding(toLength: 18, withPad: " ", startingAt: 0) + text)
    }
}

/// Which model is measured.
struct BenchModel: ParsableArguments {
    @Option(help: "The model's shape: \(ModelShape.all.map(\.name).joined(separator: ", ")); weights are generated.")
    var shape: String?

    @Option(help: "A model directory or GGUF file, instead of --shape.")
    var model: String?

    mutating func validate() throws {
        if shape != nil && model != nil { throw ValidationError("--shape and --model exclude each other.") }
    }

    /// Calls `body` with the model; generated weights are gone afterwards.
    func open(_ body: (ModelFiles) throws -> Void) throws {
        if let model { return try body(OpenedModel.open(model).files) }
        let shape = try ModelShape.named(self.shape ?? "qwen2.5-0.5b")
        let folder = FileManager.default.temporaryDirectory.appending(path: "graft-bench-\(getpid())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        Screen.status("generating weights of \(shape.name)")
        // Ctrl-C must not leave gigabytes behind.
        Interruption.poll()
        try shape.write(to: folder, mayGoOn: Interruption.check)
        Screen.status(nil)
        try body(ModelFiles.open(directory: folder))
    }
}
