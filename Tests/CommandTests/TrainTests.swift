import Foundation
import OrderedJSON
import Testing

/// `graft train` from recipe to adapter, with everything that may come between.
@Suite("graft train")
struct TrainTests {
    /// A folder with a base model that was trained from random numbers for a few steps, and a recipe to adapt it.
    final class Workshop {
        let folder: TemporaryFolder
        let base: Run

        init() throws {
            folder = try TemporaryFolder()
            // The tiny model without its weights: what is trained begins with random numbers.
            let bare = folder.url.appendingPathComponent("bare")
            try FileManager.default.createDirectory(at: bare, withIntermediateDirectories: true)
            for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"] {
                try FileManager.default.copyItem(
                    atPath: Project.path("checkpoints/tiny/\(name)"), toPath: bare.appendingPathComponent(name).path)
            }
            let rows = (0..<40).map { "{\"prompt\": \"What is \($0)?\", \"completion\": \"\($0 * 7 % 10)\"}" }
            _ = try folder.write("rows.jsonl", rows.joined(separator: "\n"))
            _ = try folder.write(
                "base.yaml",
                """
                model: bare
                adapter: {method: full}
                data: {train: rows.jsonl, max_length: 64}
                train: {steps: 3, batch_size: 1, learning_rate: 1.0e-3, warmup_ratio: 0}
                output: base
                """)
            _ = try folder.write(
                "adapt.yaml",
                """
                model: base
                adapter: {rank: 4, alpha: 8, dropout: 0.1}
                data: {train: rows.jsonl, eval: rows.jsonl, max_length: 64}
                train: {steps: 60, batch_size: 1, learning_rate: 2.0e-3}
                evaluate: {every: 30}
                save: {every: 20}
                output: run
                """)
            base = try Graft.run(["train", "base.yaml"], in: folder.url)
        }

        func graft(_ arguments: String...) throws -> Run { try Graft.run(arguments, in: folder.url) }

        /// Runs a line of bash in the folder.
        func bash(_ line: String) throws -> Run {
            try Graft.run(["-c", line], program: URL(fileURLWithPath: "/bin/bash"), in: folder.url)
        }

        func data(_ path: String) throws -> Data { try Data(contentsOf: folder.url.appendingPathComponent(path)) }

        func metrics(_ run: String) throws -> [JSONValue] {
            try String(decoding: data(run + "/metrics.jsonl"), as: UTF8.self).split(separator: "\n")
                .map { try JSONValue(parsing: String($0)) }
        }

