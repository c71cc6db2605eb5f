import Foundation
import OrderedJSON
import Testing

/// Model directories that cannot be used: one clear error each, status 2, nothing written.
@Suite("models that cannot be used")
struct BrokenModelTests {
    /// What is wrong with a copy of a stored model, and the word that must be said.
    enum Fault: String, CaseIterable {
        case gptq, awq, bitsandbytes, unknownArchitecture, truncated, wrongShape, missingTensor, tornHeader, noWeights

        /// How many tensors are wrong: embedding and head, or the one that is missing and the one it became.
        var count: Int { self == .wrongShape || self == .missingTensor ? 2 : 1 }

        var word: String {
            switch self {
            case .gptq, .awq, .bitsandbytes: rawValue
            case .unknownArchitecture: "retnet"
            case .truncated, .tornHeader, .noWeights: "safetensors"
            case .wrongShape: "model.embed_tokens.weight"
            case .missingTensor: "model.norm.weight"
            }
        }
    }

    private func make(_ fault: Fault, in folder: TemporaryFolder) throws {
        let source = URL(fileURLWithPath: Project.path("Tests/Fixtures/models/llama"))
        var config =
            try JSONValue(
                parsing: String(contentsOf: source.appendingPathComponent("config.json"), encoding: .utf8)
            ).objectValue ?? JSONObject()
        var weights = try Data(contentsOf: source.appendingPathComponent("model.safetensors"))
        let header = weights.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        var text = String(decoding: weights[8..<8 + header], as: UTF8.self)
        switch fault {
        case .gptq, .awq, .bitsandbytes:
            config["quantization_config"] = ["quant_method": .string(fault.rawValue), "bits": 4]
        case .unknownArchitecture:
            config["model_type"] = "retnet"
            config["architectures"] = ["RetNetForCausalLM"]
        case .truncated: weights = weights.prefix(weights.count / 2)
        case .tornHeader: weights = weights.prefix(header / 2)
        case .wrongShape:
            config["vocab_size"] = .integer((config["vocab_size"]?.intValue ?? 0) + 1)
        case .missingTensor:
            // As long as before, so that the offsets stay right.
            text = text.replacingOccurrences(of: "\"model.norm.weight\"", with: "\"model.warm.weight\"")
            weights = weights.prefix(8) + Data(text.utf8) + weights.dropFirst(8 + header)
        case .noWeights: break
        }
        _ = try folder.write("model/config.json", JSONValue.object(config).serialized())
        if fault != .noWeights { try weights.write(to: folder.url.appendingPathComponent("model/model.safetensors")) }
        for name in ["tokenizer.json", "tokenizer_config.json"] {
            try FileManager.default.copyItem(
                at: URL(fileURLWithPath: Project.path("checkpoints/tiny/\(name)")),
                to: folder.url.appendingPathComponent("model/\(name)"))
        }
    }

    @Test("train, score and merge say the same, and nothing is written", arguments: Fault.allCases)
    func refused(_ fault: Fault) throws {
        let folder = try TemporaryFolder()
        try make(fault, in: folder)
        _ = try folder.write("rows.jsonl", "{\"input_ids\": [1, 2, 3], \"labels\": [1, 2, 3]}\n")
        _ = try folder.write(
            "recipe.yaml", "model: model\ndata: {train: rows.jsonl}\ntrain: {steps: 1}\noutput: run\n")
        let before = try FileManager.default.subpathsOfDirectory(atPath: folder.url.path).sorted()
        let adapter = Project.path("Tests/Fixtures/models/llama/adapter")
        for arguments in [
            ["train", "recipe.yaml"], ["train", "recipe.yaml", "--dry-run"],
            ["score", "--model", "model", "--data", "rows.jsonl"],
            ["merge", "--model", "model", "--adapter", adapter, "-o", "merged"],
            ["export", "--model", "model", "--to", "gguf", "-o", "model.gguf"],
        ] {
            let run = try Graft.run(arguments, in: folder.url)
            let call = arguments.prefix(3).joined(separator: " ")
            #expect(run.status == 2 && run.output.isEmpty, "\(fault), \(call): \(run.status) \(run.errors)")
            #expect(run.errors.lowercased().contains(fault.word), "\(fault), \(call): \(run.errors)")
            #expect(run.errors.hasPrefix("error: model"), "\(fault), \(call): \(run.errors)")
            #expect(run.errors.split(separator: "\n").count == fault.count, "\(fault), \(call): \(run.errors)")
        }
        #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.url.path).sorted() == before)
    }
}
