import Foundation
import OrderedJSON
import Testing

/// `graft inspect` and `graft doctor`.
@Suite("graft inspect and doctor")
struct InspectTests {
    @Test("a model: its sizes and every tensor")
    func model() throws {
        let run = try Graft.run(["inspect", Project.path("checkpoints/tiny"), "--json"])
        #expect(run.status == 0, "\(run.errors)")
        let model = try JSONValue(parsing: run.output)
        #expect(model["kind"] == "model" && model["model_type"] == "llama" && model["problems"] == [])
        #expect(model["parameters"]?.intValue ?? 0 > 1_000_000)
        #expect(model["tokenizer"]?["chat_template"] == true)
    }

    @Test("an adapter: its rank and numbers")
    func adapter() throws {
        let run = try Graft.run(["inspect", Project.path("Tests/Fixtures/models/llama/adapter")])
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("rank"))
        #expect(run.output.contains("5,952"))
    }

    @Test("what cannot be used is named, with status 2")
    func unusable() throws {
        let folder = try TemporaryFolder()
        let config = "{\"model_type\": \"llama\", \"quantization_config\": {\"quant_method\": \"gptq\"}}"
        _ = try folder.write("gptq/config.json", config)
        let run = try Graft.run(["inspect", "gptq"], in: folder.url)
        #expect(run.status == 2)
        #expect(run.errors.lowercased().contains("gptq"))

        _ = try folder.write("torn/config.json", "{\"model_type\": ")
        let torn = try Graft.run(["inspect", "torn"], in: folder.url)
        #expect(torn.status == 2 && torn.errors.contains("torn/config.json: not valid JSON"))

        // A GGUF header with one pair: an architecture that there is none of.
        let header = "GGUF\u{3}\0\0\0" + "\0\0\0\0\0\0\0\0" + "\u{1}\0\0\0\0\0\0\0"
        let pair = "\u{14}\0\0\0\0\0\0\0general.architecture\u{8}\0\0\0\u{5}\0\0\0\0\0\0\0mamba"
        _ = try folder.write("m.gguf", header + pair)
        let other = try Graft.run(["inspect", "m.gguf"], in: folder.url)
        #expect(other.status == 2 && other.errors.contains("mamba") && other.output.contains("metadata"))

        // A directory with GGUF files is no model, but they are.
        _ = try folder.write("downloads/m-Q4_K.gguf", header + pair)
        for arguments in [["inspect", "downloads"], ["generate", "--model", "downloads", "--prompt", "a"]] {
            let inside = try Graft.run(arguments, in: folder.url)
            #expect(
                inside.status == 2 && inside.errors.contains("give the file: downloads/m-Q4_K.gguf"), "\(arguments)")
        }
        _ = try folder.write("note.txt", "words")
        #expect(try Graft.run(["inspect", "note.txt"], in: folder.url).status == 2)
    }

    @Test("safetensors cut off in the middle are refused by every command that opens them")
    func truncated() throws {
        let folder = try TemporaryFolder()
        let source = URL(fileURLWithPath: Project.path("Tests/Fixtures/models/llama"))
        let copy = folder.url.appendingPathComponent("model")
        try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: source.appendingPathComponent("config.json"), to: copy.appendingPathComponent("config.json"))
        let weights = try Data(contentsOf: source.appendingPathComponent("model.safetensors"))
        try weights.prefix(weights.count / 2).write(to: copy.appendingPathComponent("model.safetensors"))
        let rows = try folder.write("rows.jsonl", "{\"input_ids\": [1, 2], \"labels\": [1, 2]}\n")
        for arguments in [["inspect", copy.path], ["score", "--model", copy.path, "--data", rows]] {
            let run = try Graft.run(arguments)
            #expect(run.status == 2)
            #expect(run.errors.contains("model.safetensors"))
        }
    }

    @Test("doctor says what will be used, and settings change it")
    func doctor() throws {
        let run = try Graft.run(["doctor", "--json"], environment: ["GRAFT_MATMUL": nil, "OMP_NUM_THREADS": nil])
        #expect(run.status == 0, "\(run.errors)")
        let report = try JSONValue(parsing: run.output)
        #expect(report["threads"]?.intValue ?? 0 >= 1)
        #expect(["bf16", "f32"].contains(report["precision"]?.stringValue ?? ""))
        #expect(report["gomp_spincount"] == 3000)

        let forced = try Graft.run(
            ["doctor", "--json"],
            environment: ["GRAFT_MATMUL": "openblas", "OMP_NUM_THREADS": "1", "GOMP_SPINCOUNT": "7"])
        let changed = try JSONValue(parsing: forced.output)
        #expect(changed["engine"] == "openblas" && changed["threads"] == 1 && changed["gomp_spincount"] == 7)
    }
}