        func entries() -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: folder.url.path)) ?? []).sorted()
        }
    }

    @Test("from random weights to a base, from the base to an adapter")
    func trains() throws {
        let shop = try Workshop()
        #expect(shop.base.status == 0, "\(shop.base.errors)")
        #expect(shop.base.output.isEmpty)
        let run = try shop.graft("train", "adapt.yaml")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.isEmpty)
        let steps = try shop.metrics("run").filter { $0["loss"] != nil }
        #expect(steps.count == 60)
        for key in ["step", "loss", "grad_norm", "learning_rate", "target_tokens", "tokens_per_second"] {
            #expect(steps.allSatisfy { $0[key]?.doubleValue != nil }, "\(key)")
        }
        let losses = steps.compactMap { $0["loss"]?.doubleValue }
        #expect((losses.last ?? .infinity) < (losses.first ?? 0))
        let evaluations = try shop.metrics("run").filter { $0["eval_loss"] != nil }
        #expect(evaluations.count == 2 && evaluations.allSatisfy { $0["loss"] == nil })
        for name in ["adapter_model.safetensors", "adapter_config.json", "recipe.yaml", "metrics.jsonl"] {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: shop.folder.url.appendingPathComponent("run/\(name)").path)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(name)")
        }

        // The adapter changes what the model says.
        let scores = try ["", "run"].map { adapter in
            try shop.graft(
                "score", "--model", "base", "--data", "rows.jsonl", "--precision", "f32",
                adapter.isEmpty ? "--threads=1" : "--adapter=\(adapter)")
        }
        #expect(scores.allSatisfy { $0.status == 0 }, "\(scores[1].errors)")
        #expect(scores[0].output != scores[1].output)

        // What is there is kept unless the user says otherwise.
        let again = try shop.graft("train", "adapt.yaml")
        #expect(again.status == 2 && again.errors.contains("--overwrite"))
        let replaced = try shop.graft("train", "adapt.yaml", "--overwrite", "--set", "train.steps=2")
        #expect(replaced.status == 0, "\(replaced.errors)")
        #expect(try shop.metrics("run").filter { $0["loss"] != nil }.count == 2)
        let checkpoint = try shop.graft("inspect", "run/state/step-2", "--json")
        let state = try JSONValue(parsing: checkpoint.output)
        #expect(state["kind"] == "checkpoint" && state["step"] == 2)
        let inspected = try shop.graft("inspect", "run", "--json")
        let report = try JSONValue(parsing: inspected.output)
        #expect(report["kind"] == "run" && report["steps"] == 2 && report["rank"] == 4)
    }

    @Test("interrupted and resumed is bit for bit as never interrupted")
    func resume() throws {
        let shop = try Workshop()
        let whole = try shop.graft("train", "adapt.yaml", "--set", "output=whole", "--resume")
        #expect(whole.status == 0, "\(whole.errors)")
        #expect(
            whole.errors.contains("there is no checkpoint in whole to go on from: the run begins at its first step"))

        let process = Process()
        process.executableURL = Graft.program
        process.arguments = ["train", "adapt.yaml", "--json"]
        process.currentDirectoryURL = shop.folder.url
        let events = Pipe()
        process.standardOutput = events
        process.standardError = FileHandle.nullDevice
        try process.run()
        var seen = ""
        while !seen.contains("\"step\":25"), let piece = try events.fileHandleForReading.read(upToCount: 1),
            !piece.isEmpty
        {
            seen += String(decoding: piece, as: UTF8.self)
        }
        process.terminate()
        _ = try events.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        let stopped = try shop.metrics("run").count
        #expect(stopped >= 25 && stopped < 60)

        let resumed = try shop.graft("train", "adapt.yaml", "--resume")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try shop.data("run/adapter_model.safetensors") == shop.data("whole/adapter_model.safetensors"))
        let recipe = try shop.data("run/recipe.yaml")
        let other = try shop.graft("train", "adapt.yaml", "--resume", "--set", "train.learning_rate=1.0e-3")
        #expect(other.status == 2 && other.errors.contains("learning_rate"))
        #expect(try shop.data("run/recipe.yaml") == recipe)
        let losses = try ["run", "whole"].map { try shop.metrics($0).map { $0["loss"] ?? $0["eval_loss"] ?? .null } }
        #expect(losses[0] == losses[1])
    }

    @Test("a dry run says what is needed and writes nothing")
    func dryRun() throws {
        let shop = try Workshop()
        let before = shop.entries()
        let run = try shop.graft("train", "adapt.yaml", "--dry-run", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let report = try JSONValue(parsing: run.output)
        for key in ["trainable_parameters", "peak_memory_bytes", "disk_bytes", "seconds", "steps"] {
            #expect(report[key]?.doubleValue ?? 0 > 0, "\(key)")
        }
        #expect(shop.entries() == before)
        #expect(report["measured"] == true && report["exports"]?["gguf"] == true)
        // Measured and not guessed: within a factor that even a busy machine keeps.
        let real = try Graft.run(["train", "adapt.yaml", "--json"], in: shop.folder.url)
        let end = try #require(real.lines.last.map(String.init))
        let used = try #require(try JSONValue(parsing: end)["peak_memory_bytes"]?.doubleValue)
        let told = try #require(report["peak_memory_bytes"]?.doubleValue)
        #expect(abs(told / used - 1) < 0.25, "\(told) bytes were forecast, \(used) were used")
        let text = try shop.graft("train", "adapt.yaml", "--dry-run")
        #expect(text.output.contains("memory: about") && text.output.contains("60 steps"))
        #expect(text.output.contains("can become: ") && text.output.contains("gguf"))
        #expect(text.status == 0 && text.errors.contains("warning: the output directory 'run' exists; --resume"))
    }

    @Test("what is left out, cut or taken in part is told before the start")
    func told() throws {
        let folder = try TemporaryFolder()
        let long = String(repeating: "very ", count: 80)
        let rows = [
            #"{"prompt": "What is 3?", "completion": "Three."}"#,
            #"{"prompt": "What is \#(long)3?", "completion": "3."}"#,
            #"{"prompt": "What is 4?", "chosen": "Four.", "rejected": "Five."}"#,
        ]
        _ = try folder.write("rows.jsonl", rows.joined(separator: "\n"))
        _ = try folder.write(
            "recipe.yaml",
            """
            model: \(Project.path("checkpoints/tiny"))
            data: {train: rows.jsonl, max_length: 64}
            train: {steps: 1}
            output: run
            """)
        let taken = "rows with a chosen and a rejected answer, of which the chosen one is trained on: 1\n"
        for (policy, words) in [
            ("drop", "samples left out because they are longer than data.max_length: 1\n"),
            ("truncate", "samples whose prompt is cut to data.max_length: 1\n"),
        ] {
            let run = try Graft.run(
                ["train", "recipe.yaml", "--overwrite", "--set", "data.too_long=\(policy)"], in: folder.url)
            #expect(run.status == 0 && run.errors.contains(words) && run.errors.contains(taken), "\(run.errors)")
        }
        let nothing = try Graft.run(
            ["train", "recipe.yaml", "--overwrite", "--set", "data.train=[{path: rows.jsonl, weight: 0.1}]"],
            in: folder.url)
        #expect(nothing.status == 2 && nothing.errors.contains("an epoch has no sample"), "\(nothing.errors)")
    }

    @Test("ready ids need no tokenizer to train, evaluate, score, check and merge; text does")
    func withoutTokenizer() throws {
        let folder = try TemporaryFolder()
        let model = Project.path("Tests/Fixtures/models/llama")
        let ids = (0..<12).map { "{\"input_ids\": [5, 6, 7, \($0), 9], \"labels\": [-100, 6, 7, \($0), 9]}" }
        let rows = try folder.write("rows.jsonl", ids.joined(separator: "\n"))
        let text = try folder.write("text.jsonl", "{\"text\": \"a\"}\n")
        _ = try folder.write(
            "ids.yaml",
            """
            model: \(model)
            data: {train: \(rows), eval: \(rows), max_length: 32}
            train: {steps: 3, batch_size: 2, learning_rate: 1.0e-2}
            output: run
            """)
        func graft(_ arguments: String...) throws -> Run { try Graft.run(arguments, in: folder.url) }
        let trained = try graft("train", "ids.yaml")
        #expect(trained.status == 0, "\(trained.errors)")
        let measured = try graft(
            "eval", "--model", model, "--adapter", "run", "--data", rows, "--json", "--no-cache", "--train", rows)
        #expect(measured.status == 0, "\(measured.errors)")
        let metrics = try JSONValue(parsing: measured.output).serialized()
        #expect(metrics.contains("perplexity") && metrics.contains("\"loss\""))
        #expect(
            measured.errors.contains("12 are (nearly) there"), "rows of ids are found in themselves: \(measured.errors)"
        )
        #expect(try graft("score", "--model", model, "--adapter", "run", "--data", rows).status == 0)
        let checked = try graft("data", "check", rows, "--model", model)
        #expect(checked.status == 0 && checked.output.contains("12 input_ids"), "\(checked.errors)")
        let shown = try graft("data", "preview", rows, "--model", model, "--rows", "1")
        #expect(shown.output.contains(" 5⟦ 6 7 0 9⟧"), "\(shown.output)")
        #expect(try graft("merge", "--model", model, "--adapter", "run", "-o", "merged").status == 0)
        for refused in [
            try graft("train", "ids.yaml", "--overwrite", "--set", "data.train=\(text)"),
            try graft("eval", "--model", model, "--data", text), try graft("data", "check", text, "--model", model),
        ] {
            #expect(refused.status == 2)
            #expect(refused.errors.contains("text.jsonl:1: needs a tokenizer"), "\(refused.errors)")
        }
        let beyond = try folder.write("beyond.jsonl", "{\"input_ids\": [5, 160], \"labels\": [5, 160]}\n")
        let unknown = try graft("data", "check", beyond, "--model", model)
        #expect(unknown.status == 2 && unknown.errors.contains("there are 160 tokens"), "\(unknown.errors)")
    }

    @Test("a run's folder is one process's own, and a replacement that cannot be made takes nothing away")
    func oneRunAtATime() throws {
        let shop = try Workshop()
        let program = Graft.program.path
        let line = """
            "\(program)" train adapt.yaml --set train.steps=4000 >/dev/null 2>&1 & first=$!
            for i in $(seq 300); do [ -s run/metrics.jsonl ] && break; sleep 0.1; done
            for flag in --overwrite --resume; do "\(program)" train adapt.yaml $flag; echo "status $?"; done
            kill -TERM $first; wait $first; echo "first $?"
            """
        let run = try shop.bash(line)
        #expect(run.lines == ["status 2", "status 2", "first 130"], "\(run.output)\(run.errors)")
        #expect(run.errors.contains("is in use: another graft trains into it"), "\(run.errors)")
        let after = try shop.graft("train", "adapt.yaml", "--overwrite", "--set", "train.steps=2")
        #expect(after.status == 0, "\(after.errors)")
        let left = try FileManager.default.contentsOfDirectory(
            atPath: shop.folder.url.appendingPathComponent("run").path)
        #expect(!left.contains { $0.contains(".old-") }, "\(left)")
    }

    @Test("a limit on addresses, as clusters set one, leaves room to train")
    func limitedAddresses() throws {
        let shop = try Workshop()
        let program = Graft.program.path
        let run = try shop.bash("ulimit -v 6000000; '\(program)' train adapt.yaml --threads 2 --set train.steps=2")
        #expect(run.status == 0, "\(run.errors)")
    }

    @Test("all mistakes of a recipe at once, nothing written")
    func wrongRecipe() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("rows.jsonl", "{\"text\": \"a\"}")
        _ = try folder.write(
            "wrong.yaml",
            """
            model: \(Project.path("checkpoints/tiny"))
            adapter: {lora_rank: 8, alpha: -1}
            data: {train: missing.jsonl}
            output: run
            """)
        let run = try Graft.run(["train", "wrong.yaml"], in: folder.url)
        #expect(run.status == 2)
        for words in ["lora_rank", "did you mean", "alpha", "missing.jsonl", "wrong.yaml:2:"] {
            #expect(run.errors.contains(words), "\(words)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("run").path))
        let absent = try Graft.run(["train", "none.yaml"], in: folder.url)
        #expect(absent.status == 2 && absent.errors.hasPrefix("error: none.yaml: "))
    }
}
