import Datasets
import Evaluation
import Foundation
import Kernels
import Models
import OrderedJSON
import Recipes
import Tensors
import Tokenizers

/// The project's own folder.
let projectRoot = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

/// A model of ../shared, or nil, told aloud.
func sharedModel(_ name: String) -> String? {
    let shared = ProcessInfo.processInfo.environment["GRAFT_SHARED"] ?? projectRoot + "/../shared"
    let path = shared + "/assets/models/" + name
    if FileManager.default.fileExists(atPath: path) { return path }
    print("SKIPPED: tests that need \(path), which does not exist (set GRAFT_SHARED)")
    return nil
}

/// The model that comes with the project.
let tinyModel = projectRoot + "/checkpoints/tiny"

/// A folder of files that goes away with this value.
final class Scratch {
    let path = NSTemporaryDirectory() + "evaluation-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes rows and gives the file's path.
    func rows(_ name: String, _ rows: [JSONValue]) throws -> String {
        try text(name, rows.map { $0.serialized() + "\n" }.joined())
    }

    func text(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }
}

/// A model with its tokenizer.
struct Subject {
    let path: String
    let files: ModelFiles
    let tokenizer: Tokenizer

    init(_ path: String) throws {
        self.path = path
        files = try ModelFiles.open(directory: path)
        tokenizer = try Tokenizer.load(directory: path)
    }

    func reader(_ template: PromptRenderer.Source = .model, stop: Set<Int32> = []) -> TaskReader {
        var reader = TaskReader(
            tokenizer: tokenizer, config: files.description.config, stopIDs: stop, modelPath: path)
        reader.template = template
        return reader
    }

    /// The model with random adapters on every layer, the numbers of B with this deviation.
    func adapted(rank: Int = 4, seed: Int = 0, deviation: Float = 0.02) -> Transformer {
        let model = Transformer(files, mode: .adapters { _ in AdapterSpec(rank: rank, alpha: 8, scale: 2) })
        for (number, adapter) in model.adapters.enumerated() {
            for (parameter, scale) in [(adapter.a, Float(0.05)), (adapter.b, deviation)] {
                var draws = NormalDraws(seed: UInt64(number), name: "test \(seed)")
                for i in 0..<parameter.count { parameter.value.floats[i] = draws.next() * scale }
                parameter.valueChanged()
            }
        }
        return model
    }

    var base: EvaluatedModel { EvaluatedModel(name: "base", path: path, modelHash: "") }

    /// The results of this model alone, in f32.
    func results(_ tasks: [EvaluationTask], journal: Journal = Journal()) throws -> EvaluationResults {
        try EvaluationRun(tasks, tokenizer: tokenizer, precision: .f32).results(
            of: [Contestant(base, Transformer(files), journal: journal)], program: "test"
        ) { _ in }
    }
}
