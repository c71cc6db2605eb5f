import Diagnostics
import Foundation
import Recipes
import Testing

/// A recipe text, read without looking at files.
func read(_ text: String, set overrides: [String] = []) throws -> Recipe {
    try Recipe.read(text, file: "r.yaml", overrides: overrides, checkingFiles: false)
}

/// The descriptions of every problem in a recipe.
func problems(_ text: String, set overrides: [String] = [], checkingFiles: Bool = false) -> [String] {
    do {
        _ = try Recipe.read(text, file: "r.yaml", overrides: overrides, checkingFiles: checkingFiles)
        return []
    } catch let problems as Problems {
        return problems.list.map(\.description)
    } catch {
        return ["\(error)"]
    }
}

let smallest = "model: m\ndata: {train: rows.jsonl}\noutput: out\n"

@Suite("Recipes")
struct RecipeTests {
    @Test func smallestRecipeHasTheContractsDefaults() throws {
        let recipe = try read(smallest)
        var expected = Recipe()
        expected.model = "m"
        expected.data.train = [TrainingFile(path: "rows.jsonl")]
        expected.output = "out"
        #expect(recipe == expected)
        #expect(
            recipe.yaml() == """
                model: m
                base:
                  quantize: none
                adapter:
                  method: lora
                  rank: 16
                  alpha: 32
                  dropout: 0
                  use_rslora: false
                  target_modules: all-linear
                data:
                  train: rows.jsonl
                  template: auto
                  max_length: 1024
                  too_long: drop
                  check: auto
                  packing: true
                  shuffle: true
                train:
                  epochs: 1
                  batch_size: 8
                  learning_rate: 0.0002
                  scheduler: cosine
                  warmup_ratio: 0.03
                  min_learning_rate: 0
                  optimizer: adamw
                  betas: [0.9, 0.999]
                  eps: 1e-08
                  weight_decay: 0
                  max_grad_norm: 1
                  router_aux_loss_coef: 0
                  seed: 42
                evaluate:
                  every: epoch
                  tasks: []
                  metric: eval_loss
                save:
                  every: 100
                  keep: 2
                output: out

                """)
    }

    @Test func everyKeyIsReadAndWritten() throws {
        let text = """
            model: "my models/qwen 3"
            base: {quantize: q4_k}
            adapter:
              rank: 8
              alpha: 12.5
              dropout: 0.05
              use_rslora: true
              target_modules: [q_proj, v_proj]
              exclude_modules: '.*layers\\.0\\..*'
              target_parameters: experts.down_proj
              layers_to_transform: 3
              rank_pattern: {q_proj: 4, 'layers\\.1\\..*': 2}
              alpha_pattern: {v_proj: 1.5}
            data:
              train: [a.jsonl, {path: b.jsonl, weight: 0.5}]
              eval: e.jsonl
              template: t.jinja
              max_length: 77
              too_long: truncate
              packing: false
              shuffle: false
            train:
              steps: 12
              batch_size: 4
              micro_batch_size: 2
              learning_rate: 1e-3
              scheduler: linear
              warmup_ratio: 0.1
              min_learning_rate: 1e-5
              betas: [0.8, 0.95]
              eps: 1.0e-6
              weight_decay: 0.01
              max_grad_norm: 0
              precision: bf16
              seed: 7
              memory_limit: 1.5GiB
            evaluate: {every: 20, tasks: [facts, "my task"], metric: accuracy, patience: 3}
            save: {every: 5, keep: 1}
            output: runs/a
            """
        let recipe = try read(text)
        #expect(recipe.model == "my models/qwen 3")
        #expect(recipe.adapter.targetModules == .names(["q_proj", "v_proj"]))
        #expect(recipe.adapter.excludeModules == .pattern(".*layers\\.0\\..*"))
        #expect(recipe.adapter.targetParameters == ["experts.down_proj"])
        #expect(recipe.adapter.layersToTransform == [3])
        #expect(recipe.adapter.rankPattern?.map(\.pattern) == ["q_proj", "layers\\.1\\..*"])
        #expect(recipe.data.train == [TrainingFile(path: "a.jsonl"), TrainingFile(path: "b.jsonl", weight: 0.5)])
        #expect(recipe.data.template == .file("t.jinja"))
        #expect(recipe.train.steps == 12 && recipe.train.epochs == nil)
        #expect(recipe.train.betas == [0.8, 0.95])
        #expect(recipe.train.precision == .bf16)
        #expect(recipe.train.memoryLimit == 1_610_612_736)
        #expect(recipe.evaluate.every == .steps(20) && recipe.evaluate.patience == 3)
        #expect(recipe.evaluate.tasks == ["facts", "my task"] && recipe.evaluate.metric == "accuracy")
        #expect(try read(recipe.yaml()) == recipe)
        for key in RecipeKey.all where key.path != "adapter.init_from" && key.path != "train.epochs" {
            let name = key.path.split(separator: ".").last.map(String.init) ?? ""
            #expect(recipe.yaml().contains("\(name): "), "\(key.path) is not written")
        }
    }

    @Test func absentWordsMeanTheDefault() throws {
        let recipe = try read(
            smallest
                + "train: {precision: automatic, micro_batch_size: automatic, memory_limit: none, epochs: null}\nsave:\n"
        )
        #expect(recipe == (try read(smallest)))
    }

    @Test func theReferenceTableNamesEveryKeyOnce() {
        let table = RecipeKey.referenceTable()
        for key in RecipeKey.all { #expect(table.components(separatedBy: "| `\(key.path)` |").count == 2) }
        #expect(table.contains("| `train.learning_rate` | `0.0002` | a number above 0 |"))
        #expect(table.contains("| `model` | `required` |"))
    }

    @Test func overridesComeBeforeChecking() throws {
        let recipe = try read(
            smallest,
            set: ["adapter.rank=4", "adapter.rank=8", "data.train=[x.jsonl, {path: y, weight: 2}]", "model=other"])
        #expect(recipe.adapter.rank == 8)
        #expect(recipe.model == "other")
        #expect(recipe.data.train.last == TrainingFile(path: "y", weight: 2))
        #expect(try read("adapter: {rank: wrong}\n" + smallest, set: ["adapter.rank=2"]).adapter.rank == 2)
        #expect(try read("train: {epochs: 3}\n" + smallest, set: ["train.steps=2"]).train.steps == 2)
        #expect(try read("train: {epochs: 3, steps: none}\n" + smallest).train.epochs == 3)
        #expect(try read("train: {epochs: none, steps: 4}\n" + smallest).train.steps == 4)
        #expect(try read("train: {steps: none}\n" + smallest).train.epochs == 1)
        #expect(try read("train: {steps: 3}\n" + smallest, set: ["train.epochs=2"]).train.epochs == 2)
        #expect(problems(smallest, set: ["train.epochs=2", "train.steps=3"]).count == 1)
        #expect(
            problems(smallest, set: ["adapter.rnk=4", "train.steps", "train.seed=x", "rank=3", "save.every=["]) == [
                "--set adapter.rnk=4: unknown key 'adapter.rnk'; did you mean 'adapter.rank'?",
                "--set train.steps: has no '='; write --set key.path=value",
                "--set rank=3: unknown key 'rank'; did you mean 'adapter.rank'?",
                "--set save.every=[: '[' cannot be read as YAML;"
                    + " lists are written [a, b], text with special characters in quotes",
                "--set train.seed=x: expected a whole number from 0, found x",
            ])
    }

    @Test(arguments: [
        ("8GB", 8_000_000_000), ("8 gb", 8_000_000_000), ("1.5GiB", 1_610_612_736), ("512MiB", 536_870_912),
        ("900kB", 900_000), ("12B", 12),
    ])
    func sizes(_ text: String, _ bytes: Int) {
        #expect(ByteSize.bytes(text) == bytes)
        #expect(ByteSize.bytes(ByteSize.text(bytes)) == bytes)
    }

    @Test(arguments: ["8", "GB", "-1GB", "1e3GB", "8XB", "0GB", "nanGB"])
    func noSizes(_ text: String) { #expect(ByteSize.bytes(text) == nil) }
}
