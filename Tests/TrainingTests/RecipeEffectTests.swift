import Diagnostics
import Foundation
import Kernels
import Models
import OrderedJSON
import Recipes
import Testing
import Training

/// A key that is read and then forgotten would go unnoticed: so each key's other value must change a run, or be
/// refused.
@Suite("Recipe keys have an effect")
struct RecipeEffectTests {
    /// Settings that change something, and what they are compared with: the same run without them.
    private struct Change {
        var set: [String]
        var beside: [String] = []
        /// A word of the refusal, where the key cannot be obeyed here.
        var refused: String?
    }

    private static let full = "adapter.method=full"
    private static let once = "train.epochs=1"
    private static let mixture = "model=\(fixture("mixtral-fused"))"
    private static let experts = "adapter.target_parameters=[mlp.experts.down_proj]"

    /// By key; `FOLDER` is the test's own.
    private static let changes: [String: Change] = [
        "model": Change(set: ["model=\(fixture("qwen2"))"]),
        "base.quantize": Change(set: ["base.quantize=q8_0"], beside: ["model=\(tiny)"]),
        "adapter.method": Change(set: [full]),
        "adapter.rank": Change(set: ["adapter.rank=3"]),
        "adapter.alpha": Change(set: ["adapter.alpha=64"]),
        "adapter.dropout": Change(set: ["adapter.dropout=0.5"]),
        "adapter.use_rslora": Change(set: ["adapter.use_rslora=true"]),
        "adapter.target_modules": Change(set: ["adapter.target_modules=[q_proj]"]),
        "adapter.exclude_modules": Change(set: ["adapter.exclude_modules=[q_proj]"]),
        "adapter.target_parameters": Change(set: [experts], beside: [mixture]),
        "adapter.layers_to_transform": Change(set: ["adapter.layers_to_transform=[1]"]),
        "adapter.rank_pattern": Change(set: ["adapter.rank_pattern={q_proj: 2}"]),
        "adapter.alpha_pattern": Change(set: ["adapter.alpha_pattern={q_proj: 99}"]),
        "adapter.init_from": Change(set: ["adapter.init_from=FOLDER/first"]),
        "data.train": Change(set: ["data.train=[{path: FOLDER/train.jsonl, weight: 2}]"], beside: [once]),
        "data.eval": Change(set: ["data.eval=FOLDER/eval.jsonl"]),
        "data.template": Change(
            set: ["data.template=none"], beside: ["model=\(tiny)", "data.train=FOLDER/chats.jsonl"]),
        "data.max_length": Change(set: ["data.max_length=30"]),
        "data.too_long": Change(
            set: ["data.too_long=truncate"],
            beside: ["model=\(tiny)", "data.train=FOLDER/chats.jsonl", "data.max_length=20"]),
        "data.packing": Change(set: ["data.packing=false"]),
        "data.shuffle": Change(set: ["data.shuffle=false"]),
        "train.epochs": Change(set: [once]),
        "train.steps": Change(set: ["train.steps=5"]),
        "train.batch_size": Change(set: ["train.batch_size=2"]),
        "train.micro_batch_size": Change(set: ["train.micro_batch_size=1"]),
        "train.learning_rate": Change(set: ["train.learning_rate=0.02"]),
        "train.scheduler": Change(set: ["train.scheduler=linear"]),
        "train.warmup_ratio": Change(set: ["train.warmup_ratio=1"]),
        "train.min_learning_rate": Change(set: ["train.min_learning_rate=0.009"]),
        "train.optimizer": Change(set: ["train.optimizer=sgd"], refused: "expected adamw"),
        "train.betas": Change(set: ["train.betas=[0.5, 0.6]"]),
        "train.eps": Change(set: ["train.eps=0.1"]),
        "train.weight_decay": Change(set: ["train.weight_decay=5"]),
        "train.max_grad_norm": Change(set: ["train.max_grad_norm=0.001", "train.eps=0.1"], beside: ["train.eps=0.1"]),
        "train.router_aux_loss_coef": Change(set: ["train.router_aux_loss_coef=1"], beside: [mixture, experts]),
        "train.precision": Change(set: ["train.precision=bf16"], refused: Machine.hasBF16 ? nil : "train.precision"),
        "train.seed": Change(set: ["train.seed=7"]),
        "train.memory_limit": Change(set: ["train.memory_limit=91MB"], refused: "train.memory_limit: 91MB is not"),
        "evaluate.every": Change(set: ["evaluate.every=2"], beside: ["data.eval=FOLDER/eval.jsonl"]),
        "evaluate.tasks": Change(set: ["evaluate.tasks=[FOLDER/eval.jsonl]"]),
        "evaluate.metric": Change(
            set: ["evaluate.metric=task.lss"], beside: ["evaluate.tasks=FOLDER/eval.jsonl"], refused: "task.lss"),
        "evaluate.patience": Change(
            set: ["evaluate.patience=1"],
            beside: ["data.eval=FOLDER/eval.jsonl", "evaluate.every=1", "train.learning_rate=3", "train.steps=8"]),
        "save.every": Change(set: ["save.every=2"]),
        "save.keep": Change(set: ["save.keep=1"], beside: ["save.every=1"]),
        "output": Change(set: ["output=FOLDER/elsewhere"]),
    ]

