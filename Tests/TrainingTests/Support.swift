import Adapters
import Datasets
import Foundation
import Kernels
import Models
import OrderedJSON
import Recipes
import Tensors
import Testing
import Tokenizers
import Training

/// The package's root folder.
let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// A stored tiny model.
func fixture(_ name: String) -> String { root.appending(path: "Tests/Fixtures/models/\(name)").path }

/// A folder of its own for one test, removed at the end.
func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appending(path: "graft-training-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// The rows of a JSONL file of `input_ids` and `labels`, as samples.
func samples(_ path: String) throws -> [Sample] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { line in
        let row = try JSONValue(parsing: String(line))
        let ids = (row["input_ids"]?.arrayValue ?? []).compactMap(\.intValue).map { Int32($0) }
        let labels = (row["labels"]?.arrayValue ?? []).compactMap(\.intValue)
        return Sample(ids: ids, targets: labels.map { $0 >= 0 }, turnEnd: .notTemplated)
    }
}

/// A step of samples, one a sequence.
func stepBatch(_ samples: some Sequence<Sample>) -> StepBatch {
    StepBatch(
        sequences: samples.enumerated().map { number, sample in
            var batch = Batch()
            batch.append(sample, number: number)
            return batch
        })
}

/// Random rows of token ids for a stored model, some masked.
func writeRows(_ count: Int, to path: String, seed: UInt64, tokens: Range<Int> = 0..<150) throws {
    var draws = NormalDraws(seed: seed, name: "rows")
    let lines = (0..<count).map { _ -> String in
        let length = 8 + Int(draws.uniform() * 20)
        let ids = (0..<length).map { _ in tokens.lowerBound + Int(draws.uniform() * Double(tokens.count)) }
        let labels = ids.enumerated().map { $0 < length / 3 ? -100 : $1 }
        return JSONValue.object(
            JSONObject([
                ("input_ids", .array(ids.map(JSONValue.integer))), ("labels", .array(labels.map(JSONValue.integer))),
            ])
        ).serialized()
    }
    try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
}

/// A recipe over random rows in `folder`, with overrides.
func recipe(
    in folder: String, output: String, adapter: String = "{rank: 4, alpha: 8, dropout: 0.1}", _ overrides: String...
) throws -> Recipe {
    try recipe(in: folder, output: output, adapter: adapter, overrides: overrides)
}

func recipe(in folder: String, output: String, adapter: String, overrides: [String]) throws -> Recipe {
    try writeRows(40, to: folder + "/train.jsonl", seed: 1)
    try writeRows(12, to: folder + "/eval.jsonl", seed: 2)
    let text = """
        model: \(fixture("llama"))
        adapter: \(adapter)
        data: {train: \(folder)/train.jsonl, max_length: 40}
        train: {steps: 10, batch_size: 3, learning_rate: 0.01, precision: f32}
        save: {every: 3}
        output: \(folder)/\(output)
        """
    let path = folder + "/recipe.yaml"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return try Recipe.load(path: path, overrides: overrides)
}

/// Opens everything a recipe names; token ids need no tokenizer of the model's own.
func plan(_ recipe: Recipe) throws -> RunPlan {
    try RunPlan(
        recipe,
        open: { path, withoutWeights in
            (
                try ModelFiles.open(directory: path, withoutWeights: withoutWeights),
                try Tokenizer.load(directory: root.appending(path: "checkpoints/tiny").path)
            )
        })
}

/// The numbers of a member in a run's metrics.jsonl.
func losses(_ output: String, _ key: String = "loss") throws -> [Double] {
    try String(contentsOfFile: output + "/metrics.jsonl", encoding: .utf8).split(separator: "\n").compactMap {
        try JSONValue(parsing: String($0))[key]?.doubleValue
    }
}

/// A file's content.
func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }
