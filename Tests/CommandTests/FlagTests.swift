import Foundation
import OrderedJSON
import Testing

/// Everything that can be wrong on a command line: status 2, an error that says what, no result, nothing written.
@Suite("wrong flags")
struct FlagTests {
    /// A command that runs something, with its flags, as the program describes itself.
    struct Described: CustomTestStringConvertible, Sendable {
        let words: [String]
        let flags: [(name: String, takesValue: Bool)]
        var testDescription: String { words.joined(separator: " ") }

        static func all() throws -> [Described] {
            let described = try JSONValue(parsing: Graft.run(["--experimental-dump-help"]).output)
            func leaves(_ command: JSONValue, _ path: [String]) -> [Described] {
                let parts = command["subcommands"]?.arrayValue ?? []
                if !parts.isEmpty {
                    return parts.flatMap { leaves($0, path + [$0["commandName"]?.stringValue ?? ""]) }
                }
                let flags = (command["arguments"]?.arrayValue ?? []).flatMap { argument in
                    (argument["names"]?.arrayValue ?? []).compactMap { name -> (name: String, takesValue: Bool)? in
                        guard name["kind"]?.stringValue == "long", let text = name["name"]?.stringValue,
                            !["help", "version"].contains(text)
                        else { return nil }
                        return ("--" + text, argument["kind"]?.stringValue == "option")
                    }
                }
                return path == ["help"] ? [] : [Described(words: path, flags: flags)]
            }
            return try leaves(#require(described["command"]), [])
        }
    }

    @Test("every flag of every command: one that is misspelt is named, one without its value too")
    func everyFlag() throws {
        let commands = try Described.all()
        #expect(commands.count >= 18 && commands.allSatisfy { !$0.flags.isEmpty })
        for command in commands {
            // All at once, though each leaves the required ones missing.
            let wrong = command.flags.map { ($0.name, $0.name + $0.name.suffix(1)) }
            let misspelt = try Graft.run(command.words + wrong.map(\.1))
            #expect(misspelt.status == 2 && misspelt.output.isEmpty, "\(command.words)")
            for (name, wrong) in wrong {
                let guess = name.count > 3 ? "; did you mean \(name)?\n" : ""
                #expect(misspelt.errors.contains("has no flag \(wrong)\(guess)"), "\(misspelt.errors)")
            }
            for flag in command.flags where flag.takesValue {
                let missing = try Graft.run(command.words + [flag.name])
                #expect(missing.status == 2 && missing.output.isEmpty, "\(command.words) \(flag.name)")
                #expect(missing.errors.hasPrefix("error: Missing value for '"), "\(command.words): \(missing.errors)")
                #expect(missing.errors.contains(flag.name), "\(missing.errors)")
            }
        }
    }

