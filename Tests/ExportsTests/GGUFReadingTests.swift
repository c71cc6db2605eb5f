import Adapters
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
            let file = try GGUFFile.open(scratch("m.gguf"))
            var metadata = file.metadata
            metadata["mistral3.attention.temperature_scale"] = nil
            let declarations = file.weights.all.map { TensorDeclaration($0.name, shape: $0.shape, format: $0.format) }
            try GGUFWriter.write(to: scratch("s.gguf"), metadata: metadata, tensors: declarations) { tensor, sink in
                try sink(try #require(file.weights[tensor.name]).bytes)
            }
            let small = try ModelFiles.open(gguf: scratch("s.gguf"))
            #expect(small.description.config.family == "mistral" && small.ggufArchitecture?.name == "mistral3")
            let job = try Fixture.job(small, LoRASettings(), in: scratch)
            _ = try job.exportGGUFLoRA(to: scratch("a.gguf"))
            let adapter = try GGUFFile.open(scratch("a.gguf"))
            #expect(adapter.metadata["general.architecture"]?.stringValue == "mistral3")
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
