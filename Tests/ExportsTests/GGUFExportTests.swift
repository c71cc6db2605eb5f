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
            "gpt-neox", "gemma", "gpt2", "olmo", "granite-moe", "cohere", "olmo3", "ministral3",
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

        /// Reading back undoes the order of rows that writing made; the merged matrices, whose order is the
        /// converter's, do not.
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

        @Test("are called as their base, points and all, and stand nowhere where something of theirs is")
        func called() throws {
            let scratch = try Scratch()
            try FileManager.default.copyItem(atPath: Fixture.root + "/qwen2", toPath: scratch("Qwen2.5-0.5B"))
            let files = try ModelFiles.open(directory: scratch("Qwen2.5-0.5B"))
            let job = ExportJob(
                base: files, adapter: nil, probes: try Probes(tokenizer: nil, config: files.description.config))
            _ = try job.exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: nil)
            let name = try GGUFFile.open(scratch("m.gguf")).metadata["general.name"]?.stringValue
            #expect(name == "Qwen2.5-0.5B")
            try FileManager.default.removeItem(atPath: scratch("m.gguf"))
            // Its manifest is still there: told before any work.
            let problem = #expect(throws: Problem.self) { try ExportJob.check(place: scratch("m.gguf"), isFile: true) }
            #expect(problem?.file?.hasSuffix("m.gguf.graft_export.json") == true)
        }

        @Test(
            "are refused for models that llama.cpp runs otherwise",
            arguments: ["llama4", "gpt-oss", "qwen2-window", "phi3", "gemma2"])
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
            // Merged again into blocks of four bits: beyond the bound, which knows no quantising of the base, and told
            // why.
            if quantize == .q4_0 {
                let onto = ExportJob(
                    base: again, adapter: try PEFTFiles.open(scratch("adapter"), for: again), probes: job.probes)
                let failure = #expect(throws: ProofFailure.self) {
                    try onto.exportGGUF(to: scratch("n.gguf"), quantize: nil, tokenizer: tokenizer)
                }
                #expect(failure?.message.contains("in blocks already (Q4_0)") == true, "\(failure?.message ?? "")")
                let wide = try onto.exportGGUF(to: scratch("n.gguf"), quantize: .q8_0, tokenizer: tokenizer)
                #expect(wide.proof.exported.kl < 0.02 * (wide.proof.effect?.kl ?? 0))
            }
            // An adapter's own chat template goes with it.
            let own = try Tokenizer.load(gguf: again.path, chatTemplate: "{{ messages[0].content }}")
            _ = try base.exportGGUF(to: scratch("t.gguf"), quantize: nil, tokenizer: own)
            let template = try GGUFFile.open(scratch("t.gguf")).metadata["tokenizer.chat_template"]
            #expect(template?.stringValue == "{{ messages[0].content }}")
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
            #expect(!modelfile.contains("date"))
            // A template that says what day it is can only say one day here, which is told.
            let dated = try Tokenizer.load(
                directory: folder,
                chatTemplate:
                    "{{ strftime_now('%Y') }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"
            )
            _ = try job.exportOllama(to: scratch("d"), quantize: .f16, tokenizer: dated)
            let daily = try String(contentsOfFile: scratch("d/Modelfile"), encoding: .utf8)
            #expect(daily.contains("TEMPLATE") && daily.contains("The date in this template"))
            // The adapter beside the base: the base converted, or where it lies when it is a GGUF file already.
            _ = try job.exportOllama(to: scratch("b"), quantize: .f32, tokenizer: tokenizer, beside: true)
            let besides = try String(contentsOfFile: scratch("b/Modelfile"), encoding: .utf8)
            #expect(besides.hasPrefix("FROM ./model.gguf\nADAPTER ./adapter.gguf\n"))
            #expect(try GGUFFile.open(scratch("b/adapter.gguf")).metadata["general.type"]?.stringValue == "adapter")
            let stored = try ModelFiles.open(gguf: scratch("b/model.gguf"))
            let onto = ExportJob(
                base: stored, adapter: try PEFTFiles.open(scratch("adapter"), for: stored), probes: job.probes)
            _ = try onto.exportOllama(to: scratch("g"), quantize: nil, tokenizer: tokenizer, beside: true)
            let named = try String(contentsOfFile: scratch("g/Modelfile"), encoding: .utf8)
            #expect(named.hasPrefix("FROM \(scratch("b/model.gguf"))\nADAPTER ./adapter.gguf\n"))
            #expect(!FileManager.default.fileExists(atPath: scratch("g/model.gguf")))
            // Not where the adapter's own template would have to stand in that file.
            let own = "{% for m in messages %}{{ loop.index }}{{ m.content }}</s>{% endfor %}"
            let numbered = try Tokenizer.load(directory: folder, chatTemplate: own)
            _ = try onto.exportOllama(to: scratch("n"), quantize: nil, tokenizer: numbered, beside: true)
            let copied = try String(contentsOfFile: scratch("n/Modelfile"), encoding: .utf8)
            #expect(copied.hasPrefix("FROM ./model.gguf\n") && !copied.contains("TEMPLATE"))
            let template = try GGUFFile.open(scratch("n/model.gguf")).metadata["tokenizer.chat_template"]
            #expect(template?.stringValue == own)
            // Of a split base, which Ollama does not read, one file is made.
            let whole = try GGUFFile.open(stored.path)
            for number in 0..<2 {
                var metadata = whole.metadata
                metadata["split.no"] = .uint16(UInt16(number))
                metadata["split.count"] = .uint16(2)
                let part = whole.weights.all.enumerated().filter { $0.offset % 2 == number }.map(\.element)
                try GGUFWriter.write(
                    to: scratch("s-0000\(number + 1)-of-00002.gguf"), metadata: metadata,
                    tensors: part.map { TensorDeclaration($0.name, shape: $0.shape, format: $0.format) }
                ) { tensor, sink in try sink(#require(whole.weights[tensor.name]).bytes) }
            }
            let split = try ModelFiles.open(gguf: scratch("s-00001-of-00002.gguf"))
            let onSplit = ExportJob(
                base: split, adapter: try PEFTFiles.open(scratch("adapter"), for: split), probes: job.probes)
            _ = try onSplit.exportOllama(to: scratch("p"), quantize: nil, tokenizer: tokenizer, beside: true)
            let joined = try String(contentsOfFile: scratch("p/Modelfile"), encoding: .utf8)
            #expect(joined.hasPrefix("FROM ./model.gguf\nADAPTER ./adapter.gguf\n"))
            let parts = try GGUFFile.open(scratch("p/model.gguf"))
            #expect(parts.metadata["split.count"] == nil && parts.weights.names.count == whole.weights.names.count)
        }

        @Test(
            "hold the vocabularies of known models",
            arguments: ["qwen3", "llama-3.1", "gpt-2", "llama-2", "tinyllama-1.1b", "phi-3"])
        func vocabularies(_ name: String) throws {
            guard let folder = sharedFolder("assets/tokenizers/\(name)") else { return }
            let tokenizer = try Tokenizer.load(directory: folder)
            let vocabulary = try GGUFVocabulary(
                directory: folder, tokenizer: tokenizer, size: tokenizer.vocabularySize,
                preferring: ["llama-bpe", "qwen2", "gpt-2"])
            let expected = ["qwen3": "qwen2", "llama-3.1": "llama-bpe", "gpt-2": "gpt-2"][name] ?? "default"
            #expect(vocabulary.preTokenizer == expected)
            // As a file has it: white space behind Phi-3's tokens goes with them by what the model is called.
            var metadata: GGUFMetadata = ["general.name": .string("mine")]
            vocabulary.write(to: &metadata)
            let isPhi3 = name == "phi-3"
            #expect(metadata["general.name"]?.stringValue == (isPhi3 ? "Phi-3 mine" : "mine"))
            let read = try GGUFVocabulary(metadata, file: name)
            let written = try Tokenizer(TokenizerDescription(gguf: read, file: name))
            for text in isPhi3 ? ["<|user|>\nHi!<|end|>\n<|assistant|>\n", "<s> a<|endoftext|>  b"] : [] {
                #expect(written.encode(text) == tokenizer.encode(text))
            }
            // Greek with one accent and the other: tokens of Llama 2 that are equal as Swift's strings.
            let text = "The quick brown fox, 12345 times – 東京 \n\n  ok ή\u{1f75}ίί\u{1f77}"
            #expect(written.encode(text, addSpecialTokens: true) == tokenizer.encode(text, addSpecialTokens: true))
            #expect(written.eosToken == tokenizer.eosToken && written.bosToken == tokenizer.bosToken)
        }

        /// Models whose configuration llama.cpp has no graph for, changed so far that it has one. PyTorch has no
        /// numbers for them; scripts/check-runtimes runs whole ones in llama.cpp.
        @Test(
            "of models that are near to what llama.cpp runs predict as the model in memory does",
            arguments: [
                ("starcoder2", ["\"sliding_window\": 9": "\"sliding_window\": null"]),
                (
                    "deepseek-v2",
                    [
                        "\"group_limited_greedy\"": "\"greedy\"", "\"n_group\": 3": "\"n_group\": 1",
                        "\"topk_group\": 2": "\"topk_group\": 1",
                    ]
                ),
                ("deepseek-v3", ["\"mscale\": 1.0": "\"mscale\": 0.7"]),
                ("gpt-oss", ["\"swiglu_limit\": 1.5": "\"swiglu_limit\": 7.0"]),
                ("gpt-oss-mxfp4", ["\"swiglu_limit\": 1.5": "\"swiglu_limit\": 7.0"]),
            ] as [(String, [String: String])])
        func changed(_ name: String, _ changes: [String: String]) throws {
            let scratch = try Scratch()
            let files = try ModelFiles.open(directory: Fixture.edited(name, changes, in: scratch))
            let job = ExportJob(
                base: files, adapter: try PEFTFiles.open(files.path + "/adapter", for: files),
                probes: try Probes(tokenizer: nil, config: files.description.config))
            let merged = try job.exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: nil)
            #expect(merged.proof.exported.largest <= 1e-4 && merged.proof.effect?.kl ?? 0 > 1e-3)
            // A GGUF base of blocks: the container stays where nothing is merged, to the byte.
            let plain = ExportJob(base: files, adapter: nil, probes: job.probes)
            _ = try plain.exportGGUF(to: scratch("q.gguf"), quantize: .q8_0, tokenizer: nil)
            let again = try ModelFiles.open(gguf: scratch("q.gguf"))
            let copy = ExportJob(base: again, adapter: nil, probes: job.probes)
            _ = try copy.exportGGUF(to: scratch("c.gguf"), quantize: nil, tokenizer: nil)
            #expect(FileManager.default.contentsEqual(atPath: scratch("q.gguf"), andPath: scratch("c.gguf")))
            // And merged again from there only the adapted tensors are others.
            let onto = ExportJob(
                base: again, adapter: try PEFTFiles.open(files.path + "/adapter", for: again), probes: job.probes)
            _ = try onto.exportGGUF(to: scratch("n.gguf"), quantize: nil, tokenizer: nil)
            let (a, b) = (try GGUFFile.open(scratch("q.gguf")).weights, try GGUFFile.open(scratch("n.gguf")).weights)
            let kept = a.all.filter { b[$0.name]?.bytes.elementsEqual($0.bytes) == true }.map(\.name)
            #expect(a.names == b.names && kept.count > a.names.count / 2 && kept.count < a.names.count)
            #expect(kept.contains("token_embd.weight") && !kept.contains("blk.0.attn_output.weight"))
        }

        @Test("of latent attention hold each head's key rows turned and its value rows as they are")
        func latentLayout() throws {
            let scratch = try Scratch()
            let files = try ModelFiles.open(
                directory: Fixture.edited("deepseek-v3", ["\"mscale\": 1.0": "\"mscale\": 0.7"], in: scratch))
            let job = ExportJob(
                base: files, adapter: nil, probes: try Probes(tokenizer: nil, config: files.description.config))
            _ = try job.exportGGUF(to: scratch("m.gguf"), quantize: .f32, tokenizer: nil)
            let file = try GGUFFile.open(scratch("m.gguf"))
            let (heads, plain, value, rank) = (4, 10, 8, 20)
            let keys = try #require(file.weights["blk.1.attn_k_b.weight"])
            let values = try #require(file.weights["blk.1.attn_v_b.weight"])
            #expect(keys.shape == [heads, rank, plain] && values.shape == [heads, value, rank])
            let (k, v) = (try #require(keys.floats()), try #require(values.floats()))
            let whole = try #require(files.source?["model.layers.1.self_attn.kv_b_proj.weight"]?.floats())
            for head in 0..<heads {
                for r in 0..<rank {
                    for p in 0..<plain {
                        #expect(
                            k[(head * rank + r) * plain + p] == whole[(head * (plain + value) + p) * rank + r])
                    }
                    for p in 0..<value {
                        #expect(
                            v[(head * value + p) * rank + r] == whole[(head * (plain + value) + plain + p) * rank + r])
                    }
                }
            }
            #expect(file.metadata["deepseek2.expert_gating_func"]?.intValue == 2)
            #expect(file.metadata["deepseek2.attention.key_length_mla"]?.intValue == 16)
        }

        @Test(
            "take a vocabulary from tokenizer.model where there is nothing else",
            arguments: ["llama-2", "tinyllama-1.1b"])
        func sentencePiece(_ name: String) throws {
            guard let folder = sharedFolder("assets/tokenizers/\(name)") else { return }
            let scratch = try Scratch()
            let alone = scratch("alone")
            try FileManager.default.createDirectory(atPath: alone, withIntermediateDirectories: true)
            for file in ["tokenizer.model", "tokenizer_config.json"] {
                try FileManager.default.copyItem(atPath: folder + "/" + file, toPath: alone + "/" + file)
            }
            let tokenizer = try Tokenizer.load(directory: alone)
            let vocabulary = try GGUFVocabulary(directory: alone, tokenizer: tokenizer, size: 32016, preferring: [])
            #expect(vocabulary.model == "llama" && vocabulary.tokens.count == 32016 && vocabulary.kinds[32010] == 5)
            let written = try Tokenizer(TokenizerDescription(gguf: vocabulary, file: name))
            let whole = try Tokenizer.load(directory: folder)
            for text in ["The quick brown fox, 12345 times – 東京 \n\n  ok", "  a", "", "é🚀", "ή\u{1f75}ίί\u{1f77}"] {
                #expect(written.encode(text, addSpecialTokens: true) == whole.encode(text, addSpecialTokens: true))
            }
            #expect(written.eosToken == whole.eosToken && written.bosToken == whole.bosToken)
            // An added token that is called as an id without one would be: llama.cpp takes no text twice.
            let listed = alone + "/tokenizer_config.json"
            guard var config = try JSONValue(contentsOfFile: listed).objectValue,
                var added = config["added_tokens_decoder"]?.objectValue
            else { return }
            added["32000"] = ["content": "[PAD32005]", "special": true, "normalized": false]
            config["added_tokens_decoder"] = .object(added)
            try JSONValue.object(config).serialized().write(toFile: listed, atomically: true, encoding: .utf8)
            let named = try GGUFVocabulary(
                directory: alone, tokenizer: try Tokenizer.load(directory: alone), size: 32016, preferring: [])
            #expect(named.tokens[32000] == "[PAD32005]" && Set(named.tokens.map { Array($0.utf8) }).count == 32016)
        }

        /// A job with an adapter that does something, with ranks and scales of its own.
        static func trained(_ files: ModelFiles, _ tokenizer: Tokenizer, _ scratch: Scratch) throws -> ExportJob {
            var settings = LoRASettings()
            settings.rank = 4
            settings.alpha = 8
            settings.useRSLoRA = true
            settings.rankPattern = [("down_proj", 8)]
            settings.alphaPattern = [("q_proj", 3)]
            return try Fixture.job(files, settings, tokenizer: tokenizer, strength: 0.03, in: scratch)
        }
    }
}