    /// Command lines in a folder with `rows.jsonl`, `ids.jsonl`, an empty `empty.jsonl`, an empty `folder` and recipes
    /// `recipe.yaml` and `empty.yaml`; MODEL is a model, BASE and ADAPTER a model with its adapter.
    static let wrong: [(line: String, says: [String])] = [
        // Commands
        ("tain recipe.yaml", ["there is no command 'graft tain'", "did you mean 'graft train'?"]),
        ("data chek rows.jsonl", ["did you mean 'graft data check'?"]),
        ("bench genrate", ["did you mean 'graft bench generate'?"]),
        ("score --modle MODEL --data rows.jsonl", ["'graft score' has no flag --modle; did you mean --model?"]),
        ("bench --sqe 3", ["'graft bench train' has no flag --sqe; did you mean --seq?"]),
        ("help trian", ["did you mean 'graft train'?"]),
        ("data nonsense", ["the commands are check, preview, canaries"]),
        // Recipes
        ("train nope.yaml", ["nope.yaml: does not exist"]),
        ("train folder", ["folder: is no file that can be read"]),
        ("train empty.yaml", ["'model' is missing", "'data.train' is missing", "'output' is missing"]),
        ("train recipe.yaml surplus.yaml", ["surplus.yaml"]),
        ("train recipe.yaml --set adapter", ["--set adapter: has no '='"]),
        ("train recipe.yaml --set nonsense=1", ["unknown key 'nonsense'; docs/reference.md lists the keys"]),
        ("train recipe.yaml --set adapter=3", ["'adapter' has keys and no value; write --set adapter.method=value"]),
        ("train recipe.yaml --set adapter.rank=x", ["expected a whole number from 1 to 65536, found x"]),
        ("train recipe.yaml --resume --overwrite", ["exclude each other"]),
        ("train recipe.yaml --resume --set output=.", ["the output directory '.' holds no run to go on with"]),
        ("train recipe.yaml --overwrite --set output=.", ["'.' holds 'rows.jsonl', which --overwrite would take away"]),
        (
            "train recipe.yaml --overwrite --set output=folder --set evaluate.tasks=suite.yaml",
            ["'folder' holds 'folder/asked.jsonl', which --overwrite would take away"]
        ),
        ("train recipe.yaml --set output=~/run", ["a directory named '~/run' would be made; only a shell replaces ~"]),
        ("train recipe.yaml --set model=$HOME/m", ["'$HOME/m' does not exist; only a shell replaces ~ and variables"]),
        ("train recipe.yaml --threads -1", ["--threads takes a number from 1 to 1024, not -1."]),
        ("train recipe.yaml --threads two", ["'two' is invalid for '--threads"]),
        ("train recipe.yaml --set output=rows.jsonl", ["the output 'rows.jsonl' is a file"]),
        ("train recipe.yaml --set output=rows.jsonl/run", ["cannot be written: 'rows.jsonl' is a file"]),
        ("train recipe.yaml --set output=/proc/run", ["'/proc/run': cannot be written in '/proc'"]),
        ("train recipe.yaml --set output=/proc/run --dry-run", ["'/proc/run': cannot be written in '/proc'"]),
        // Models and adapters
        ("score --model nope --data rows.jsonl", ["nope: does not exist"]),
        ("score --model \"\" --data rows.jsonl", ["--model is empty"]),
        ("score --model owner/name --data rows.jsonl", ["graft has no network"]),
        ("score --model rows.jsonl --data rows.jsonl", ["rows.jsonl: is no GGUF file"]),
        ("score --model folder --data rows.jsonl", ["folder: has no config.json"]),
        ("score --model MODEL --data rows.jsonl --adapter nope", ["nope: does not exist"]),
        ("score --model MODEL --data rows.jsonl --adapter folder", ["folder: has no adapter_config.json"]),
        ("score --model MODEL --data rows.jsonl --precision f64", ["'f64' is invalid", "'f32' and 'bf16'"]),
        // Rows
        ("score --model MODEL --data nope.jsonl", ["nope.jsonl: does not exist"]),
        ("score --model MODEL --data folder", ["folder: is a directory, not a file"]),
        ("score --model MODEL --data empty.jsonl", ["empty.jsonl: holds no rows"]),
        ("score --model MODEL --data /dev/null", ["/dev/null: is not a regular file"]),
        (
            "data check nope.jsonl empty.jsonl folder --model MODEL",
            ["nope.jsonl: does not exist", "empty.jsonl: holds no rows", "folder: is a directory"]
        ),
        ("data check rows.jsonl --model MODEL --max-length 1", ["--max-length takes a number from 2, not 1."]),
        ("data preview rows.jsonl --model MODEL --rows -1", ["--rows takes a number from 1, not -1."]),
        ("render --model MODEL --data rows.jsonl --template nope", ["nope: the chat template cannot be read; give"]),
        ("render --model MODEL --data rows.jsonl --var x=y", ["--var x=y", "text needs its own quotes"]),
        ("render --model MODEL --data rows.jsonl --now tomorrow", ["is no moment in ISO 8601"]),
        ("tokenize --model folder", ["folder: has no tokenizer"]),
        // Answers
        ("generate --model MODEL", ["Give either --prompt or --data."]),
        ("generate --model MODEL --prompt a --data rows.jsonl", ["Give either --prompt or --data."]),
        ("generate --model MODEL --data rows.jsonl --raw", ["--raw goes with --prompt."]),
        ("generate --model MODEL --prompt \"\" --raw", ["--prompt: asks nothing; a prompt needs at least one token"]),
        ("generate --model MODEL --data odd.jsonl", ["odd.jsonl:2: asks nothing", "odd.jsonl:3: is of no known kind"]),
        ("generate --model MODEL --prompt a --temperature -1", ["--temperature must be a number from 0, not -1.0."]),
        ("generate --model MODEL --prompt a --temperature nan", ["--temperature must be a number from 0, not nan."]),
        ("generate --model MODEL --prompt a --top-k -1", ["--top-k must be at least 0, not -1."]),
        ("generate --model MODEL --prompt a --top-p 0", ["--top-p must be above 0"]),
        ("generate --model MODEL --prompt a --max-tokens 0", ["--max-tokens takes a number from 1 to 1048576, not 0."]),
        (
            "generate --model MODEL --prompt a --max-tokens 9223372036854775807",
            ["--max-tokens takes a number from 1 to 1048576, not 9223372036854775807."]
        ),
        // Evaluations
        ("eval --model MODEL", ["--data, --general or --suite says what is evaluated."]),
        ("eval --model MODEL --data rows.jsonl --limit 0", ["--limit takes a number from 1, not 0."]),
        ("eval --model MODEL --data rows.jsonl --gate x", ["the gate 'x' is no comparison"]),
        ("eval --model MODEL --data rows.jsonl --leakage-threshold -1", ["above 0, at most 1, not -1.0."]),
        (
            "eval --model MODEL --data rows.jsonl --adapter nope --compare folder --html none/x --markdown folder",
            [
                "nope: does not exist", "folder: has no config.json", "none/x: is in a folder that does not exist",
                "folder: is a directory",
            ]
        ),
        (
            "eval --model MODEL --data rows.jsonl --html /proc/x --results rows.jsonl",
            ["/proc/x: cannot be written in '/proc'", "rows.jsonl: is read, and --results would replace it"]
        ),
        ("eval --model MODEL --data rows.jsonl --html x --results x", ["x: is both --html and --results"]),
        ("eval --model MODEL --data rows.jsonl --html x --markdown ./x", ["./x: is both --html and --markdown"]),
        ("eval --model MODEL --data rows.jsonl --results pipe", ["pipe: is a device or a pipe, not a file"]),
        ("eval --model MODEL --suite suite.yaml", ["task 'asked' has no metric 'regex'"]),
        ("audit --model MODEL", ["Give --canaries, --data or both."]),
        ("audit --model MODEL --canaries rows.jsonl", ["rows.jsonl:1: is no canary"]),
        ("data canaries rows.jsonl -o ./rows.jsonl --keys k --overwrite", ["would replace the file that is read"]),
        ("data canaries rows.jsonl -o x --keys ./x", ["./x: is both --output and --keys"]),
        ("data canaries unknown.jsonl -o x --keys k", ["unknown.jsonl:1: is of no known kind"]),
        ("data canaries rows.jsonl -o folder --keys k --overwrite", ["folder: is a directory"]),
        ("data canaries rows.jsonl -o /proc/c --keys rows.jsonl/k", ["cannot be written in '/proc'", "is a file"]),
        // Exports
        ("merge --model BASE -o out", ["Missing expected argument '--adapter"]),
        ("merge --model BASE --adapter ADAPTER -o rows.jsonl", ["rows.jsonl: exists already"]),
        ("merge --model BASE --adapter ADAPTER -o rows.jsonl/out", ["'rows.jsonl' is a file"]),
        ("merge --model BASE --adapter ADAPTER -o /proc/out", ["/proc/out: cannot be written in '/proc'"]),
        ("merge --model BASE --adapter ADAPTER -o \"\"", ["an empty path names no place to write to"]),
        ("merge --model BASE --adapter ADAPTER -o out --data nope.jsonl", ["nope.jsonl: does not exist"]),
        ("merge --model BASE --adapter ADAPTER -o out --dtype f8", ["'f8' is invalid", "'bf16', 'f16' or 'f32'"]),
        ("export --model BASE --adapter ADAPTER --to ggfu -o out", ["'ggfu' is invalid", "'gguf'"]),
        ("export --model BASE --adapter ADAPTER --to peft --quantize q8_0 -o out", ["--quantize is for --to gguf"]),
        ("export --model BASE --to peft -o out", ["--to peft exports an adapter"]),
        ("export --model BASE --adapter ADAPTER --to peft -o /proc/a/b", ["cannot be written in '/proc'"]),
        ("export --model BASE --adapter ADAPTER --to gguf --experts separate -o out", ["--experts is for --to peft."]),
        ("export --model BASE --to gguf --beside -o out", ["--beside is for --to ollama with --adapter."]),
        // The rest
        ("inspect", ["Give a path, or --ollama NAME."]),
        ("inspect nope", ["nope: does not exist; give"]),
        ("inspect rows.jsonl", ["rows.jsonl: is neither GGUF nor safetensors"]),
        ("bench train --shape nope", ["there is no shape 'nope'; the shapes are"]),
        ("bench generate --shape qwen2.5-0.5b --model MODEL", ["exclude each other"]),
        ("bench generate --model MODEL --prompt 9223372036854775807", ["--prompt takes a number from 1 to 1048576"]),
        ("bench generate --model MODEL --tokens 1", ["--tokens takes a number from 2 to 1048576, not 1."]),
        ("bench train --model MODEL --seq 9223372036854775807", ["--seq takes a number from 1 to 1048576"]),
        ("bench tokenize --model MODEL --text folder", ["folder: is a directory, not a file"]),
        ("bench plot nope --x a --y b --title t", ["nope: does not exist"]),
        ("doctor surplus", ["surplus"]),
    ]

