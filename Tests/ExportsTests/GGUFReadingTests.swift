import Adapters
import Diagnostics
import Exports
import Foundation
import Kernels
import Models
import OrderedJSON
import Tensors
import Testing
import Tokenizers
import WeightFiles

extension ExportsTests {
    @Suite("Reading GGUF models")
    struct GGUFReadingTests {
        @Test(
            "agrees with llama.cpp's log-probabilities",
            arguments: ["llama2", "llama3", "qwen2", "qwen3", "qwen3_moe", "mixtral", "olmo2", "smollm3", "granite"])
        func architectures(_ name: String) throws {
            guard let folder = sharedFolder("assets/gguf_fixtures/architectures") else { return }
            let model = Transformer(try ModelFiles.open(gguf: "\(folder)/\(name).gguf"))
            let lines = try String(contentsOfFile: "\(folder)/\(name).logprobs.jsonl", encoding: .utf8).split(
                separator: "\n")
            var largest = 0.0
            for line in lines {
                let row = try JSONValue(parsing: String(line))
                let ids = try #require(row["ids"]?.arrayValue).compactMap { $0.intValue.map { Int32($0) } }
                let expected = try #require(row["logprobs"]?.arrayValue).compactMap(\.doubleValue)
                let found = model.logProbabilities([ids], precision: .f32)[0]
                #expect(found.count == expected.count)
                for (a, b) in zip(found, expected) { largest = max(largest, abs(Double(a) - b)) }
            }
            #expect(lines.count == 9 && largest < 1e-3, "\(name): \(largest)")
            print("\(name).gguf: largest |Δ log p| against llama.cpp \(largest)")
        }

        /// Mistral Small 3 has the architecture of Ministral 3, whose queries grow, and is another family.
        @Test("keeps a file's own architecture where it stands for two families")
        func ministral() throws {
            let scratch = try Scratch()
            let fixture = try Fixture("ministral3")
            _ = try fixture.job(without: true).exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: nil)
            try copyGGUF(scratch("m.gguf"), to: scratch("s.gguf")) {
                $0["mistral3.attention.temperature_scale"] = nil
            }
            let small = try ModelFiles.open(gguf: scratch("s.gguf"))
            #expect(small.description.config.family == "mistral" && small.ggufArchitecture?.name == "mistral3")
            let job = try Fixture.job(small, LoRASettings(), in: scratch)
            _ = try job.exportGGUFLoRA(to: scratch("a.gguf"))
            let adapter = try GGUFFile.open(scratch("a.gguf"))
            #expect(adapter.metadata["general.architecture"]?.stringValue == "mistral3")
        }

        @Test("refuses divisors of frequencies that are not one a pair, factors and widths that are no numbers")
        func lies() throws {
            let scratch = try Scratch()
            for (name, changes) in [("llama", [:]), ("deepseek-v3", ["\"mscale\": 1.0": "\"mscale\": 0.7"])] {
                let files = try ModelFiles.open(directory: Fixture.edited(name, changes, in: scratch))
                let job = ExportJob(
                    base: files, adapter: nil, probes: try Probes(tokenizer: nil, config: files.description.config))
                _ = try job.exportGGUF(to: scratch(name + ".gguf"), quantize: .f32, tokenizer: nil)
            }
            try copyGGUF(scratch("llama.gguf"), to: scratch("one.gguf"), adding: ["rope_freqs.weight"]) { _ in }
            try copyGGUF(scratch("llama.gguf"), to: scratch("factor.gguf")) {
                $0["llama.rope.scaling.attn_factor"] = .float32(.nan)
            }
            try copyGGUF(scratch("deepseek-v3.gguf"), to: scratch("width.gguf")) {
                $0["deepseek2.attention.key_length_mla"] = .int64(.max)
                $0["deepseek2.rope.dimension_count"] = .int64(-1)
            }
            try copyGGUF(scratch("llama.gguf"), to: scratch("both.gguf"), adding: ["rope_freqs.weight"]) {
                $0["llama.rope.scaling.factor"] = .float32(2)
            }
            try copyGGUF(scratch("llama.gguf"), to: scratch("louder.gguf")) {
                $0["llama.rope.scaling.attn_factor"] = .float32(1.5)
            }
            try copyGGUF(scratch("llama.gguf"), to: scratch("ahead.gguf")) {
                $0["llama.attention.causal"] = .bool(false)
            }
            let joint = ["blk.0.attn_qkv.weight", "blk.1.ffn_gate_up_exps.weight"]
            try copyGGUF(scratch("llama.gguf"), to: scratch("joint.gguf"), adding: joint) { _ in }
            for (file, word) in [
                ("one", "rope_freqs"), ("factor", "attn_factor"), ("width", "head_count"), ("both", "beside"),
                ("louder", "attn_factor"), ("ahead", "looks ahead"), ("joint", "--fuse-qkv"),
                ("joint", "--fuse-gate-up-exps"),
            ] {
                let problems = #expect(throws: Problems.self) { try ModelFiles.open(gguf: scratch(file + ".gguf")) }
                #expect(problems?.description.contains(word) == true, "\(problems?.description ?? "")")
            }
        }