    /// Keys whose effect takes a case of its own, with the tests that have it.
    private static let elsewhere = ["data.check": "DatasetsTests/LargeFileTests: it matters beyond 16 MB"]

    private static let tiny = root.appending(path: "checkpoints/tiny").path

    /// All that a run leaves but its times: metrics, which files there are, and the trained numbers.
    private func trace(_ folder: String, _ output: String, _ settings: [String]) throws -> [String] {
        let own = try recipe(
            in: folder, output: output, adapter: settings.contains(Self.full) ? "{}" : "{rank: 4, alpha: 8}",
            overrides: (settings.contains(Self.once) ? [] : ["train.steps=4"])
                + settings.map { $0.replacing("FOLDER", with: folder) })
        // Ids that every model here knows.
        try writeRows(40, to: folder + "/train.jsonl", seed: 1, tokens: 0..<90)
        try writeRows(12, to: folder + "/eval.jsonl", seed: 2, tokens: 0..<90)
        let run = try TrainingRun(plan(own), quantising: QuantisedCache(directory: folder))
        _ = try run.run { _ in }
        let place = own.output
        let metrics = try String(contentsOfFile: place + "/metrics.jsonl", encoding: .utf8).split(separator: "\n").map {
            var members = try JSONValue(parsing: String($0)).objectValue ?? JSONObject()
            for time in ["seconds", "tokens_per_second"] { members[time] = nil }
            return JSONValue.object(members).serialized()
        }
        let files = try FileManager.default.subpathsOfDirectory(atPath: place).sorted()
        let weights = try files.filter { $0.hasSuffix(".safetensors") }.map {
            try Data(contentsOf: URL(filePath: place + "/" + $0)).base64EncodedString()
        }
        return metrics + files + weights
            + [String(run.facts.forecast.microBatchTokens), place == "\(folder)/\(output)" ? "" : place]
    }

    @Test(arguments: RecipeKey.all.map(\.path))
    func changesARunOrIsRefused(_ path: String) throws {
        guard let change = Self.changes[path] else {
            #expect(Self.elsewhere[path] != nil, "nothing shows that \(path) has an effect")
            return
        }
        try withFolder { folder in
            let chats = (0..<12).map { row in
                let question =
                    row % 3 == 0 ? String(repeating: "And what is that there? ", count: 9) : "What is \(row)?"
                return "{\"prompt\": \"\(question)\", \"completion\": \"It is \(row).\"}\n"
            }
            try chats.joined().write(toFile: folder + "/chats.jsonl", atomically: true, encoding: .utf8)
            if path == "adapter.init_from" { _ = try trace(folder, "first", ["train.seed=5"]) }
            if let refused = change.refused {
                let error = #expect(throws: (any Error).self) { try trace(folder, "b", change.beside + change.set) }
                #expect(error.map { "\($0)" }?.contains(refused) == true, "\(error.map { "\($0)" } ?? "")")
                return
            }
            let before = try trace(folder, "a", change.beside)
            #expect(try trace(folder, "a2", change.beside) == before, "a run is not repeatable")
            #expect(try trace(folder, "b", change.beside + change.set) != before)
        }
    }
}
