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
    @Suite("What stands in GGUF files")
    struct GGUFContainerTests {
        /// Another order of the tensors, and a tower for pictures, as files of other programs have them.
        @Test("from a GGUF base keep what Graft does not compute with, its order and its metadata")
        func container() throws {
            let scratch = try Scratch()
            let fixture = try Fixture("llama-3")
            _ = try fixture.job(without: true).exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: nil)
            let file = try GGUFFile.open(scratch("m.gguf"))
            var metadata = file.metadata
            metadata["llama.vision.block_count"] = .uint32(1)
            metadata["general.quantization_version"] = nil
            var declarations = file.weights.all.reversed().map {
                TensorDeclaration($0.name, shape: $0.shape, format: $0.format)
            }
            declarations.insert(TensorDeclaration("v.patch_embd.weight", shape: [2, 3], format: .element(.f16)), at: 2)
            try GGUFWriter.write(to: scratch("b.gguf"), metadata: metadata, tensors: declarations) { tensor, sink in
                try [UInt8](repeating: 7, count: tensor.byteCount).withUnsafeBytes { other in
                    try sink(file.weights[tensor.name]?.bytes ?? other)
                }
            }
            let base = try ModelFiles.open(gguf: scratch("b.gguf"))
            let job = ExportJob(
                base: base, adapter: try PEFTFiles.open(fixture.path + "/adapter", for: base),
                probes: try Probes(tokenizer: nil, config: base.description.config))
            for (name, quantize) in [("kept", nil), ("short", .bf16)] as [(String, GGUFQuantization?)] {
                _ = try job.exportGGUF(to: scratch(name), quantize: quantize, tokenizer: nil)
                let written = try GGUFFile.open(scratch(name))
                #expect(written.weights.names == declarations.map(\.name) && declarations[2].name.hasPrefix("v."))
                #expect(written.weights["v.patch_embd.weight"]?.bytes.allSatisfy { $0 == 7 } == true)
                #expect(quantize != nil || written.metadata == metadata)
                #expect(written.metadata["llama.vision.block_count"] == .uint32(1))
            }
        }

        @Test("say which matrices have another format than was asked for")
        func fallbacks() throws {
            let scratch = try Scratch()
            let job = try Fixture("qwen2").job(without: true)
            let summary = try job.exportGGUF(to: scratch("m.gguf"), quantize: .q4_k, tokenizer: nil)
            let own = try GGUFFile.open(scratch("m.gguf")).weights.all.filter { $0.shape.count > 1 }
            #expect(own.allSatisfy { $0.format != .element(.q4_k) })
            let told = summary.notes.compactMap { Int($0.prefix { $0 != " " }) }.reduce(0, +)
            #expect(told == own.count && summary.notes.allSatisfy { $0.contains("do not fill blocks of 256") })
            #expect(summary.manifest["notes"]?.arrayValue?.count == summary.notes.count)
            let whole = try job.exportGGUF(to: scratch("f.gguf"), quantize: .f16, tokenizer: nil)
            #expect(whole.notes.isEmpty && whole.manifest["notes"] == nil)
            // A table of positions stays in f32, as routers do, and is none of them.
            let gpt2 = try Fixture("gpt2").job(without: true)
            _ = try gpt2.exportGGUF(to: scratch("g.gguf"), quantize: .f16, tokenizer: nil)
            let held = try GGUFFile.open(scratch("g.gguf")).weights
            #expect(held["position_embd.weight"]?.format == .element(.f32))
            #expect(held["token_embd.weight"]?.format == .element(.f16))
        }

        @Test(
            "are refused where numbers are too large for the format", arguments: [GGUFQuantization.f16, .q8_0, .q4_0])
        func tooLarge(_ quantize: GGUFQuantization) throws {
            let scratch = try Scratch()
            let files = try Fixture.random(
                Fixture.configuration("llama", rope: ["rope_type": "default", "rope_theta": 1e4]), in: scratch)
            let declared = try #require(files.source).names.compactMap { name in
                files.source?[name].map { TensorDeclaration(name, shape: $0.shape, format: $0.format) }
            }
            // In a row that no built-in prompt reads, where predictions show nothing.
            let table = "model.embed_tokens.weight"
            let probes = try Probes(tokenizer: nil, config: files.description.config)
            let unread = try #require((0..<64).first { id in !probes.sequences.joined().contains(Int32(id)) })
            try FileManager.default.createDirectory(atPath: scratch("large"), withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: files.path + "/config.json", toPath: scratch("large/config.json"))
            try SafetensorsWriter.write(to: scratch("large/model.safetensors"), tensors: declared) { tensor, sink in
                var numbers = files.source?[tensor.name]?.floats() ?? []
                if tensor.name == table { numbers[unread * tensor.shape[1]] = 1e8 }
                try numbers.withUnsafeBytes { try sink($0) }
            }
            let job = ExportJob(base: try ModelFiles.open(directory: scratch("large")), adapter: nil, probes: probes)
            let problem = #expect(throws: Problem.self) {
                try job.exportGGUF(to: scratch("m.gguf"), quantize: quantize, tokenizer: nil)
            }
            #expect(problem?.message.contains("row \(unread) has numbers that are too large") == true)
            #expect(scratch.entries == ["large", "random"])
            _ = try job.exportGGUF(to: scratch("m.gguf"), quantize: .bf16, tokenizer: nil)
        }
    }
}
