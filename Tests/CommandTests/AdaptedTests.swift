import Foundation
import OrderedJSON
import Testing

/// What is done with an adapter that was trained with a template of its own: eval, generate, chat, score, merge,
/// export.
@Suite("an adapter's way through the commands")
struct AdaptedTests {
    static let model = Project.path("checkpoints/tiny")
    static let template = """
        {%- for m in messages %}{{ '[' + m.role + '] ' + m.content }}{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}
        {% endfor %}{% if add_generation_prompt %}{{ '[assistant] ' }}{% endif %}
        """

    /// A run of a few steps on the tiny model, with a chat template from a file.
    final class Trained {
        let folder: TemporaryFolder
        let run: Run

        init() throws {
            folder = try TemporaryFolder()
            _ = try folder.write("own.jinja", template)
            let rows = (0..<24).map {
                "{\"prompt\": \"What is \($0)?\", \"completion\": \"The sum is \($0 * 7 % 10)\"}"
            }
            _ = try folder.write("rows.jsonl", rows.joined(separator: "\n"))
            _ = try folder.write(
                "recipe.yaml",
                """
                model: \(AdaptedTests.model)
                data: {train: rows.jsonl, template: own.jinja, max_length: 128}
                train: {steps: 6, batch_size: 2, learning_rate: 2.0e-3}
                output: run
                """)
            run = try Graft.run(["train", "recipe.yaml"], in: folder.url)
        }

        func graft(_ arguments: String..., input: String = "") throws -> Run {
            try Graft.run(arguments, input: input, in: folder.url)
        }

        func text(_ path: String) throws -> String {
            try String(contentsOf: folder.url.appendingPathComponent(path), encoding: .utf8)
        }
    }

    @Test("the template goes with the adapter, its checkpoints and every directory made of them")
    func template() throws {
        let work = try Trained()
        #expect(work.run.status == 0, "\(work.run.errors)")
        for place in ["run", "run/state/step-6"] {
            #expect(try work.text("\(place)/chat_template.jinja") == Self.template, "\(place)")
        }
        let merged = try work.graft(
            "merge", "--model", Self.model, "--adapter", "run", "-o", "merged", "--json", "--data", "rows.jsonl")
        #expect(merged.status == 0, "\(merged.errors)")
        #expect(try JSONValue(parsing: merged.output)["proof"]?["probes"]?.stringValue == "rows.jsonl")
        let peft = try work.graft("export", "--model", Self.model, "--adapter", "run", "--to", "peft", "-o", "peft")
        #expect(peft.status == 0, "\(peft.errors)")
        let mlx = try work.graft("export", "--model", Self.model, "--adapter", "run", "--to", "mlx", "-o", "mlx")
        #expect(mlx.status == 0, "\(mlx.errors)")
        let compared = try work.graft(
            "export", "--model", Self.model, "--adapter", "run", "--to", "peft", "-o", "own", "--data", "rows.jsonl")
        #expect(compared.status == 0 && compared.output.contains("(rows.jsonl)"), "\(compared.errors)")
        for place in ["merged", "peft", "mlx"] {
            #expect(try work.text("\(place)/chat_template.jinja") == Self.template, "\(place)")
        }
        // What the merged model shows is what the adapter was trained on.
        let rendered = try work.graft(
            "render", "--model", "merged", "--data", "rows.jsonl", "--add-generation-prompt")
        #expect(rendered.lines.first?.hasPrefix("\"[user] What is 0?[assistant] The sum is 0") == true)

        // With the adapter, rows are rendered as if --template named the file.
        let flags = ["score", "--model", Self.model, "--adapter", "run", "--data", "rows.jsonl"]
        let own = try Graft.run(flags, in: work.folder.url)
        let named = try Graft.run(flags + ["--template", "own.jinja"], in: work.folder.url)
        let model = try Graft.run(flags + ["--template", "auto"], in: work.folder.url)
        #expect(own.status == 0 && own.lines.count == 24, "\(own.errors)")
        #expect(own.output == named.output && own.output != model.output)
        // Recited is with the same template.
        _ = try work.folder.write("run/chat_template.jinja", "{{ raise_exception('the adapter has its own') }}")
        let audit = try work.graft("audit", "--model", Self.model, "--adapter", "run", "--data", "rows.jsonl")
        #expect(audit.status == 2 && audit.errors.contains("the adapter has its own"), "\(audit.errors)")
    }