    @Test("what is wrong is said, with status 2, and nothing is written", arguments: wrong)
    func wrongLine(_ line: String, _ says: [String]) throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("rows.jsonl", "{\"prompt\": \"What is 3?\", \"completion\": \"Three.\"}\n")
        _ = try folder.write("empty.jsonl", "")
        _ = try folder.write("empty.yaml", "")
        _ = try folder.write("odd.jsonl", "{\"text\": \"a\"}\n{\"text\": \"\"}\n{\"x\": 1}\n")
        _ = try folder.write("unknown.jsonl", "{\"x\": 1}\n")
        _ = try folder.write("folder/asked.jsonl", "{\"prompt\": \"?\", \"reference\": \"x\"}\n")
        _ = try folder.write("suite.yaml", "tasks: [{data: folder/asked.jsonl, metrics: regex}]\n")
        #expect(mkfifo(folder.url.appendingPathComponent("pipe").path, 0o600) == 0)
        _ = try folder.write(
            "recipe.yaml",
            "model: \(Project.path("checkpoints/tiny"))\ndata: {train: rows.jsonl}\ntrain: {steps: 1}\noutput: run\n")
        try FileManager.default.createDirectory(
            at: folder.url.appendingPathComponent("folder"), withIntermediateDirectories: true)
        let base = Project.path("Tests/Fixtures/models/llama")
        let places = ["MODEL": Project.path("checkpoints/tiny"), "BASE": base, "ADAPTER": base + "/adapter"]
        let words = line.split(separator: " ").map { word in word == "\"\"" ? "" : places[String(word)] ?? String(word)
        }
        let before = try FileManager.default.subpathsOfDirectory(atPath: folder.url.path).sorted()
        let run = try Graft.run(words, in: folder.url)
        #expect(run.status == 2, "\(run.output)\(run.errors)")
        #expect(run.output.isEmpty)
        let messages = run.errors.split(separator: "\n").filter { !$0.hasPrefix("warning: the machine is not alone") }
        #expect(messages.first?.hasPrefix("error: ") == true, "\(run.errors)")
        for word in says { #expect(run.errors.contains(word), "\(run.errors)") }
        #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.url.path).sorted() == before)
    }

    @Test("texts and numbers that begin with a dash are values where a value is wanted")
    func dashes() throws {
        let model = Project.path("checkpoints/tiny")
        for flags in [["--prompt", "--one", "--seed", "-3"], ["--prompt", "a", "--stop", "- two"]] {
            let run = try Graft.run(["generate", "--model", model, "--max-tokens", "2"] + flags)
            #expect(run.status == 0 && !run.output.isEmpty, "\(flags): \(run.errors)")
        }
    }
}
