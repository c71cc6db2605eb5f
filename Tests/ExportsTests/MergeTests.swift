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
    @Suite("Merging")
    struct MergeTests {
        @Test("gives a directory that predicts as PyTorch with the adapter does", arguments: Fixture.names)
        func agrees(_ name: String) throws {
            let fixture = try Fixture(name)
            let scratch = try Scratch()
            let summary = try fixture.job().merge(to: scratch("merged"), dtype: .f32)
            let effect = try #require(summary.proof.effect)
            #expect(summary.proof.exported.largest <= 1e-4 && effect.largest > 1e-3, "\(name): \(summary.proof)")
            let files = try ModelFiles.open(directory: scratch("merged"))
            #expect(Set(files.source?.names ?? []) == Set(fixture.files.source?.names ?? []))
            let difference = try fixture.difference(Transformer(files))
            #expect(difference < 1e-3, "\(name): log-probabilities differ from PyTorch's by \(difference)")
            #expect(scratch.entries == ["merged"])
        }

        @Test(
            "to 16 bits keeps to its bound, names the type and carries the rest along",
            arguments: [PlainFormat.bf16, .f16])
        func rounds(_ dtype: PlainFormat) throws {
            let fixture = try Fixture("llama")
            let scratch = try Scratch()
            let summary = try fixture.job().merge(to: scratch("merged"), dtype: dtype)
            let effect = try #require(summary.proof.effect)
            #expect(summary.proof.exported.kl <= 0.02 * effect.kl && summary.proof.exported.kl > 0)
            let config = try JSONValue(contentsOfFile: scratch("merged/config.json"))
            #expect(config["torch_dtype"]?.stringValue == (dtype == .bf16 ? "bfloat16" : "float16"))
            #expect(config["hidden_size"] == 48)
            let manifest = try JSONValue(contentsOfFile: scratch("merged/graft_export.json"))
            #expect(manifest["files"]?["model.safetensors"]?.stringValue?.hasPrefix("sha256:") == true)
            #expect(manifest["proof"]?["bounds"]?[0]?["limit"] != nil && manifest["base"]?["hash"] != nil)
        }

        @Test(
            "of weights with scales apart writes plain ones that predict as PyTorch with the adapter does",
            arguments: ["qwen3-moe-fp8", "deepseek-v3-fp8", "gpt-oss-mxfp4"])
        func scaled(_ name: String) throws {
            let fixture = try Fixture(name)
            let scratch = try Scratch()
            let summary = try fixture.job().merge(to: scratch("merged"), dtype: .f32)
            #expect(summary.proof.exported.largest <= 1e-4)
            let files = try ModelFiles.open(directory: scratch("merged"))
            #expect(files.scaled.isEmpty && files.ignored.isEmpty)
            let difference = try fixture.difference(Transformer(files))
            #expect(difference < 1e-3, "\(name): log-probabilities differ from PyTorch's by \(difference)")
            // Unless said otherwise in 16 bits, and config.json no longer says that they are quantised.
            let short = try fixture.job().merge(to: scratch("short"), dtype: nil)
            #expect(short.manifest["dtype"] == "bf16" && short.proof.bounds.allSatisfy(\.holds))
            let config = try JSONValue(contentsOfFile: scratch("short/config.json"))
            #expect(config["quantization_config"] == nil && config["torch_dtype"] == "bfloat16")
        }

        @Test("of 8-bit floats into a GGUF file predicts as PyTorch with the adapter does")
        func scaledGGUF() throws {
            let fixture = try Fixture("qwen3-moe-fp8")
            let scratch = try Scratch()
            _ = try fixture.job().exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: nil)
            let difference = try fixture.difference(Transformer(try ModelFiles.open(gguf: scratch("m.gguf"))))
            #expect(difference < 1e-3, "log-probabilities differ from PyTorch's by \(difference)")
        }

        @Test("of an adapter that changes nothing fails and leaves nothing")
        func refusesNoOp() throws {
            let fixture = try Fixture("llama")
            let scratch = try Scratch()
            let model = Transformer(fixture.files, mode: fixture.adapter.plan.mode)
            fixture.adapter.load(into: model)
            for adapter in model.adapters { adapter.bValue.clear() }
            try FileManager.default.createDirectory(atPath: scratch("zero"), withIntermediateDirectories: true)
            try PEFTFiles.write(model, config: fixture.adapter.config, to: scratch("zero"))
            let job = ExportJob(
                base: fixture.files, adapter: try PEFTFiles.open(scratch("zero"), for: fixture.files),
                probes: try Probes(tokenizer: nil, config: fixture.files.description.config))
            let nothing = #expect(throws: ProofFailure.self) { try job.merge(to: scratch("merged"), dtype: nil) }
            #expect(nothing?.message.contains("changes nothing") == true && scratch.entries == ["zero"])
            // One that changes too much: its numbers overflow.
            for adapter in model.adapters { adapter.bValue.floats[0] = .greatestFiniteMagnitude }
            try PEFTFiles.write(model, config: fixture.adapter.config, to: scratch("zero"))
            let endless = ExportJob(
                base: fixture.files, adapter: try PEFTFiles.open(scratch("zero"), for: fixture.files),
                probes: job.probes)
            let failure = #expect(throws: ProofFailure.self) { try endless.merge(to: scratch("merged"), dtype: nil) }
            #expect(failure?.message.contains("no number") == true && scratch.entries == ["zero"])
        }

        @Test("refuses a place that exists")
        func refusesExisting() throws {
            let fixture = try Fixture("llama")
            let scratch = try Scratch()
            #expect(throws: Problem.self) { try fixture.job().merge(to: scratch.path, dtype: nil) }
        }

        @Test("that lost the adapter, or a part of it, would not pass")
        func catchesLoss() throws {
            let fixture = try Fixture("qwen2")
            let base = Transformer(fixture.files)
            let memory = Transformer(fixture.files, mode: fixture.adapter.plan.mode)
            fixture.adapter.load(into: memory)
            let part = Transformer(fixture.files, mode: fixture.adapter.plan.mode)
            fixture.adapter.load(into: part)
            part.adapters.last?.bValue.clear()
            let readBack = ReadBack(
                base: base, memory: memory, probes: try Probes(tokenizer: nil, config: fixture.files.description.config)
            )
            for (model, exactness) in [
                (base, Proof.Exactness.exact), (base, .rounded), (part, .exact), (part, .rounded),
            ] {
                #expect(throws: ProofFailure.self) { try readBack.prove(model, exactness) }
            }
            _ = try readBack.prove(memory, .exact)
        }

        @Test("of a base that is written into meanwhile leaves nothing")
        func changedBase() throws {
            let scratch = try Scratch()
            try FileManager.default.copyItem(atPath: Fixture.root + "/llama", toPath: scratch("base"))
            let files = try ModelFiles.open(directory: scratch("base"))
            let job = ExportJob(
                base: files, adapter: try PEFTFiles.open(scratch("base/adapter"), for: files),
                probes: try Probes(tokenizer: nil, config: files.description.config)
            ) { step in
                guard step == "reading back" else { return }
                let handle = try #require(FileHandle(forUpdatingAtPath: scratch("base/model.safetensors")))
                try handle.write(contentsOf: Data([0]))
                try handle.close()
            }
            let failure = #expect(throws: RunFailure.self) { try job.merge(to: scratch("merged"), dtype: nil) }
            #expect(failure?.message.contains("was changed while") == true && scratch.entries == ["base"])
        }

        @Test("is interrupted without a trace")
        func interrupted() throws {
            struct Stop: Error {}
            let fixture = try Fixture("llama")
            let scratch = try Scratch()
            let job = ExportJob(
                base: fixture.files, adapter: fixture.adapter,
                probes: try Probes(tokenizer: nil, config: fixture.files.description.config)
            ) { step in if step.hasPrefix("writing the weights: 4") { throw Stop() } }
            job.meter.interval = .zero
            // Of a process that was killed (there is none of such a number), and of one that is alive.
            for left in ["merged.partial-4194309", "merged.partial-1"] {
                try FileManager.default.createDirectory(atPath: scratch(left), withIntermediateDirectories: true)
            }
            #expect(throws: Stop.self) { try job.merge(to: scratch("merged"), dtype: nil) }
            #expect(scratch.entries == ["merged.partial-1"])
            try FileManager.default.removeItem(atPath: scratch("merged.partial-1"))
            for place in ["merged", "new/folders/merged"] {
                #expect(throws: Stop.self) { try job.merge(to: scratch(place), dtype: nil) }
                #expect(scratch.entries.isEmpty)
            }
        }
    }
}
