import Recipes
import Testing

/// One mistake of every sort in every key, and what is said about it.
@Suite("Every recipe key")
struct EveryKeyTests {
    /// Values that a key refuses, as they stand in the recipe, each with how the message shows it.
    private struct Wrong {
        /// Of another type than the key's.
        let type: (text: String, shown: String)
        /// Of the right type, and not allowed.
        let value: (text: String, shown: String)
    }

    private static let list = (text: "[1, x]", shown: "a list")
    private static let mapping = (text: "{a: 1}", shown: "a mapping")
    private static let nothing = (text: "\"\"", shown: "the text \"\"")

    private static let wrong: [String: Wrong] = [
        "model": Wrong(type: list, value: nothing),
        "base.quantize": Wrong(type: list, value: ("q5_k", "q5_k")),
        "adapter.method": Wrong(type: list, value: ("dora", "dora")),
        "adapter.rank": Wrong(type: ("\"8\"", "the text \"8\""), value: ("0", "0")),
        "adapter.alpha": Wrong(type: ("large", "large"), value: ("-1", "-1")),
        "adapter.dropout": Wrong(type: mapping, value: ("1", "1")),
        "adapter.use_rslora": Wrong(type: ("1", "1"), value: ("yes", "yes")),
        "adapter.target_modules": Wrong(type: mapping, value: ("", "nothing")),
        "adapter.exclude_modules": Wrong(type: mapping, value: nothing),
        "adapter.target_parameters": Wrong(type: mapping, value: nothing),
        "adapter.layers_to_transform": Wrong(type: ("upper", "upper"), value: ("-1", "-1")),
        "adapter.rank_pattern": Wrong(type: list, value: ("8", "8")),
        "adapter.alpha_pattern": Wrong(type: list, value: ("8", "8")),
        "adapter.init_from": Wrong(type: list, value: nothing),
        "data.train": Wrong(type: ("", "nothing"), value: nothing),
        "data.eval": Wrong(type: mapping, value: nothing),
        "data.template": Wrong(type: list, value: nothing),
        "data.max_length": Wrong(type: ("long", "long"), value: ("1", "1")),
        "data.too_long": Wrong(type: list, value: ("cut", "cut")),
        "data.check": Wrong(type: list, value: ("some", "some")),
        "data.packing": Wrong(type: list, value: ("on", "on")),
        "data.shuffle": Wrong(type: mapping, value: ("2", "2")),
        "train.epochs": Wrong(type: list, value: ("0", "0")),
        "train.steps": Wrong(type: ("1.5", "1.5"), value: ("0", "0")),
        "train.batch_size": Wrong(type: ("8.0", "8.0"), value: ("0", "0")),
        "train.micro_batch_size": Wrong(type: list, value: ("0", "0")),
        "train.learning_rate": Wrong(type: ("\"1e-4\"", "the text \"1e-4\""), value: ("0", "0")),
        "train.scheduler": Wrong(type: list, value: ("cosine_with_restarts", "cosine_with_restarts")),
        "train.warmup_ratio": Wrong(type: list, value: ("1.5", "1.5")),
        "train.min_learning_rate": Wrong(type: ("none", "none"), value: ("-1e-5", "-1e-5")),
        "train.optimizer": Wrong(type: list, value: ("adam8bit", "adam8bit")),
        "train.betas": Wrong(type: ("0.9", "0.9"), value: ("[0.9, 0.99, 0.999]", "a list")),
        "train.eps": Wrong(type: list, value: ("0", "0")),
        "train.weight_decay": Wrong(type: list, value: ("-0.1", "-0.1")),
        "train.max_grad_norm": Wrong(type: ("none", "none"), value: ("-1", "-1")),
        "train.router_aux_loss_coef": Wrong(type: list, value: ("-1", "-1")),
        "train.precision": Wrong(type: list, value: ("fp16", "fp16")),
        "train.seed": Wrong(type: ("\"7\"", "the text \"7\""), value: ("-7", "-7")),
        "train.memory_limit": Wrong(type: list, value: ("8", "8")),
        "evaluate.every": Wrong(type: list, value: ("0", "0")),
        "evaluate.tasks": Wrong(type: mapping, value: nothing),
        "evaluate.metric": Wrong(type: list, value: nothing),
        "evaluate.patience": Wrong(type: list, value: ("0", "0")),
        "save.every": Wrong(type: ("epoch", "epoch"), value: ("0", "0")),
        "save.keep": Wrong(type: list, value: ("0", "0")),
        "output": Wrong(type: list, value: nothing),
    ]

    /// A recipe in which everything is right but one line, and that line's number.
    private static func recipe(_ key: RecipeKey, as name: String, _ value: String) -> (text: String, line: Int) {
        var lines = ["model: m", "data:", "  train: t", "output: o"].filter { !$0.hasPrefix("\(key.path):") }
        let line = "\(name): \(value)"
        if key.section.isEmpty {
            lines.append(line)
        } else if key.section == "data" {
            if key.name == "train" { lines.removeAll { $0 == "  train: t" } }
            lines.insert("  " + line, at: (lines.firstIndex(of: "data:") ?? 0) + 1)
        } else {
            lines += ["\(key.section):", "  " + line]
        }
        let number = lines.firstIndex { $0.hasSuffix(line) } ?? 0
        return (lines.joined(separator: "\n") + "\n", number + 1)
    }

    @Test(arguments: RecipeKey.all.map(\.path))
    func wrongTypesAndValuesAreToldWhereTheyStand(_ path: String) throws {
        let key = try #require(RecipeKey.all.first { $0.path == path })
        let wrong = try #require(Self.wrong[path], "no wrong values stand here for \(path)")
        for (text, shown) in [wrong.type, wrong.value] {
            let (recipe, line) = Self.recipe(key, as: key.name, text)
            let found = problems(recipe)
            let first = try #require(found.first, "\(recipe) was accepted")
            #expect(found.count == 1, "\(found)")
            #expect(first.hasPrefix("r.yaml:\(line):"), "\(first)")
            #expect(first.contains("expected "), "\(first)")
            #expect(first.contains("found \(shown)\n"), "\(first)")
            #expect(problems(smallest, set: ["\(path)=\(text)"]).first?.hasPrefix("--set \(path)=") == true)
        }
    }

    @Test(arguments: [
        ("train.epochs=1e300", "found 1e300"), ("train.epochs=1000001", "at most 1000000"),
        ("train.steps=9223372036854775807", "from 1 to 1000000000"),
        ("train.steps=9223372036854775808", "from 1 to 1000000000"),
        ("data.train=[{path: t, weight: 1e300}]", "at most 10000"), ("train.learning_rate=1e999", "found 1e999"),
    ])
    func numbersBeyondAllBoundsAreRefused(_ setting: String, _ says: String) {
        let found = problems(smallest, set: [setting])
        #expect(found.count == 1 && found[0].contains(says), "\(found)")
    }

    @Test(arguments: RecipeKey.all.map(\.path))
    func aKeySpelledWrongIsSuggested(_ path: String) throws {
        let key = try #require(RecipeKey.all.first { $0.path == path })
        var letters = Array(key.name)
        letters.swapAt(letters.count - 2, letters.count - 1)
        let typo = String(letters)
        let (recipe, line) = Self.recipe(key, as: typo, "1")
        let found = problems(recipe).filter { !$0.contains("is missing") }
        #expect(found.count == 1, "\(found)")
        let column = key.section.isEmpty ? 1 : 3
        let told = "r.yaml:\(line):\(column): unknown key '\(typo)'; did you mean '\(key.name)'?\n"
        #expect(found.first?.hasPrefix(told) == true, "\(found)")
    }
}
