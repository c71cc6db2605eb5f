import Datasets
import Diagnostics
import Foundation
import Models
import Recipes
import WeightFiles

/// What a run reads, by its content: gone on with on anything else, it would not be the same run.
struct RunContents: Equatable {
    /// SHA-256 by what it is of, in the words of a message.
    var hashes: [String: String] = [:]

    /// Contents that are told.
    init(_ hashes: [String: String] = [:]) { self.hashes = hashes }

    /// The contents of everything that decides the steps of a run besides its recipe. Reads all of it.
    ///
    /// - Throws: ``Problem`` when a file cannot be read.
    init(_ plan: RunPlan) throws(Problem) {
        let recipe = plan.recipe
        for file in plan.source.corpus.files { hashes["the rows of \(file.path)"] = try contentHash(of: [file.path]) }
        if case .file(let path) = recipe.data.template { hashes["the template \(path)"] = try contentHash(of: [path]) }
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: plan.files.path, isDirectory: &isDirectory)
        if isDirectory.boolValue {
            let files = try CompanionFiles(of: plan.files.path).description()
            hashes["the configuration and tokenizer of \(recipe.model)"] = try contentHash(of: files)
        }
        // Where every weight is trained, all of them stand in the checkpoint. A GGUF file holds everything else, too.
        if recipe.adapter.method == .lora || !isDirectory.boolValue, !plan.files.weightFiles.isEmpty {
            hashes["the weights of \(recipe.model)"] = try plan.files.weightsHash()
        }
    }

    /// What is no longer as it was, in words. Of what only one of the two tells nothing is known.
    func changes(since before: RunContents) -> [String] {
        hashes.sorted { $0.key < $1.key }.compactMap { what, hash in
            before.hashes[what].flatMap { $0 == hash ? nil : "\(what) changed" }
        }
    }
}
