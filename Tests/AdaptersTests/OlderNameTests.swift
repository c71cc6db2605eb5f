import Adapters
import Foundation
import Models
import Testing
import WeightFiles

/// Adapters named by the module paths that earlier versions of transformers had.
@Suite("Adapters with older names")
struct OlderNameTests {
    /// As PEFT reads them with transformers 5.
    @Test("of the text part of a multimodal model are read")
    func insideWrapper() throws {
        let fixture = try Fixture("gemma3-wrapped")
        let folder = FileManager.default.temporaryDirectory.appending(path: "graft-older-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.copyItem(atPath: fixture.path + "/adapter", toPath: folder)
        func older(_ name: String) -> String {
            name.replacing("model.language_model.", with: "language_model.model.")
        }
        let stored = try WeightStore.open(fixture.path + "/adapter/adapter_model.safetensors")
        #expect(stored.all.allSatisfy { older($0.name) != $0.name })
        let declarations = stored.all.map { TensorDeclaration(older($0.name), shape: $0.shape, format: $0.format) }
        try FileManager.default.removeItem(atPath: folder + "/adapter_model.safetensors")
        try SafetensorsWriter.write(to: folder + "/adapter_model.safetensors", tensors: declarations) { tensor, sink in
            for own in stored.all where older(own.name) == tensor.name { try sink(own.bytes) }
        }
        let adapter = try PEFTFiles.open(folder, for: fixture.files)
        let model = Transformer(fixture.files, mode: adapter.plan.mode)
        adapter.load(into: model)
        for i in 0..<2 { try fixture.expectLogits("adapted_logits.\(i)", of: model, ids: fixture.ids(i)) }
    }
}
