import OrderedJSON
import Testing

/// `graft data check` and `graft data preview`.
@Suite("graft data")
struct DataTests {
    let model = Project.path("checkpoints/tiny")

    @Test("counts what is there")
    func counts() throws {
        let run = try Graft.run([
            "data", "check", Project.path("datasets/handbook/train.jsonl"), "--model", model, "--json",
        ])
        #expect(run.status == 0, "\(run.errors)")
        let counts = try JSONValue(parsing: run.output)
        let (tokens, targets) = (counts["tokens"]?.intValue ?? 0, counts["target_tokens"]?.intValue ?? 0)
        #expect(counts["rows"] == counts["samples"] && counts["faulty_rows"] == 0)
        #expect(targets > 0 && targets < tokens)
        #expect(counts["supervised_turn_ends"] == counts["templated"])
    }

    @Test("every finding has its line, and the status is 2")
    func findings() throws {
        let folder = try TemporaryFolder()
        let good = "{\"prompt\": \"a\", \"completion\": \"b\"}"
        let data = try folder.write("rows.jsonl", "\(good)\n{\"foo\": 1}\n\n{broken\n{\"messages\": []}\n\(good)\n")
        let run = try Graft.run(["data", "check", data, "--model", model])
        #expect(run.status == 2)
        for line in [2, 4, 5] { #expect(run.errors.contains("rows.jsonl:\(line): ")) }
        #expect(run.errors.split(separator: "\n").count == 3)
        #expect(run.output.contains("3 rows"))
        let missing = try Graft.run(["data", "check", "gone.jsonl", "--model", model, "--against", data, "away.jsonl"])
        #expect(missing.status == 2 && missing.output.isEmpty)
        for name in ["gone.jsonl", "away.jsonl"] { #expect(missing.errors.contains("error: \(name): does not exist")) }
    }

    @Test("what carries loss stands in brackets")
    func preview() throws {
        let folder = try TemporaryFolder()
        let data = try folder.write("rows.jsonl", "{\"prompt\": \"What is it?\", \"completion\": \"A test\"}\n")
        let run = try Graft.run(["data", "preview", data, "--model", model])
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("⟦A test<|im_end|>⟧"))
        #expect(run.output.contains("What is it?<|im_end|>"))
        #expect(!run.output.contains("\u{1B}"))
    }
}
