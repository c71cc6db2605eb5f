import Adapters
import Diagnostics
import Exports
import Foundation
import Models
import OrderedJSON
import Testing
import Tokenizers

extension ExportsTests {
    @Suite("What can be exported")
    struct ExportabilityTests {
        private func refused(_ files: ModelFiles) throws -> [String] {
            let plan = try AdapterPlan(LoRASettings(), for: files)
            return Exportability.all(files, plan).filter { !$0.problems.isEmpty }.map(\.target)
        }

        @Test(
            "is known before training",
            arguments: [
                ("llama", []), ("qwen3-moe", []), ("gpt2", ["mlx"]),
                ("qwen2-window", ["gguf-lora", "gguf", "ollama"]),
                ("deepseek-v3", ["gguf-lora", "gguf", "ollama"]),
                ("gpt-oss", ["gguf-lora", "gguf", "ollama"]),
            ])
        func targets(_ name: String, _ expected: [String]) throws {
            let found = try refused(ModelFiles.open(directory: Fixture.root + "/" + name))
            #expect(found == expected)
        }

        @Test("and adapters that llama.cpp would load and ignore are refused, those beside them are not")
        func ignored() throws {
            let scratch = try Scratch()
            let files = try ModelFiles.open(
                directory: Fixture.edited("deepseek-v3", ["\"mscale\": 1.0": "\"mscale\": 0.7"], in: scratch))
            let reason = Exportability.all(files, try AdapterPlan(LoRASettings(), for: files)).first {
                $0.target == "gguf-lora"
            }?.problems.first
            #expect(reason?.message.contains("without its adapter") == true)
            #expect(reason?.advice?.contains("merge") == true)
            var settings = LoRASettings()
            settings.targets = .names(["o_proj", "gate_proj", "up_proj", "down_proj"])
            let plan = try AdapterPlan(settings, for: files)
            #expect(Exportability.all(files, plan).first { $0.target == "gguf-lora" }?.problems.isEmpty == true)
        }

        @Test("and what vLLM would scale otherwise is said")
        func vLLM() throws {
            let files = try ModelFiles.open(directory: Fixture.root + "/llama")
            func note(_ settings: LoRASettings) throws -> String? {
                Exportability.all(files, try AdapterPlan(settings, for: files)).first { $0.target == "peft" }?.note
            }
            var settings = LoRASettings()
            #expect(try note(settings) == nil && VLLMServing(settings).maximumRank == 16)
            settings.rank = 48
            #expect(VLLMServing(settings).maximumRank == 64 && VLLMServing(settings).note == nil)
            settings.alphaPattern = [("q_proj", 7)]
            #expect(
                try note(settings)?.contains("scales") == true && VLLMServing(settings).note == (try note(settings)))
            settings.alphaPattern = []
            settings.rank = 600
            #expect(VLLMServing(settings).maximumRank == nil && VLLMServing(settings).obstacles.count == 1)
        }

        @Test("and that runtimes put BOS before prompts is said where the chat template does not")
        func prompts() throws {
            guard let folder = sharedFolder("assets/tokenizers/llama-3.1") else { return }
            func note(_ template: String) throws -> String? {
                try Exportability.promptNote(Tokenizer.load(directory: folder, chatTemplate: template))
            }
            let words = "{% for m in messages %}{{ m.content }}{% endfor %}"
            #expect(try note(words)?.contains("begin every prompt with <|begin_of_text|>") == true)
            #expect(try note("{{ bos_token }}" + words) == nil)
        }

        @Test("and what llama.cpp rotates otherwise is said")
        func rotations() throws {
            let scratch = try Scratch()
            let long = Exportability.runtimeNote(try ModelFiles.open(directory: Fixture.root + "/phi3-long"))
            #expect(long?.contains("32 tokens") == true)
            let edited = try Fixture.edited("gpt-oss", ["\"swiglu_limit\": 1.5": "\"swiglu_limit\": 7.0"], in: scratch)
            #expect(Exportability.runtimeNote(try ModelFiles.open(directory: edited))?.contains("YaRN") == true)
            #expect(Exportability.runtimeNote(try ModelFiles.open(directory: Fixture.root + "/ministral3")) == nil)
            let neox = Exportability.runtimeNote(try ModelFiles.open(directory: Fixture.root + "/gpt-neox"))
            #expect(neox?.contains("GELU") == true)
        }

        @Test(
            "and rotations are refused where llama.cpp's are others, and written where they are the same",
            arguments: [
                (
                    "llama", ["rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0],
                    true
                ),
                (
                    "qwen2", ["rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0],
                    false
                ),
                ("qwen3", ["rope_type": "yarn", "factor": 4.0], true),
                ("qwen3", ["rope_type": "yarn", "factor": 4.0, "beta_fast": 4.0], false),
                ("llama", ["rope_type": "yarn", "factor": 4.0, "beta_slow": 0.5], false),
                ("llama", ["rope_type": "yarn", "factor": 4.0, "truncate": false], false),
                (
                    "llama",
                    [
                        "rope_type": "longrope", "short_factor": [1, 1.5, 2, 2, 3, 3, 4, 5],
                        "long_factor": [1, 1.5, 2, 2, 3, 3, 4, 5], "attention_factor": 1.2,
                    ], true
                ),
                ("llama", ["rope_type": "yarn", "factor": 1.0, "truncate": false, "attention_factor": 1.5], true),
            ] as [(String, JSONValue, Bool)])
        func scalings(_ family: String, _ scaling: JSONValue, _ isWritten: Bool) throws {
            let scratch = try Scratch()
            var rope = try #require(scaling.objectValue)
            rope["rope_theta"] = 10000.0
            rope["original_max_position_embeddings"] = 32
            let files = try Fixture.random(Fixture.configuration(family, rope: .object(rope)), in: scratch)
            #expect(try refused(files).contains("gguf") == !isWritten)
            guard isWritten else { return }
            let job = ExportJob(
                base: files, adapter: nil, probes: try Probes(tokenizer: nil, config: files.description.config))
            let summary = try job.exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: nil)
            #expect(summary.proof.exported.largest <= 1e-4)
        }

        @Test("and weights with scales apart are no obstacle")
        func scaledWeights() throws {
            let found = try refused(ModelFiles.open(directory: Fixture.root + "/qwen3-moe-fp8"))
            #expect(found == [])
        }

        @Test("and a long window that llama.cpp ignores is said, a short one refused")
        func windows() throws {
            let scratch = try Scratch()
            try FileManager.default.copyItem(atPath: Fixture.root + "/mistral", toPath: scratch("m"))
            #expect(try refused(ModelFiles.open(directory: scratch("m"))).contains("gguf"))
            let config = scratch("m/config.json")
            let text = try String(contentsOfFile: config, encoding: .utf8)
            try text.replacing("\"sliding_window\": 9", with: "\"sliding_window\": 4096").write(
                toFile: config, atomically: true, encoding: .utf8)
            let files = try ModelFiles.open(directory: scratch("m"))
            #expect(try refused(files) == [])
            #expect(Exportability.runtimeNote(files)?.contains("4096") == true)
        }
    }
}
