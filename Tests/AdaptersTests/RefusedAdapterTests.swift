import Adapters
import Foundation
import Kernels
import Models
import Testing
import WeightFiles

/// Adapters of PEFT's that are not read.
@Suite("Adapters that are refused")
struct RefusedAdapterTests {
    @Test(
        "on the embedding, or a head that is the embedding, are named as such",
        arguments: [("qwen3", "lm_head"), ("llama", "model.embed_tokens")])
    func headAndEmbedding(_ model: String, _ module: String) throws {
        let fixture = try Fixture(model)
        let folder = FileManager.default.temporaryDirectory.appending(path: "graft-adapters-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.copyItem(atPath: fixture.path + "/adapter", toPath: folder)
        let stored = try WeightStore.open(folder + "/adapter_model.safetensors")
        let added = ["lora_A.weight", "lora_B.weight"].map { "base_model.model.\(module).\($0)" }
        let declarations =
            stored.all.map { TensorDeclaration($0.name, shape: $0.shape, format: $0.format) }
            + added.map { TensorDeclaration($0, shape: [1], format: .element(.f32)) }
        try SafetensorsWriter.write(to: folder + "/other.safetensors", tensors: declarations) { tensor, sink in
            guard let own = stored[tensor.name] else { return try withUnsafeBytes(of: Float(1)) { try sink($0) } }
            try sink(own.bytes)
        }
        try FileManager.default.removeItem(atPath: folder + "/adapter_model.safetensors")
        try FileManager.default.moveItem(
            atPath: folder + "/other.safetensors", toPath: folder + "/adapter_model.safetensors")
        let problem = #expect(throws: (any Error).self) { try PEFTFiles.open(folder, for: fixture.files) }
        let text = problem.map { "\($0)" } ?? ""
        #expect(text.contains("adapts \(module), of which") && !text.contains("belongs to no"), "\(text)")
    }
}