    @Test("an adapter of a run without a template is used without one")
    func plain() throws {
        let work = try Trained()
        let run = try work.graft(
            "train", "recipe.yaml", "--set", "data.template=none", "--set", "output=plain", "--set", "train.steps=2")
        #expect(run.status == 0, "\(run.errors)")
        let flags = ["score", "--model", Self.model, "--data", "rows.jsonl", "--adapter"]
        for place in ["plain", "plain/state/step-2"] {
            let own = try Graft.run(flags + [place], in: work.folder.url)
            let named = try Graft.run(flags + [place, "--template", "none"], in: work.folder.url)
            #expect(own.status == 0 && own.output == named.output, "\(place): \(own.errors)")
        }
        // Wherever it goes: exported, in a Modelfile, and told where a file cannot say so.
        let expected = try Graft.run(flags + ["plain", "--template", "none"], in: work.folder.url)
        let peft = try work.graft("export", "--model", Self.model, "--adapter", "plain", "--to", "peft", "-o", "peft")
        let own = try Graft.run(flags + ["peft"], in: work.folder.url)
        #expect(peft.status == 0 && own.status == 0 && own.output == expected.output, "\(peft.errors)\(own.errors)")
        let ollama = try work.graft(
            "export", "--model", Self.model, "--adapter", "plain", "--to", "ollama", "-o", "ollama")
        let modelfile = try work.text("ollama/Modelfile")
        #expect(ollama.status == 0 && modelfile.contains("{{ .Content }}") && !modelfile.contains("im_start"))
        let merged = try work.graft("merge", "--model", Self.model, "--adapter", "plain", "-o", "merged")
        #expect(merged.status == 0 && merged.errors.contains("trained without a chat template"), "\(merged.errors)")
        let both = try work.graft(
            "eval", "--model", Self.model, "--adapter", "run", "--adapter", "plain", "--data", "rows.jsonl")
        #expect(both.status == 2 && both.errors.contains("plain: was trained with another chat template than run"))
    }

