import Adapters
import Diagnostics
import Exports
import Foundation
import Kernels
import Models
import OrderedJSON
import Tensors
import Testing
import WeightFiles

extension ExportsTests {
    @Suite("Adapter directories")
    struct AdapterExportTests {
        @Test("in PEFT's layout hold the same bytes", arguments: ["llama", "gpt2", "phi3", "gemma3-wrapped"])
        func peft(_ name: String) throws {
            let fixture = try Fixture(name)
            let scratch = try Scratch()
            let summary = try fixture.job().exportPEFT(to: scratch("peft"))
            #expect(summary.proof.exported.largest == 0)
            let before = try WeightStore.open(fixture.path + "/adapter/adapter_model.safetensors")
            let after = try WeightStore.open(scratch("peft/adapter_model.safetensors"))
            #expect(Set(before.names) == Set(after.names))
            for name in before.names { #expect(before[name]?.floats() == after[name]?.floats(), "\(name)") }
            let config = try JSONValue(contentsOfFile: scratch("peft/adapter_config.json"))
            let original = try JSONValue(contentsOfFile: fixture.path + "/adapter/adapter_config.json")
            for key in [
                "r", "lora_alpha", "target_modules", "use_rslora", "rank_pattern", "alpha_pattern", "task_type",
            ] {
                #expect(config[key] == original[key], "\(key)")
            }
        }

        @Test("for mlx-lm are transposed and share one rank and scale", arguments: ["llama", "qwen3", "phi3", "olmo2"])
        func mlx(_ name: String) throws {
            let fixture = try Fixture(name)
            let scratch = try Scratch()
            let summary = try fixture.job().exportMLX(to: scratch("mlx"))
            #expect(summary.proof.exported.largest < 1e-5)
            let store = try WeightStore.open(scratch("mlx/adapters.safetensors"))
            let q = try #require(store.names.first { $0.hasSuffix(".lora_a") })
            let rank = try #require(fixture.adapter.plan.specs.values.map(\.rank).max())
            #expect(store[q]?.shape.last == rank)
            let config = try JSONValue(contentsOfFile: scratch("mlx/adapter_config.json"))
            #expect(config["lora_parameters"]?["rank"]?.intValue == rank && config["fine_tune_type"] == "lora")
        }

        @Test("for mlx-lm pad ranks and bake scales that differ")
        func patterns() throws {
            let fixture = try Fixture("llama")
            let scratch = try Scratch()
            var settings = LoRASettings()
            settings.rank = 3
            settings.alpha = 6
            settings.useRSLoRA = true
            settings.targets = .names(["q_proj", "down_proj"])
            settings.rankPattern = [("down_proj", 5)]
            settings.alphaPattern = [("layers.1.self_attn.q_proj", 1)]
            settings.layers = [1]
            let job = try Fixture.job(fixture.files, settings, in: scratch)
            let summary = try job.exportMLX(to: scratch("mlx"))
            #expect(summary.proof.exported.largest < 1e-5)
            let config = try JSONValue(contentsOfFile: scratch("mlx/adapter_config.json"))
            #expect(config["num_layers"] == 1 && config["lora_parameters"]?["rank"] == 5)
        }

        @Test("are exact where one alpha is 0, by which llama.cpp would not scale at all")
        func withoutAlpha() throws {
            let fixture = try Fixture("llama")
            for (alpha, pattern) in [(0.0, 8.0), (8, 0)] {
                let scratch = try Scratch()
                var settings = LoRASettings()
                settings.alpha = alpha
                settings.targets = .names(["q_proj", "down_proj"])
                settings.alphaPattern = [("q_proj", pattern)]
                let job = try Fixture.job(fixture.files, settings, in: scratch)
                #expect(try job.exportMLX(to: scratch("mlx")).proof.exported.largest < 1e-5)
                #expect(try job.exportGGUFLoRA(to: scratch("a.gguf")).proof.exported.largest < 1e-5)
                let written = try GGUFFile.open(scratch("a.gguf")).metadata["adapter.lora.alpha"]?.doubleValue
                #expect(written ?? 0 > 0)
            }
        }

        @Test("keep sizes that overlapping patterns give, though PEFT's files are sorted")
        func overlappingPatterns() throws {
            let fixture = try Fixture("llama")
            let scratch = try Scratch()
            var settings = LoRASettings()
            settings.targets = .names(["q_proj", "down_proj"])
            settings.rankPattern = [("layers.1.mlp.down_proj", 5), ("down_proj", 3)]
            settings.alphaPattern = [("layers.0.*", 4), ("down_proj", 20)]
            let plan = try AdapterPlan(settings, for: fixture.files)
            let model = Transformer(fixture.files, mode: plan.mode)
            try PEFTFiles.write(model, config: PEFTConfig(settings: settings, baseModel: "llama"), to: scratch.path)
            #expect(try PEFTFiles.open(scratch.path, for: fixture.files).plan == plan)
        }

        @Test("for mlx-lm are refused where its names are unknown")
        func unknownNames() throws {
            let scratch = try Scratch()
            #expect(throws: Problem.self) { try Fixture("gpt2").job().exportMLX(to: scratch("mlx")) }
            #expect(scratch.entries.isEmpty)
        }
    }
}
