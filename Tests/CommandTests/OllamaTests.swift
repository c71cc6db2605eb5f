import Foundation
import OrderedJSON
import Testing

/// Models in Ollama's store, on a store made here.
@Suite("Ollama's store")
struct OllamaTests {
    /// A store that holds the tiny model as a GGUF file without a name's ending, with a template and parameters.
    private final class Store {
        let folder: TemporaryFolder
        let blob: String
        var variables: [String: String?] { ["OLLAMA_MODELS": folder.url.path] }

        init() throws {
            folder = try TemporaryFolder()
            let made = folder.url.appendingPathComponent("made.gguf")
            let export = try Graft.run([
                "export", "--model", Project.path("checkpoints/tiny"), "--to", "gguf", "-o", made.path,
            ])
            #expect(export.status == 0, "\(export.errors)")
            let hash = try String(contentsOf: made.appendingPathExtension("graft_export.json"), encoding: .utf8)
            let json = try JSONValue(parsing: hash)["files"]?["made.gguf"]?.stringValue ?? ""
            let digest = json.hasPrefix("sha256:") ? json : "sha256:" + json
            let name = digest.replacing(":", with: "-")
            blob = folder.url.path + "/blobs/" + name
            _ = try folder.write("blobs/sha256-" + Self.hash("b"), "{{ .Prompt }}")
            _ = try folder.write("blobs/sha256-" + Self.hash("c"), "{\"stop\": [\"</s>\"], \"temperature\": 0.5}")
            try FileManager.default.moveItem(atPath: made.path, toPath: blob)
            let size = try FileManager.default.attributesOfItem(atPath: blob)[.size] as? Int ?? 0
            try manifest("registry.ollama.ai/library/tiny/latest", digest, size)
            try manifest("registry.ollama.ai/library/torn/1b", digest, size + 1)
            try manifest("registry.ollama.ai/someone/gone/latest", "sha256:" + Self.hash("d"), 1)
            // As pulled from another registry, with everything a model can have; of two templates the last one counts.
            _ = try folder.write("blobs/sha256-" + Self.hash("e"), "Be brief.")
            _ = try folder.write("blobs/sha256-" + Self.hash("f"), "\nMIT License\nand so on\n")
            let whole = [
                layer("license", Self.hash("f"), 23), layer("template", Self.hash("e"), 9),
                layer("model", String(digest.dropFirst("sha256:".count)), size),
                layer("adapter", Self.hash("e"), 9), layer("projector", Self.hash("f"), 23),
                layer("system", Self.hash("e"), 9), layer("template", Self.hash("b"), 13),
            ]
            try manifest("hf.co/Someone/Tiny-GGUF/Q8_0", whole)
            // Without a GGUF file: layers for another engine, and a model that runs elsewhere.
            _ = try folder.write("blobs/sha256-" + Self.hash("1"), "{\"model_format\": \"safetensors\"}")
            _ = try folder.write("blobs/sha256-" + Self.hash("2"), "{\"remote_host\": \"https://ollama.com\"}")
            try manifest("registry.ollama.ai/library/tensors/latest", [layer("tensor", Self.hash("e"), 9)], config: "1")
            try manifest("registry.ollama.ai/library/cloud/latest", [], config: "2")
        }

        static func hash(_ letter: Character) -> String { String(repeating: letter, count: 64) }

        private func layer(_ kind: String, _ hash: String, _ size: Int) -> String {
            "{\"mediaType\": \"application/vnd.ollama.image.\(kind)\", \"digest\": \"sha256:\(hash)\", \"size\": \(size)}"
        }

        private func manifest(_ name: String, _ digest: String, _ size: Int) throws {
            let hash = String(digest.dropFirst("sha256:".count))
            try manifest(
                name,
                [
                    layer("model", hash, size), layer("template", Self.hash("b"), 13),
                    layer("params", Self.hash("c"), 38),
                ])
        }

        private func manifest(_ name: String, _ layers: [String], config: Character? = nil) throws {
            let config = config.map { "\"config\": {\"digest\": \"sha256:\(Self.hash($0))\"}, " } ?? ""
            _ = try folder.write(
                "manifests/" + name, "{\"schemaVersion\": 2, \(config)\"layers\": [\(layers.joined(separator: ", "))]}")
        }
    }