    @Test("eval shows base and adapter, generate answers, and flags change answers")
    func answers() throws {
        let work = try Trained()
        let table = try work.graft(
            "eval", "--model", Self.model, "--adapter", "run", "--data", "rows.jsonl", "--max-tokens", "12")
        #expect(table.status == 0, "\(table.errors)")
        #expect(table.output.contains("base") && table.output.contains("run"))
        let json = try work.graft(
            "eval", "--model", Self.model, "--data", "rows.jsonl", "--max-tokens", "12", "--json")
        #expect(try JSONValue(parsing: json.output).objectValue != nil)

        func generate(_ flags: String...) throws -> JSONValue {
            let run = try Graft.run(
                ["generate", "--model", Self.model, "--adapter", "run", "--prompt", "What is 3?", "--json"]
                    + ["--max-tokens", "16"] + flags, in: work.folder.url)
            #expect(run.status == 0 && run.lines.count == 1, "\(run.errors)")
            return try JSONValue(parsing: run.output)
        }
        let greedy = try generate()
        let text = greedy["text"]?.stringValue ?? ""
        #expect(try generate() == greedy)
        #expect(try generate("--temperature", "1.5", "--min-p", "1") == greedy, "only the likeliest is left")
        #expect(try generate("--temperature", "1.5", "--seed", "3") == generate("--temperature", "1.5", "--seed", "3"))
        let stop = String(text.dropFirst(2).prefix(3))
        let stopped = try generate("--stop", stop)
        #expect(
            stopped["text"]?.stringValue
                == String(text.prefix(upTo: text.range(of: stop)?.lowerBound ?? text.startIndex)))
        #expect(stopped["end"] == "stop_string")
        #expect(try generate("--repetition-penalty", "50", "--max-tokens", "60") != generate("--max-tokens", "60"))
        // What streams is what JSON says, to the last letter, though a stop text could begin with it.
        let last = String(text.suffix(1)) + "never"
        let stream = try work.graft(
            "generate", "--model", Self.model, "--adapter", "run", "--prompt", "What is 3?", "--max-tokens", "16",
            "--stop", last)
        #expect(stream.output == text + "\n")
        let rows = try work.graft(
            "generate", "--model", Self.model, "--adapter", "run", "--data", "rows.jsonl", "--max-tokens", "4")
        #expect(rows.lines.count == 24)
        for flags in [["--min-p", "2"], ["--repetition-penalty", "0"], ["--stop", ""]] {
            let wrong = try Graft.run(["generate", "--model", Self.model, "--prompt", "a"] + flags)
            #expect(wrong.status == 2 && wrong.errors.contains(flags[0]), "\(flags)")
        }
    }

    @Test("a text row goes on as --raw does, to the white space")
    func texts() throws {
        guard let shared = Project.shared else { return }
        let model = shared.appendingPathComponent("assets/models/stories260K").path
        let folder = try TemporaryFolder()
        let rows = try folder.write("rows.jsonl", "{\"text\": \"Once upon a time\"}\n")
        let flags = ["generate", "--model", model, "--max-tokens", "5", "--json"]
        let texts = try [["--raw", "--prompt", "Once upon a time"], ["--data", rows]].map { more in
            let run = try Graft.run(flags + more)
            return try JSONValue(parsing: run.output)["text"]?.stringValue
        }
        #expect(texts[0] == texts[1] && texts[0]?.first?.isPunctuation == true || texts[0]?.first == " ", "\(texts)")
    }

    @Test("a conversation survives a turn that is too long")
    func chat() throws {
        let work = try Trained()
        let long = String(repeating: "word ", count: 5000)
        let run = try work.graft(
            "chat", "--model", Self.model, "--adapter", "run", "--max-tokens", "8",
            input: "What is 3?\n\(long)\nWhat is 3?\n/reset\nWhat is 3?\n/exit\nnever read\n")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("model has positions for"))
        // Two answers and, after the reset, the first one again; nothing for the turn that was too long.
        let answers = run.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(answers.count == 3 && answers.first == answers.last, "\(run.output)")
    }

    @Test("every export appears, says what it is, and is not written over")
    func exports() throws {
        let work = try Trained()
        for (target, place, flags) in [
            ("gguf-lora", "lora.gguf", []), ("gguf", "model.gguf", ["--quantize", "q8_0"]), ("ollama", "ollama", []),
        ] {
            let flags = ["export", "--model", Self.model, "--adapter", "run", "--to", target, "-o", place] + flags
            let run = try Graft.run(flags, in: work.folder.url)
            #expect(run.status == 0 && run.output.contains("wrote \(place)"), "\(target): \(run.errors)")
            let again = try Graft.run(flags, in: work.folder.url)
            #expect(again.status == 2 && again.errors.contains("\(place): exists already"), "\(target)")
            if target == "ollama" { continue }
            let inspected = try work.graft("inspect", place, "--json")
            #expect(inspected.status == 0, "\(target): \(inspected.errors)")
        }
        // The GGUF file carries the template that the adapter was trained with.
        let rendered = try work.graft("render", "--model", "model.gguf", "--data", "rows.jsonl")
        #expect(rendered.lines.first?.hasPrefix("\"[user] What is 0?") == true, "\(rendered.errors)")
    }
}