        @Test("takes a factor without a type to be linear, and knows its older key, as llama.cpp does")
        func untyped() throws {
            let scratch = try Scratch()
            let files = try Fixture.random(
                Fixture.configuration("qwen2", rope: ["rope_type": "default", "rope_theta": 1e4]), in: scratch)
            let job = ExportJob(
                base: files, adapter: nil, probes: try Probes(tokenizer: nil, config: files.description.config))
            _ = try job.exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: nil)
            func scaling(_ change: (inout GGUFMetadata) -> Void) throws -> RotaryConfig.Scaling? {
                try copyGGUF(scratch("m.gguf"), to: scratch("s.gguf"), change)
                return try ModelFiles.open(gguf: scratch("s.gguf")).description.config.rotaries.first?.scaling
            }
            #expect(try scaling { $0["qwen2.rope.scaling.factor"] = .float32(4) } == .linear(factor: 4))
            #expect(try scaling { $0["qwen2.rope.scale_linear"] = .float32(4) } == .linear(factor: 4))
            let none = try scaling {
                $0["qwen2.rope.scaling.factor"] = .float32(4)
                $0["qwen2.rope.scaling.type"] = .string("none")
            }
            #expect(try none == RotaryConfig.Scaling.none && scaling { _ in } == RotaryConfig.Scaling.none)
        }

        @Test("takes no notice of where YaRN's ramp is said to be where llama.cpp does not either")
        func ramp() throws {
            let scratch = try Scratch()
            let rope: JSONValue = [
                "rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 32,
            ]
            let files = try Fixture.random(Fixture.configuration("qwen2", rope: rope), in: scratch)
            let job = ExportJob(
                base: files, adapter: nil, probes: try Probes(tokenizer: nil, config: files.description.config))
            _ = try job.exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: nil)
            try copyGGUF(scratch("m.gguf"), to: scratch("s.gguf")) {
                $0["qwen2.rope.scaling.yarn_beta_fast"] = .float32(3)
            }
            #expect(try ModelFiles.open(gguf: scratch("s.gguf")).description.config == files.description.config)
        }

        @Test("knows Gemma 3 as Ollama's own conversions have it, with the tower for pictures in the same file")
        func ollamaGemma() throws {
            let scratch = try Scratch()
            let rope: JSONValue = [
                "full_attention": ["rope_type": "default", "rope_theta": 1e5],
                "sliding_attention": ["rope_type": "default", "rope_theta": 5000.0],
            ]
            let files = try Fixture.random(Fixture.configuration("gemma3_text", rope: rope), in: scratch)
            let job = ExportJob(
                base: files, adapter: nil, probes: try Probes(tokenizer: nil, config: files.description.config))
            _ = try job.exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: nil)
            try copyGGUF(scratch("m.gguf"), to: scratch("o.gguf"), adding: ["v.patch_embedding.bias", "mm.x.weight"]) {
                for (old, new) in [("freq_base_swa", "local.freq_base"), ("freq_base", "global.freq_base")] {
                    $0["gemma3.rope.\(new)"] = $0["gemma3.rope.\(old)"]
                    $0["gemma3.rope.\(old)"] = nil
                }
            }
            let (own, theirs) = (
                try ModelFiles.open(gguf: scratch("m.gguf")), try ModelFiles.open(gguf: scratch("o.gguf"))
            )
            #expect(own.description.config == theirs.description.config)
            let ids: [Int32] = [1, 5, 9, 2, 60, 33]
            #expect(
                Transformer(own).logProbabilities([ids], precision: .f32)
                    == Transformer(theirs).logProbabilities([ids], precision: .f32))
            // The published models with pictures scale their rotation, and do not say so.
            try copyGGUF(scratch("m.gguf"), to: scratch("p.gguf"), adding: ["v.patch_embedding.bias"]) {
                $0["gemma3.rope.freq_base"] = nil
                $0["gemma3.mm.tokens_per_image"] = .uint32(256)
                $0["gemma3.rope.scaling.type"] = nil
            }
            let rotary = try ModelFiles.open(gguf: scratch("p.gguf")).description.config.rotaries[0]
            #expect(rotary.theta == 1e6 && rotary.scaling == .linear(factor: 8))
        }

        @Test(
            "agrees with the safetensors it was made from",
            arguments: [("stories260K-f32", 1e-5), ("stories260K-F16", 0.05), ("stories260K-Q8_0", 0.3)])
        func stories(_ name: String, bound: Double) throws {
            guard let folder = sharedFolder("assets") else { return }
            let files = try ModelFiles.open(gguf: "\(folder)/gguf_fixtures/models/\(name).gguf")
            let original = try ModelFiles.open(directory: "\(folder)/models/stories260K")
            #expect(files.description.config == original.description.config)
            let tokenizer = try Tokenizer.load(gguf: files.path)
            let own = try Tokenizer.load(directory: original.path)
            for text in ["Once upon a time", "  Lily's 2 dogs\nran – naïve", "Tim said: \"No!\""] {
                #expect(tokenizer.encode(text, addSpecialTokens: true) == own.encode(text, addSpecialTokens: true))
            }
            let probes = try Probes(tokenizer: own, config: original.description.config)
            let divergence = try Divergence.measure([Transformer(files)], from: Transformer(original), on: probes)[0]
            #expect(divergence.largest < bound && divergence.positions > 200, "\(name): \(divergence)")
        }
    }
}
