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

    @Test("a mixture: what works on a token, what it takes in memory, what can be trained and exported")
    func mixture() throws {
        let run = try Graft.run(["inspect", Project.path("Tests/Fixtures/models/qwen3-moe"), "--json"])
        // It has no tokenizer, which is said.
        #expect(run.status == 2 && run.errors.contains("has no tokenizer"))
        let model = try JSONValue(parsing: run.output)
        // 2 layers of 6 experts of three matrices 24 by 32, of which 2 are chosen.
        let (all, expert) = (try #require(model["parameters"]?.intValue), 3 * 24 * 32)
        #expect(model["bytes"]?.intValue == 4 * all)
        #expect(model["active_parameters"]?.intValue == all - 2 * 4 * expert)
        let memory = try #require(model["memory"])
        #expect(memory["f32"]?.intValue == 4 * all && memory["as_stored"] == memory["f32"])
        // Norms stay in f32: two of 32 and two of 12 numbers a layer, and the last.
        #expect(memory["bf16"]?.intValue == 2 * all + 2 * (2 * (2 * 32 + 2 * 12) + 32))
        #expect(
            model["linear_modules"] == ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])
        #expect(model["expert_parameters"] == ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"])
        #expect(model["trains"] == ["lora", "full"])
        let exports = try #require(model["exports"]?.objectValue)
        #expect(exports.keys == ["peft", "merge", "gguf-lora", "gguf", "ollama", "mlx"])
        #expect(exports.members.allSatisfy { $0.value == true })

        let other = try Graft.run(["inspect", Project.path("Tests/Fixtures/models/gpt-oss-mxfp4")])
        #expect(other.output.contains("not in full") && other.output.contains("not gguf-lora, gguf, ollama: cannot be"))
        #expect(other.output.contains("2 of 4 experts") && other.output.contains("as stored 80 kB, f32 166 kB"))
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
