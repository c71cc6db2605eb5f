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
    @Suite("GGUF files")
    struct GGUFExportTests {
        static let names = [
            "llama", "llama-3", "qwen2", "qwen3", "olmo2", "granite", "mixtral", "qwen3-moe", "phi3-long",
            "gpt-neox",
        ]

        @Test("with the adapter merged predict as PyTorch does", arguments: names)
        func merged(_ name: String) throws {
            let fixture = try Fixture(name)
            let scratch = try Scratch()
            let summary = try fixture.job().exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: nil)
            #expect(summary.proof.exported.largest <= 1e-4)
            let difference = try fixture.difference(Transformer(try ModelFiles.open(gguf: scratch("m.gguf"))))
            #expect(difference < 1e-3, "\(name): log-probabilities differ from PyTorch's by \(difference)")
            #expect(scratch.entries == ["m.gguf", "m.gguf.graft_export.json"])
        }

        @Test("of the adapter alone predict as PyTorch does", arguments: names)
        func lora(_ name: String) throws {
            let fixture = try Fixture(name)
            let scratch = try Scratch()
            let summary = try fixture.job().exportGGUFLoRA(to: scratch("a.gguf"))
            #expect(summary.proof.exported.largest <= 1e-4)
            let file = try GGUFFile.open(scratch("a.gguf"))
            #expect(file.metadata["general.type"]?.stringValue == "adapter")
            let joined = file.weights.names.contains { $0.contains("attn_qkv") }
            let first = "blk.0.attn_" + (joined ? "qkv" : "q") + ".weight"
            #expect(file.weights[first + ".lora_a"] != nil && file.weights[first + ".lora_b"] != nil)
        }

        /// Reading back undoes the order of rows that writing made; the merged matrices, whose order is the converter's, do not.
        @Test("of the adapter alone add what merging adds", arguments: names)
        func sameDelta(_ name: String) throws {
            let fixture = try Fixture(name)
            let scratch = try Scratch()
            _ = try fixture.job().exportGGUFLoRA(to: scratch("a.gguf"))
            _ = try fixture.job().exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: nil)
            _ = try fixture.job(without: true).exportGGUF(to: scratch("b.gguf"), quantize: .f32, tokenizer: nil)
            let file = try GGUFFile.open(scratch("a.gguf"))
            let (lora, merged, base) = (
                file.weights, try GGUFFile.open(scratch("m.gguf")).weights, try GGUFFile.open(scratch("b.gguf")).weights
            )
            let alpha = try #require(file.metadata["adapter.lora.alpha"]?.doubleValue)
            let all = Set(lora.names.map { String($0.dropLast(".lora_a".count)) })
            let telling = ["blk.0.attn_q", "blk.1.attn_k", "blk.0.attn_qkv", "blk.1.ffn_down"].map { $0 + ".weight" }
            for tensor in telling where all.contains(tensor) {
                let (a, b) = (try #require(lora[tensor + ".lora_a"]), try #require(lora[tensor + ".lora_b"]))
                let (x, y) = (try #require(a.floats()), try #require(b.floats()))
                let (after, before) = (try #require(merged[tensor]?.floats()), try #require(base[tensor]?.floats()))
                var (largest, size) = (Float(0), Float(0))
                for row in 0..<b.rows {
                    for column in 0..<a.columns {
                        var sum: Float = 0
                        for r in 0..<a.rows { sum += y[row * b.columns + r] * x[r * a.columns + column] }
                        let at = row * a.columns + column
                        largest = max(largest, abs(after[at] - before[at] - sum * Float(alpha) / Float(a.rows)))
                        size = max(size, abs(after[at] - before[at]))
                    }
                }
                #expect(largest < 1e-5 * max(1, size) && size > 1e-3, "\(tensor): \(largest) of \(size)")
            }
        }

        @Test(
            "are refused for models that llama.cpp runs otherwise",
            arguments: ["cohere", "gpt2", "qwen2-window", "phi3", "gemma2"])
        func refused(_ name: String) throws {
            let scratch = try Scratch()
            #expect(throws: (any Error).self) {
                try Fixture(name).job().exportGGUF(to: scratch("m.gguf"), quantize: nil, tokenizer: nil)
            }
            #expect(scratch.entries.isEmpty)
        }

        @Test("of stories260K hold what llama.cpp's converter writes")
        func likeConverter() throws {
            guard let folder = sharedFolder("assets") else { return }
            let scratch = try Scratch()
            let files = try ModelFiles.open(directory: folder + "/models/stories260K")
            let tokenizer = try Tokenizer.load(directory: files.path)
            let job = ExportJob(
                base: files, adapter: nil, probes: try Probes(tokenizer: tokenizer, config: files.description.config))
            _ = try job.exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: tokenizer)
            let ours = try GGUFFile.open(scratch("m.gguf"))
            let theirs = try GGUFFile.open(folder + "/gguf_fixtures/models/stories260K-f32.gguf")
            #expect(Set(ours.weights.names) == Set(theirs.weights.names))
            for tensor in theirs.weights.all {
                let own = try #require(ours.weights[tensor.name])
                #expect(own.shape == tensor.shape && own.bytes.elementsEqual(tensor.bytes), "\(tensor.name)")
            }
            // Scores are ranks of merges here and SentencePiece's own there; what they do is compared by ids.
            let different = [
                "tokenizer.ggml.scores", "tokenizer.ggml.add_sep_token", "tokenizer.ggml.add_space_prefix",
            ]
            for key in theirs.metadata.keys where !different.contains(key) {
                #expect(ours.metadata[key] == theirs.metadata[key], "\(key): \(String(describing: ours.metadata[key]))")
            }
        }

        @Test(
            "that are quantised are as near as the base quantised the same way",
            arguments: [GGUFQuantization.f16, .bf16, .q8_0, .q6_k, .q5_k, .q4_k, .q4_0])
        func quantised(_ quantize: GGUFQuantization) throws {
            guard let folder = sharedFolder("assets/models/stories260K-pad256") else { return }
            let scratch = try Scratch()
            let files = try ModelFiles.open(directory: folder)
            let tokenizer = try Tokenizer.load(directory: folder)
            let job = try Self.trained(files, tokenizer, scratch)
            let summary = try job.exportGGUF(to: scratch("m.gguf"), quantize: quantize, tokenizer: tokenizer)
            let proof = summary.proof
            print(
                "\(quantize): KL \(proof.exported.kl), base \(proof.quantisation?.kl ?? 0), effect \(proof.effect?.kl ?? 0)"
            )
            #expect(proof.bounds.allSatisfy(\.holds) && proof.exported.kl > 0)
            // From that file as a base: merged again, the container stays.
            let again = try ModelFiles.open(gguf: scratch("m.gguf"))
            let base = ExportJob(base: again, adapter: nil, probes: job.probes)
            let copy = try base.exportGGUF(
                to: scratch("c.gguf"), quantize: nil, tokenizer: try Tokenizer.load(gguf: again.path))
            #expect(copy.proof.exported.largest == 0)
            let (a, b) = (try GGUFFile.open(scratch("m.gguf")), try GGUFFile.open(scratch("c.gguf")))
            for tensor in a.weights.all { #expect(b.weights[tensor.name]?.bytes.elementsEqual(tensor.bytes) == true) }
            #expect(a.metadata == b.metadata)
        }

        @Test("and a Modelfile make a directory for Ollama")
        func ollama() throws {
            guard let folder = sharedFolder("assets/models/stories260K") else { return }
            let scratch = try Scratch()
            let files = try ModelFiles.open(directory: folder)
            let tokenizer = try Tokenizer.load(directory: folder)
            let job = try Self.trained(files, tokenizer, scratch)
            _ = try job.exportOllama(to: scratch("o"), quantize: .f16, tokenizer: tokenizer)
            let modelfile = try String(contentsOfFile: scratch("o/Modelfile"), encoding: .utf8)
            #expect(modelfile.hasPrefix("FROM ./model.gguf\n") && modelfile.contains("PARAMETER stop \"</s>\""))
        }

        @Test(
            "hold the vocabularies of known models",
            arguments: ["qwen3", "llama-3.1", "gpt-2", "llama-2", "tinyllama-1.1b"])
        func vocabularies(_ name: String) throws {
            guard let folder = sharedFolder("assets/tokenizers/\(name)") else { return }
            let tokenizer = try Tokenizer.load(directory: folder)
            let vocabulary = try GGUFVocabulary(
                directory: folder, tokenizer: tokenizer, size: tokenizer.vocabularySize,
                preferring: ["llama-bpe", "qwen2", "gpt-2"])
            let expected = ["qwen3": "qwen2", "llama-3.1": "llama-bpe", "gpt-2": "gpt-2"][name] ?? "default"
            #expect(vocabulary.preTokenizer == expected)
            let written = try Tokenizer(TokenizerDescription(gguf: vocabulary, file: name))
            let text = "The quick brown fox, 12345 times – 東京 \n\n  ok"
            #expect(written.encode(text, addSpecialTokens: true) == tokenizer.encode(text, addSpecialTokens: true))
            #expect(written.eosToken == tokenizer.eosToken && written.bosToken == tokenizer.bosToken)
        }

        /// A job with an adapter that does something, with ranks and scales of its own.
        static func trained(_ files: ModelFiles, _ tokenizer: Tokenizer, _ scratch: Scratch) throws -> ExportJob {
            var settings = LoRASettings()
            settings.rank = 4
            settings.alpha = 8
            settings.useRSLoRA = true
            settings.rankPattern = [("down_proj", 8)]
            settings.alphaPattern = [("q_proj", 3)]
            let model = Transformer(files, mode: try AdapterPlan(settings, for: files).mode)
            model.initialiseAdapters(seed: 5)
            var draws = NormalDraws(seed: 11, name: "b")
            for adapter in model.adapters {
                for i in 0..<adapter.bValue.rows * adapter.bValue.columns {
                    adapter.bValue.floats[i] = draws.next() * 0.03
                }
            }
            try FileManager.default.createDirectory(atPath: scratch("adapter"), withIntermediateDirectories: true)
            try PEFTFiles.write(
                model, config: PEFTConfig(settings: settings, baseModel: "stories"), to: scratch("adapter"))
            return ExportJob(
                base: files, adapter: try PEFTFiles.open(scratch("adapter"), for: files),
                probes: try Probes(tokenizer: tokenizer, config: files.description.config))
        }
    }
}
