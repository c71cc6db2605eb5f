import Adapters
import Diagnostics
import Exports
import Foundation
import Kernels
import Models
import OrderedJSON
import Testing
import WeightFiles

extension ExportsTests {
    /// Families whose files hold all experts of a layer in one tensor, inputs first, where llama.cpp has gates and ups
    /// apart and outputs first.
    @Suite("Experts in one tensor")
    struct StackedExpertTests {
        /// Llama 4 as llama.cpp has it: chunks of 8192, every second layer a mixture, every fourth without rotation.
        private static let llama4: JSONValue = [
            "architectures": ["Llama4ForCausalLM"], "model_type": "llama4_text", "hidden_size": 32, "head_dim": 8,
            "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 4, "intermediate_size": 24,
            "intermediate_size_mlp": 40, "interleave_moe_layer_step": 2, "num_local_experts": 3,
            "num_experts_per_tok": 1, "vocab_size": 96, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
            "rope_theta": 10000.0, "tie_word_embeddings": false,
        ]

        /// gpt-oss with its own limit, and the ramp of its rotation between two dimensions.
        private static let gptOSS: JSONValue = [
            "architectures": ["GptOssForCausalLM"], "model_type": "gpt_oss", "hidden_size": 32, "head_dim": 8,
            "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 4, "intermediate_size": 24,
            "num_local_experts": 3, "num_experts_per_tok": 2, "vocab_size": 96, "max_position_embeddings": 64,
            "sliding_window": 6, "tie_word_embeddings": false,
            "rope_scaling": [
                "rope_type": "yarn", "factor": 4.0, "beta_fast": 4.0, "beta_slow": 1.0, "truncate": false,
                "original_max_position_embeddings": 16,
            ],
        ]

        private func job(_ name: String, _ scratch: Scratch) throws -> ExportJob {
            let files = try Fixture.random(name == "llama4" ? Self.llama4 : Self.gptOSS, in: scratch)
            var settings = LoRASettings()
            settings.rank = 3
            settings.targets = .names(["q_proj", "o_proj"])
            settings.parameters = ["experts.gate_up_proj", "experts.down_proj"]
            return try Fixture.job(files, settings, in: scratch)
        }

