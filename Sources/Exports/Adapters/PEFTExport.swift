import Adapters
import Diagnostics
import Models
import OrderedJSON

extension ExportJob {
    /// Writes the adapter in PEFT's layout, exactly as it is (nothing is baked), and proves it by reading it back.
    ///
    /// - Parameter experts: how adapters on experts are written.
    public func exportPEFT(to path: String, experts: ExpertForm = .joined) throws -> ExportSummary {
        guard let adapter else { throw Problem.needsAdapter("peft") }
        let settings: [(String, JSONValue)] = [("kind", "peft"), ("experts", .string(experts.rawValue))]
        return try ExportDirectory.write(path, job: self, settings: settings) { directory in
            let proving = try readBack()
            try PEFTFiles.write(
                proving.memory, config: adapter.config, to: directory, baseHash: adapter.baseHash,
                template: AdapterTemplate(adapter: adapter.path), experts: experts)
            try progress("reading back")
            let files = try PEFTFiles.open(directory, for: base)
            let written = Transformer(base, mode: files.plan.mode)
            files.load(into: written)
            return WrittenExport(proof: try proving.prove(written, .exact), adapted: written.adapters.count)
        }
    }
}

extension Problem {
    /// What an export of an adapter says when there is none.
    static func needsAdapter(_ kind: String) -> Problem {
        Problem("--to \(kind) exports an adapter, and none is given", advice: "give it with --adapter")
    }
}
