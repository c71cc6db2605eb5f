import ArgumentParser
import Exports

/// `graft merge`: base + adapter as a plain model directory.
struct MergeCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Writes base + adapter as a plain model directory that any loader reads.",
        discussion: """
            Before the directory appears it is read back: its predictions must be those of base and adapter in memory \
            (f32: log-probabilities within 1e-4; 16 bits: KL within 2 % of what the adapter does), or nothing is kept and the \
            status is 3. The comparison is computed in f32. What was measured stands in graft_export.json beside the weights.
            """)

    @OptionGroup var origin: ExportOrigin

    @Option(help: "Type of all weights (default: what the base has).")
    var dtype: PlainFormat?

    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let summary = try origin.run(compute) { job, opened in
            origin.warnOfTemplate(opened)
            return try job.merge(to: origin.path, dtype: dtype)
        }
        try origin.report(summary)
    }

    func validate() throws {
        if origin.adapter == nil { throw ValidationError("Missing expected argument '--adapter <adapter>'") }
    }
}

extension PlainFormat: ExpressibleByArgument {}
