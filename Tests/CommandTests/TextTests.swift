import Foundation
import OrderedJSON
import Testing

/// `graft tokenize` and `graft render`.
@Suite("graft tokenize and render")
struct TextTests {
    let model = Project.path("checkpoints/tiny")

    @Test("a line of ids for every line of text, whatever ends the last one")
    func lines() throws {
        let run = try Graft.run(["tokenize", "--model", model], input: "one two\n\none two")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.lines.count == 3)
        #expect(run.lines[1] == "[]")
        #expect(run.lines[0] == run.lines[2] && run.lines[0].count > 2)
    }

    @Test("JSON strings may hold line ends")
    func jsonLines() throws {
        let run = try Graft.run(["tokenize", "--model", model, "--json-lines"], input: "\"one\\ntwo\"\n\"\"\n")
        #expect(run.status == 0 && run.lines.count == 2 && run.lines[1] == "[]")
        let plain = try Graft.run(["tokenize", "--model", model, "--json-lines"], input: "\"fine\"\nnot quoted\n")
        #expect(plain.status == 2)
        #expect(plain.errors.contains("standard input:2: not valid JSON"))
    }

    @Test("as Hugging Face's tokenizers do, through the command")
    func references() throws {
        guard let shared = Project.shared else { return }
        for family in ["llama-3.1", "gpt-2", "llama-2"] {
            let folder = shared.appendingPathComponent("assets/tokenizers/\(family)")
            let text = try String(contentsOf: folder.appendingPathComponent("vectors.jsonl"), encoding: .utf8)
            let vectors = try text.split(separator: "\n").dropFirst().map { try JSONValue(parsing: String($0)) }
            try #require(vectors.count > 100)
            let input = vectors.map { ($0["text"] ?? .null).serialized() + "\n" }.joined()
            for (key, flags) in [("ids", []), ("ids_special", ["--add-special-tokens"])] {
                let run = try Graft.run(["tokenize", "--model", folder.path, "--json-lines"] + flags, input: input)
                #expect(run.lines.count == vectors.count)
                for (line, vector) in zip(run.lines, vectors) where String(line) != vector[key]?.serialized() {
                    Issue.record("\(family): \(vector["text"]?.serialized() ?? ""): \(line)")
                }
            }
        }
    }

    @Test("a template from a file, its variables and its clock")
    func render() throws {
        let folder = try TemporaryFolder()
        let template = try folder.write(
            "t.jinja",
            "{{ strftime_now('%Y-%m-%d') }} {{ mood }} {% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
                + "{% if add_generation_prompt %}<assistant>{% endif %}")
        let data = try folder.write("rows.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"hällo\\n\"}]}\n")
        for now in [
            "2026-01-15T09:30:00", "2026-01-15T09:30:00.250", "2026-01-15T09:30:00.123456", "2026-01-15",
            "2026-01-15T12:00:00Z", "2026-01-15T12:00:00.5Z", "2026-01-15T12:00:00.123456+00:00",
        ] {
            let run = try Graft.run([
                "render", "--model", model, "--data", data, "--template", template, "--var", "mood=\"calm\"", "--now",
                now, "--add-generation-prompt",
            ])
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output == "\"2026-01-15 calm <user>hällo\\n<assistant>\"\n")
        }
    }

    @Test(
        "wrong variables, clocks and templates",
        arguments: [
            (["--var", "mood=calm"], "text needs its own quotes"), (["--var", "=1"], "no name"),
            (["--now", "yesterday"], "ISO 8601"), (["--template", "nowhere.jinja"], "nowhere.jinja"),
        ])
    func wrong(_ flags: [String], _ words: String) throws {
        let folder = try TemporaryFolder()
        let data = try folder.write("rows.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n")
        let run = try Graft.run(["render", "--model", model, "--data", data] + flags)
        #expect(run.status == 2 && run.output.isEmpty)
        #expect(run.errors.contains(words))
    }
}
