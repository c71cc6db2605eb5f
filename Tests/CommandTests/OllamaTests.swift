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
        }

        static func hash(_ letter: Character) -> String { String(repeating: letter, count: 64) }

        private func manifest(_ name: String, _ digest: String, _ size: Int) throws {
            func layer(_ kind: String, _ digest: String, _ size: Int) -> String {
                "{\"mediaType\": \"application/vnd.ollama.image.\(kind)\", \"digest\": \"\(digest)\", \"size\": \(size)}"
            }
            let layers = [
                layer("model", digest, size), layer("template", "sha256:" + Self.hash("b"), 13),
                layer("params", "sha256:" + Self.hash("c"), 38),
            ]
            _ = try folder.write(
                "manifests/" + name, "{\"schemaVersion\": 2, \"layers\": [\(layers.joined(separator: ", "))]}")
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

        let row =
            "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}]}\n"
        _ = try store.folder.write("rows.jsonl", String(repeating: row, count: 4))
        let recipe = "model: \(store.blob)\ndata:\n  train: rows.jsonl\ntrain:\n  steps: 1\noutput: run\n"
        let train = try Graft.run(["train", try store.folder.write("r.yaml", recipe)], in: store.folder.url)
        #expect(train.status == 0, "\(train.errors)")
        let adapter = store.folder.url.appendingPathComponent("run/adapter_model.safetensors")
        #expect(FileManager.default.fileExists(atPath: adapter.path))
    }

    @Test("what is not there, or not whole, is said")
    func missing() throws {
        let store = try Store()
        for (name, part) in [
            ("other", "tiny:latest"), ("torn:1b", "bytes, not"), ("someone/gone", "is missing"),
            ("../../tiny", "no name of an Ollama model"), ("a/b/c/d", "no name of an Ollama model"), ("", "no name"),
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