        @Test("go to GGUF and back, merged and beside the base", arguments: ["llama4", "gpt-oss"])
        func gguf(_ name: String) throws {
            let scratch = try Scratch()
            let job = try job(name, scratch)
            let merged = try job.exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: nil)
            #expect(merged.proof.exported.largest <= 1e-4 && merged.proof.effect?.kl ?? 0 > 1e-3)
            let lora = try job.exportGGUFLoRA(to: scratch("a.gguf"))
            #expect(lora.proof.exported.largest <= 1e-4)
            // The whole delta of one expert's gate, in llama.cpp's order: what merging has added.
            let plain = ExportJob(base: job.base, adapter: nil, probes: job.probes)
            _ = try plain.exportGGUF(to: scratch("b.gguf"), quantize: .f32, tokenizer: nil)
            for word in ["gate", "up", "down"] {
                let tensor = "blk.1.ffn_\(word)_exps.weight"
                let file = try GGUFFile.open(scratch("a.gguf"))
                let (a, b) = (
                    try #require(file.weights[tensor + ".lora_a"]), try #require(file.weights[tensor + ".lora_b"])
                )
                let (x, y) = (try #require(a.floats()), try #require(b.floats()))
                let after = try #require(try GGUFFile.open(scratch("m.gguf")).weights[tensor]?.floats())
                let base = try #require(try GGUFFile.open(scratch("b.gguf")).weights[tensor])
                let before = try #require(base.floats())
                let (experts, outputs, inputs, rank) = (base.shape[0], base.shape[1], base.shape[2], a.shape[1])
                let scale = Float(try #require(file.metadata["adapter.lora.alpha"]?.doubleValue)) / Float(rank)
                var (largest, size) = (Float(0), Float(0))
                for expert in 0..<experts {
                    for row in 0..<outputs {
                        for column in 0..<inputs {
                            let at = (expert * outputs + row) * inputs + column
                            let sum = (0..<rank).reduce(Float(0)) { sum, r in
                                sum + y[(expert * outputs + row) * rank + r] * x[(expert * rank + r) * inputs + column]
                            }
                            largest = max(largest, abs(after[at] - before[at] - sum * scale))
                            size = max(size, abs(after[at] - before[at]))
                        }
                    }
                }
                #expect(largest < 1e-5 * max(1, size) && size > 1e-3, "\(tensor): \(largest) of \(size)")
            }
            // From GGUF as the base, where they lie outputs first: trained adapters have PEFT's names and shapes.
            let again = try ModelFiles.open(gguf: scratch("b.gguf"))
            let onto = ExportJob(
                base: again, adapter: try PEFTFiles.open(scratch("adapter"), for: again), probes: job.probes)
            let same = try onto.exportGGUF(to: scratch("n.gguf"), quantize: nil, tokenizer: nil)
            #expect(same.proof.exported.largest <= 1e-4 && same.proof.effect?.kl ?? 0 > 1e-3)
            let (once, twice) = (
                try GGUFFile.open(scratch("m.gguf")).weights, try GGUFFile.open(scratch("n.gguf")).weights
            )
            for tensor in once.all {
                let other = try #require(twice[tensor.name]?.floats())
                let worst = zip(try #require(tensor.floats()), other).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
                #expect(worst < 1e-5, "\(tensor.name): \(worst)")
            }
        }

        @Test("are refused for mlx-lm, which has no such modules", arguments: ["llama4", "gpt-oss"])
        func mlxRefused(_ name: String) throws {
            let scratch = try Scratch()
            let job = try job(name, scratch)
            #expect(throws: (any Error).self) { try job.exportMLX(to: scratch("mlx")) }
            #expect(!scratch.entries.contains("mlx"))
        }

        @Test("of 4-bit floats stay what they are")
        func fourBits() throws {
            let scratch = try Scratch()
            let changes = ["\"swiglu_limit\": 1.5": "\"swiglu_limit\": 7.0"]
            let files = try ModelFiles.open(directory: Fixture.edited("gpt-oss-mxfp4", changes, in: scratch))
            let job = ExportJob(
                base: files, adapter: nil, probes: try Probes(tokenizer: nil, config: files.description.config))
            let summary = try job.exportGGUF(to: scratch("q.gguf"), quantize: nil, tokenizer: nil)
            _ = try job.exportGGUF(to: scratch("f.gguf"), quantize: .f32, tokenizer: nil)
            #expect(summary.proof.exported.largest <= 1e-4)
            let (packed, plain) = (try GGUFFile.open(scratch("q.gguf")), try GGUFFile.open(scratch("f.gguf")))
            #expect(packed.metadata["general.file_type"]?.intValue == 38)
            for word in ["gate", "up", "down"] {
                let name = "blk.1.ffn_\(word)_exps.weight"
                #expect(packed.weights[name]?.format == .element(.mxfp4))
                #expect(try #require(packed.weights[name]?.floats()) == plain.weights[name]?.floats())
            }
            // Where an adapter is merged in they become 16-bit floats, the others stay.
            var settings = LoRASettings()
            settings.rank = 2
            settings.targets = .names([])
            settings.parameters = ["layers.1.mlp.experts.down_proj"]
            let adapted = try Fixture.job(files, settings, in: scratch)
            _ = try adapted.exportGGUF(to: scratch("m.gguf"), quantize: nil, tokenizer: nil)
            let merged = try GGUFFile.open(scratch("m.gguf")).weights
            #expect(merged["blk.1.ffn_down_exps.weight"]?.format == .element(.bf16))
            #expect(merged["blk.0.ffn_down_exps.weight"]?.format == .element(.mxfp4))
        }

        @Test("need room on the disk, which is looked for first")
        func room() throws {
            let scratch = try Scratch()
            let job = try job("gpt-oss", scratch)
            let before = scratch.entries
            job.meter.freeSpace = { _ in 1000 }
            for attempt in [
                { _ = try job.merge(to: scratch("m"), dtype: nil) },
                { _ = try job.exportGGUF(to: scratch("m.gguf"), quantize: .f16, tokenizer: nil) },
            ] {
                let failure = #expect(throws: RunFailure.self) { try attempt() }
                #expect(failure?.message.contains("free") == true && scratch.entries == before)
            }
            // What is quantised is compared with the base quantised alike, which stands beside it for a while.
            let plain = ExportJob(base: job.base, adapter: nil, probes: job.probes)
            _ = try plain.exportGGUF(to: scratch("p.gguf"), quantize: .q4_0, tokenizer: nil)
            let size = try FileManager.default.attributesOfItem(atPath: scratch("p.gguf"))[.size] as? Int ?? 0
            job.meter.freeSpace = { _ in size * 3 / 2 }
            let second = #expect(throws: RunFailure.self) {
                try job.exportGGUF(to: scratch("m.gguf"), quantize: .q4_0, tokenizer: nil)
            }
            #expect(second?.message.contains("second file") == true)
        }

        @Test("with adapters on what chooses them go to GGUF, not to mlx-lm", arguments: ["qwen3-moe", "mixtral"])
        func routers(_ name: String) throws {
            let fixture = try Fixture(name)
            let scratch = try Scratch()
            var settings = LoRASettings()
            settings.rank = 2
            settings.targets = .names(["o_proj"])
            settings.parameters = ["gate.weight"]
            let job = try Fixture.job(fixture.files, settings, in: scratch)
            let lora = try job.exportGGUFLoRA(to: scratch("a.gguf"))
            #expect(lora.proof.exported.largest <= 1e-4 && lora.proof.effect?.kl ?? 0 > 1e-4)
            #expect(try GGUFFile.open(scratch("a.gguf")).weights["blk.1.ffn_gate_inp.weight.lora_b"] != nil)
            let problem = #expect(throws: Problem.self) { try job.exportMLX(to: scratch("mlx")) }
            #expect(problem?.message.contains("chooses experts") == true)
        }

        @Test(
            "or in modules of their own go to mlx-lm's stacks",
            arguments: ["mixtral", "mixtral-fused", "qwen2-moe", "qwen3-moe", "qwen3-moe-fused", "granite-moe"])
        func mlx(_ name: String) throws {
            let fixture = try Fixture(name)
            let scratch = try Scratch()
            var settings = LoRASettings()
            settings.rank = 3
            settings.rankPattern = [("o_proj", 5)]
            settings.alphaPattern = [("o_proj", 7)]
            settings.targets = .names(["q_proj", "o_proj"])
            settings.parameters = ["experts.gate_up_proj", "experts.down_proj"]
            let told = Exportability.all(fixture.files, try AdapterPlan(settings, for: fixture.files))
            #expect(told.first { $0.target == "mlx" }?.problems.isEmpty == true)
            let job = try Fixture.job(fixture.files, settings, in: scratch)
            let summary = try job.exportMLX(to: scratch("mlx"))
            #expect(summary.proof.exported.largest <= 1e-4 && summary.proof.effect?.kl ?? 0 > 1e-3)
            let store = try WeightStore.open(scratch("mlx/adapters.safetensors"))
            let block = ["mixtral", "granite-moe"].contains { name.hasPrefix($0) } ? "block_sparse_moe" : "mlp"
            let down = try #require(store["model.layers.1.\(block).switch_mlp.down_proj.lora_b"])
            guard case .experts(let experts)? = fixture.files.description.config.layers.last?.feedForward else {
                Issue.record("\(name) is no mixture")
                return
            }
            #expect(down.shape == [experts.count, fixture.files.description.config.hiddenSize, 5])
            let config = try JSONValue(contentsOfFile: scratch("mlx/adapter_config.json"))
            #expect(
                config["lora_parameters"]?["keys"] == [
                    .string("\(block).switch_mlp.down_proj"), .string("\(block).switch_mlp.gate_proj"),
                    .string("\(block).switch_mlp.up_proj"), "self_attn.o_proj", "self_attn.q_proj",
                ])
        }
    }
}