    @Test("names lead to the file, its template and its parameters; the file trains")
    func found() throws {
        let store = try Store()
        let run = try Graft.run(["inspect", "--ollama", "tiny", "--json"], environment: store.variables)
        #expect(run.status == 0, "\(run.errors)")
        let found = try JSONValue(parsing: run.output)
        #expect(found["path"]?.stringValue == store.blob && found["kind"] == "gguf" && found["architecture"] == "llama")
        #expect(found["template"] == "{{ .Prompt }}" && found["parameters_set"]?["stop"] == ["</s>"])
        #expect(found["ollama"]?.stringValue == "registry.ollama.ai/library/tiny:latest")
        // What a recipe can name, and what comes of it.
        #expect(found["linear_modules"]?.arrayValue?.contains("q_proj") == true && found["layers"]?.intValue ?? 0 > 0)
        #expect(found["exports"]?["gguf-lora"] == true && found["exports"]?["merge"] != true)

        let row =
            "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}]}\n"
        _ = try store.folder.write("rows.jsonl", String(repeating: row, count: 4))
        let recipe = "model: \(store.blob)\ndata:\n  train: rows.jsonl\ntrain:\n  steps: 1\noutput: run\n"
        let train = try Graft.run(["train", try store.folder.write("r.yaml", recipe)], in: store.folder.url)
        #expect(train.status == 0, "\(train.errors)")
        let adapter = store.folder.url.appendingPathComponent("run/adapter_model.safetensors")
        #expect(FileManager.default.fileExists(atPath: adapter.path))
    }

    @Test("other registries' models are found, however their names are spelled, with all that belongs to them")
    func registries() throws {
        let store = try Store()
        for name in ["hf.co/Someone/Tiny-GGUF:Q8_0", "https://hf.co/someone/tiny-gguf:q8_0"] {
            let variables = ["OLLAMA_MODELS": " \"\(store.folder.url.path)\""]
            let run = try Graft.run(["inspect", "--ollama", name, "--json"], environment: variables)
            #expect(run.status == 0, "\(run.errors)")
            let found = try JSONValue(parsing: run.output)
            #expect(found["path"]?.stringValue == store.blob && found["system"] == "Be brief.")
            #expect(found["template"] == "{{ .Prompt }}" && found["licenses"] == ["MIT License"])
            #expect(found["adapters"]?.arrayValue?.count == 1 && found["projectors"]?.arrayValue?.count == 1)
        }
    }

    @Test("an exported Modelfile has the model's defaults and the system message that was asked for")
    func modelfile() throws {
        let folder = try TemporaryFolder()
        let model = folder.url.appendingPathComponent("tiny")
        try FileManager.default.copyItem(atPath: Project.path("checkpoints/tiny"), toPath: model.path)
        _ = try folder.write(
            "tiny/generation_config.json",
            "{\"do_sample\": true, \"temperature\": 0.7, \"top_k\": 20, \"top_p\": null, \"repetition_penalty\": 1.05}")
        let gguf = folder.url.appendingPathComponent("tiny.gguf").path
        let made = try Graft.run(["export", "--model", model.path, "--to", "gguf", "-o", gguf])
        #expect(made.status == 0, "\(made.errors)")
        for (base, name) in [(model.path, "o"), (gguf, "p")] {
            let out = folder.url.appendingPathComponent(name).path
            let run = try Graft.run([
                "export", "--model", base, "--to", "ollama", "-o", out, "--system", "Say \"no\".\nAlways.",
            ])
            #expect(run.status == 0, "\(run.errors)")
            let text = try String(contentsOfFile: out + "/Modelfile", encoding: .utf8)
            for line in [
                "SYSTEM \"\"\"Say \"no\".\nAlways.\"\"\"", "PARAMETER temperature 0.7", "PARAMETER top_k 20",
                "PARAMETER repeat_penalty 1.05", "PARAMETER num_ctx ",
            ] {
                #expect(text.contains("\n" + line), "\(line) is not in \(text)")
            }
        }
        let other = try Graft.run(["export", "--model", gguf, "--to", "gguf", "-o", "x", "--system", "Hello"])
        #expect(other.status == 2)
    }

    @Test("what is not there, or not whole, is said")
    func missing() throws {
        let store = try Store()
        for (name, part) in [
            ("other", "tiny:latest"), ("torn:1b", "bytes, not"), ("someone/gone", "is missing"),
            ("../../tiny", "no name of an Ollama model"), ("a/b/c/d", "no name of an Ollama model"), ("", "no name"),
            ("tensors", "but as safetensors"), ("cloud", "runs on other machines"),
        ] {
            let run = try Graft.run(["inspect", "--ollama", name], environment: store.variables)
            #expect(run.status == 2 && run.errors.contains(part), "\(name): \(run.errors)")
        }
        let both = try Graft.run(["inspect", "x", "--ollama", "tiny"], environment: store.variables)
        #expect(both.status == 2)
        let home = try TemporaryFolder()
        let none = try Graft.run(["inspect", "--ollama", "tiny"], environment: ["OLLAMA_MODELS": home.url.path])
        #expect(none.status == 2 && none.errors.contains("store is empty"))
    }
}
