import Diagnostics
import Foundation
import Recipes
import Testing

@Suite("Recipe problems")
struct RecipeProblemTests {
    @Test func allMistakesAreReportedTogetherInOrder() {
        let text = """
            model: m
            adapter:
              lora_rank: 8
              rank: 16
              alpha: high
              rank: 8
              targt_modules: all
            train:
              learning_rate: -1
              betas: [0.9]
              shuffle: true
              precision: fp16
              seed: "3"
            dta: {train: x}
            """
        #expect(
            problems(text) == [
                "r.yaml:1:1: 'data.train' is missing; it is the JSONL rows to train on; a file of weight w gives w times"
                    + " its rows to every epoch\n1 | model: m\n    ^",
                "r.yaml:1:1: 'output' is missing; it is the directory of the run\n1 | model: m\n    ^",
                "r.yaml:3:3: unknown key 'lora_rank'; did you mean 'rank'?\n3 |   lora_rank: 8\n      ^",
                "r.yaml:5:10: expected a number above 0, found high\n5 |   alpha: high\n             ^",
                "r.yaml:6:3: 'rank' is given more than once, first in line 4; remove one of them\n6 |   rank: 8\n      ^",
                "r.yaml:7:3: unknown key 'targt_modules'; did you mean 'target_modules'?\n7 |   targt_modules: all\n      ^",
                "r.yaml:9:18: expected a number above 0, found -1\n9 |   learning_rate: -1\n                     ^",
                "r.yaml:10:10: expected two numbers [a, b], each from 0, below 1, found a list\n"
                    + "10 |   betas: [0.9]\n              ^",
                "r.yaml:11:3: unknown key 'shuffle'; did you mean 'data.shuffle'?\n11 |   shuffle: true\n       ^",
                "r.yaml:12:14: expected f32 or bf16, found fp16\n12 |   precision: fp16\n                  ^",
                "r.yaml:13:9: expected a whole number from 0, found the text \"3\"\n13 |   seed: \"3\"\n             ^",
                "r.yaml:14:1: unknown key 'dta'; did you mean 'data'?\n14 | dta: {train: x}\n     ^",
            ])
    }

    @Test func repetitionsInFlowMappingsAndThreefoldOnesAreFound() {
        #expect(problems("model: a\n" + smallest + "model: b\n").count == 2)
        let flow = problems(smallest + "save: {keep: 1, keep: 2}\n")
        #expect(flow.count == 1 && flow[0].contains("'keep' is given more than once"))
    }

    @Test func repetitionsBelowListsAndPatternsAreFound() {
        let text = """
            model: m
            output: o
            data:
              train:
                - path: a.jsonl
                  weight: 2
                  path: b.jsonl
            adapter:
              rank_pattern:
                q_proj: 2
                k_proj: 3
                q_proj: 4
            """
        #expect(
            problems(text) == [
                "r.yaml:7:7: 'path' is given more than once, first in line 5; remove one of them\n"
                    + "7 |       path: b.jsonl\n          ^",
                "r.yaml:12:5: 'q_proj' is given more than once, first in line 10; remove one of them\n"
                    + "12 |     q_proj: 4\n         ^",
            ])
    }

    /// A few lines of aliases of aliases name a thousand million values.
    @Test func aliasesThatNameMoreThanAnyRecipeHasAreRefused() {
        var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        for level in 1...8 {
            lines.append(
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]")
        }
        let found = problems(lines.joined(separator: "\n") + "\n" + smallest)
        #expect(
            found.count == 1 && found[0].hasPrefix("r.yaml: holds more than 100000 values; an alias (*)"), "\(found)")
        let flag = problems(
            smallest,
            set: ["data.train=[&a [x, x], " + Array(repeating: "*a", count: 60_000).joined(separator: ",") + "]"])
        #expect(flag.count == 1 && flag[0].contains("holds more than 100000 values"))
        // One alias is as good as what it names.
        #expect(problems("model: &here m\noutput: *here\ndata: {train: t}\n").isEmpty)
    }

    /// Keys are compared with all that they name, which are 2²⁷ words here.
    @Test(arguments: ["? *a26\n: 1\n", "{*a26 : 1}\n", "[*a26]: 1\n"])
    func aliasesInKeysAreRefused(key: String) {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...26 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        #expect(problems(text + "key:\n  " + key).contains { $0.contains("holds more than 100000 values") })
    }

    @Test func aLineIsDueEveryHalfMinute() {
        let start = ContinuousClock.now
        var silence = Silence(since: start)
        var said: [Int] = []
        for second in 0..<100 where silence.isTooLong(at: start + .seconds(second)) {
            silence.end(at: start + .seconds(second))
            said.append(second)
        }
        #expect(said == [31, 62, 93])
    }

    @Test func longLinesAreShownAroundTheMistake() {
        let text = "{model: m, output: o, data: {train: [" + String(repeating: "a, ", count: 300) + "b]}, seed: 3}"
        let found = problems(text)
        #expect(found.count == 1 && found[0].contains("unknown key 'seed'"), "\(found)")
        let lines = (found.first ?? "").split(separator: "\n").map(String.init)
        #expect(lines.count == 3 && lines[1].hasPrefix("1 | …a, a, ") && lines[1].hasSuffix("seed: 3}"))
        let caret = lines.last?.count ?? 0
        #expect(lines[1].dropFirst(caret - 1).hasPrefix("seed"), "\(found)")
    }

    @Test(arguments: [
        ("train: {epochs: 2, steps: 10}", "both train.epochs and train.steps are given"),
        ("train: {learning_rate: 1e-4, min_learning_rate: 1e-3}", "above train.learning_rate"),
        ("train: {scheduler: constant, min_learning_rate: 1e-5}", "no meaning with a constant schedule"),
        ("train: {micro_batch_size: 9}", "more than the 8 of train.batch_size"),
        (
            "adapter: {method: full, target_modules: [q]}",
            "adapter.target_modules has no meaning with adapter.method: full"
        ),
        ("adapter: {method: full}\nbase: {quantize: nf4}", "cannot be trained in full"),
        ("adapter: {target_modules: '.*q', layers_to_transform: [1]}", "does not go with a regular expression"),
        ("adapter: {target_modules: '(q'}", "is not a regular expression"),
        ("adapter: {target_modules: []}", "the list is empty"),
        ("adapter: {rank: 0}", "expected a whole number from 1 to 65536, found 0"),
        ("adapter: {rank: 8.5}", "expected a whole number"),
        ("adapter: {dropout: 1}", "from 0, below 1"),
        ("adapter: {use_rslora: yes}", "expected true or false, found yes"),
        ("adapter: {rank_pattern: {q_proj: no}}", "expected a whole number from 1"),
        ("adapter: [rank]", "expected keys and values below 'adapter', found a list"),
        ("evaluate: {patience: 2}", "nothing to evaluate on"),
        ("evaluate: {every: 0}\ndata: {eval: e}", "expected a whole number of steps from 1 or 'epoch'"),
        ("train: {memory_limit: 8}", "expected a size such as 8GB or 1.5GiB, found 8"),
        ("train:\n  batch_size:\n", "expected a whole number from 1 to 1048576, found nothing"),
        ("train: {learning_rate: .nan}", "expected a number above 0"),
        ("train: {learning_rate: 0x10}", "expected a number above 0"),
    ])
    func contradictionsAndWrongKinds(_ text: String, _ message: String) {
        let base = text.contains("data:") ? "model: m\noutput: o\n" : "model: m\noutput: o\ndata: {train: t}\n"
        let found = problems(base + text)
        #expect(found.contains { $0.contains(message) }, "\(found)")
    }

    @Test func dataListsAreCheckedElementByElement() {
        let found = problems(
            "model: m\noutput: o\ndata:\n  train:\n    - {path: a, wieght: 2}\n    - {weight: -1}\n    - [x]\n")
        #expect(found.count == 4, "\(found)")
        #expect(found[0].hasPrefix("r.yaml:5:17: unknown key 'wieght'; did you mean 'weight'?"))
        #expect(found.contains { $0.hasPrefix("r.yaml:6:7: 'path' is missing") })
        #expect(found.contains { $0.hasPrefix("r.yaml:6:16: expected a number above 0") })
        #expect(found.contains { $0.hasPrefix("r.yaml:7:7: expected a path or {path, weight}, found a list") })
    }

    @Test func brokenYAMLNamesItsPlace() {
        let found = problems("model: m\ndata: [\n")
        #expect(found.count == 1 && found[0].hasPrefix("r.yaml:3:1: not valid YAML"), "\(found)")
        #expect(problems("just words").first?.contains("expected keys and values") == true)
        #expect(problems("").count == 3)
        #expect(problems("# only a comment\n").count == 3)
        #expect(problems("a: 1\n---\nb: 2\n").first?.contains("another document") == true)
    }

    @Test func missingFilesAreNamedWhereTheyStand() throws {
        try withFolder { folder in
            let rows = folder + "/rows.jsonl"
            try "{}".write(toFile: rows, atomically: true, encoding: .utf8)
            let text = """
                model: Qwen/Qwen3-0.6B
                data:
                  train: [\(rows), missing.jsonl]
                  eval: \(folder)
                  template: t.jinja
                output: \(folder)/out
                """
            let found = problems(text, checkingFiles: true)
            #expect(found.count == 4)
            #expect(found[0].hasPrefix("r.yaml:1:8: 'Qwen/Qwen3-0.6B' does not exist; graft downloads nothing"))
            #expect(found[1].hasPrefix("r.yaml:3:\(13 + rows.count): 'missing.jsonl' does not exist"))
            #expect(found[2].hasPrefix("r.yaml:4:9: '\(folder)' is a directory"))
            #expect(found[3].hasPrefix("r.yaml:5:13: 't.jinja' does not exist"))
            #expect(
                problems("model: \(folder)\ndata: {train: \(rows)}\noutput: \(folder)/./\n", checkingFiles: true)
                    .first?.contains("the output directory is also model") == true)
        }
    }

    @Test func anAdapterToContinueFromDecides() throws {
        try withFolder { folder in
            let config = """
                {"peft_type": "LORA", "r": 4, "lora_alpha": 6, "use_rslora": true, "target_modules": ["v_proj", "q_proj"],
                 "rank_pattern": {"k_proj": 2}, "alpha_pattern": {}, "layers_to_transform": null}
                """
            try config.write(toFile: folder + "/adapter_config.json", atomically: true, encoding: .utf8)
            let base = "model: \(folder)\ndata: {train: \(folder)/adapter_config.json}\noutput: \(folder)/out\n"
            func text(_ adapter: String) -> String { base + "adapter: {init_from: \(folder)\(adapter)}\n" }

            let recipe = try Recipe.read(text(""), file: "r.yaml")
            #expect(recipe.adapter.rank == 4 && recipe.adapter.alpha == 6 && recipe.adapter.useRSLoRA)
            #expect(recipe.adapter.targetModules == .names(["v_proj", "q_proj"]))
            #expect(recipe.adapter.rankPattern == [PatternValue(pattern: "k_proj", value: 2)])
            #expect(recipe.adapter.alphaPattern == nil)
            #expect(try Recipe.read(recipe.yaml(), file: "again.yaml") == recipe)
            #expect(
                problems(text(", rank: 4, target_modules: [q_proj, v_proj], dropout: 0.1"), checkingFiles: true) == [])
            let found = problems(text(", rank: 8, target_modules: [q_proj]"), checkingFiles: true)
            #expect(found.count == 2)
            #expect(
                found[0].contains("adapter.rank contradicts the adapter to continue from, which has 4; remove it here"))
            #expect(found[1].contains("adapter.target_modules contradicts"))
        }
    }

    @Test func outputDirectoryRules() throws {
        try withFolder { folder in
            let run = folder + "/run"
            func check(_ path: String, resume: Bool = false, overwrite: Bool = false, reading: [String] = []) throws {
                try OutputDirectory.check(path, resume: resume, overwrite: overwrite, inputs: reading)
            }
            try check(run)
            try check(run, resume: true)
            try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
            try check(run, resume: true)
            let other = run + "/notes.txt"
            try "x".write(toFile: other, atomically: true, encoding: .utf8)
            #expect(throws: Problem.self) { try check(run, resume: true) }
            try "x".write(toFile: run + "/metrics.jsonl", atomically: true, encoding: .utf8)
            #expect(throws: Problem.self) { try check(run) }
            try check(run, resume: true)
            try check(run, overwrite: true, reading: [folder + "/rows.jsonl", folder + "/run2"])
            #expect(throws: Problem.self) { try check(run, resume: true, overwrite: true) }
            #expect(throws: Problem.self) { try check(run + "/metrics.jsonl", overwrite: true) }
            #expect(throws: Problem.self) { try check(run + "/metrics.jsonl/deeper") }
            // What the run reads is not taken away, by whatever name it is known.
            let link = folder + "/link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: run)
            for (output, input) in [
                (run, other), (folder, other), (link, other), (run, link + "/notes.txt"), (run, run),
            ] {
                let problem = #expect(throws: Problem.self) { try check(output, overwrite: true, reading: [input]) }
                #expect(problem?.message.contains("holds '\(input)', which --overwrite would take away") == true)
            }
        }
    }
}

/// Runs `body` with a fresh folder and takes it away afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
}
