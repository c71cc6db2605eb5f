import Adapters
import ArgumentParser
import Datasets
import Diagnostics
import Exports
import Foundation
import Logging
import Models
import OrderedJSON
import Tokenizers
import WeightFiles

/// The flags that `merge` and `export` share, and how both run.
struct ExportOrigin: ParsableArguments {
    @Option(help: "A model directory or a GGUF file.")
    var model: String

    @Option(help: "An adapter directory (PEFT); only export, to gguf or ollama, goes without one.")
    var adapter: String?

    @Option(name: [.customShort("o"), .long], help: "Where to write; it must not exist.")
    var output: String

    @Option(help: "Rows (JSONL) to compare predictions on (default: built-in prompts).")
    var data: String?

    @Flag(help: "Write what was measured as one JSON object.")
    var json = false

    /// The output without slashes at its end: it names a thing that is yet to be.
    var path: String {
        var path = output[...]
        while path.count > 1 && path.hasSuffix("/") { path = path.dropLast() }
        return String(path)
    }

    /// Opens everything and runs the export. Predictions are compared in f32 whatever `--precision` says, for rounded
    /// products would hide what is looked for.
    ///
    /// - Parameter isFile: whether one file is written, not a directory.
    func run(
        _ compute: ComputeOptions, isFile: Bool = false, _ body: (ExportJob, OpenedModel) throws -> ExportSummary
    ) throws -> ExportSummary {
        _ = compute.start(preferred: .f32)
        try ExportJob.check(place: path, isFile: isFile)
        let opened = try OpenedModel.open(model)
        let peft = try adapter.map { try PEFTFiles.open($0, for: opened.files) }
        let probes = try probes(opened)
        if let peft, peft.baseHash != nil {
            OpenedModel.warnOfOtherBase(peft, hash: try opened.files.weightsHash())
        }
        Interruption.poll()
        let job = ExportJob(base: opened.files, adapter: peft, probes: probes) { step in
            if Interruption.isRequested { throw Interrupted(message: "interrupted; nothing was written") }
            Screen.status(step)
        }
        return try body(job, opened)
    }

    private func probes(_ opened: OpenedModel) throws -> Probes {
        let config = opened.files.description.config
        // A directory without a tokenizer can still be merged: ids from the whole vocabulary are compared.
        let tokenizer = try? opened.tokenizer()
        guard let data else { return try Probes(tokenizer: tokenizer, config: config) }
        let ids = try opened.ids(of: RowFile(path: data), adapter: adapter)
        return try Probes(rows: ids, named: data, tokenizer: tokenizer, config: config)
    }

    /// Says when other programs will write other prompts than the adapter was trained on: their files have a word for
    /// another chat template, none for none.
    func warnOfTemplate(_ opened: OpenedModel) {
        guard let adapter, (try? AdapterTemplate(adapter: adapter)) == .plain, let tokenizer = try? opened.tokenizer(),
            !tokenizer.chatTemplates.isEmpty
        else { return }
        Screen.warning(
            "\(adapter): was trained without a chat template, and what is written has the model's own; give it plain text"
        )
    }

    /// Tells what was written and what reading it back has shown.
    func report(_ summary: ExportSummary) throws {
        Screen.status(nil)
        for note in summary.notes { log.notice("\(note)") }
        try Output.line(json ? summary.manifest.serialized() : summary.text)
    }
}

extension ExportSummary {
    /// For people.
    fileprivate var text: String {
        func number(_ x: Double) -> String { String(format: x != 0 && abs(x) < 0.001 ? "%.2e" : "%.4f", x) }
        var lines = ["wrote \(path)" + (adapted > 0 ? " (\(adapted) adapted matrices)" : "")]
        if let effect = proof.effect {
            lines.append(
                "adapter against base: KL \(number(effect.kl)), largest |Δ log p| \(number(effect.largest)), "
                    + "top-1 agreement \(number(effect.agreement))")
        }
        let exported = proof.exported
        lines.append(
            "read back against memory: KL \(number(exported.kl)), largest |Δ log p| \(number(exported.largest)), "
                + "top-1 agreement \(number(exported.agreement)) on \(exported.positions) predictions (\(proof.origin))"
        )
        if let quantisation = proof.quantisation {
            lines.append("base quantised the same way against base: KL \(number(quantisation.kl))")
        }
        for bound in proof.bounds where bound.limit < .greatestFiniteMagnitude {
            lines.append("bound kept: \(bound.name) \(number(bound.measured)) ≤ \(number(bound.limit))")
        }
        return lines.joined(separator: "\n")
    }
}
