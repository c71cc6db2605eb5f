import Foundation
import Kernels
import Models
import Tensors
import Testing
import WeightFiles

/// Experts that no token chose cost nothing, not even the reading of their weights.
@Suite("Experts that are not chosen")
struct UnusedExpertTests {
    /// One token chooses so many experts in each layer; numbers that are none in any of the others would show.
    @Test("are not computed with", arguments: ["mixtral", "qwen3-moe", "deepseek-v2"])
    func poisoned(_ name: String) throws {
        let fixture = try Fixture(name)
        let files = fixture.files
        let source = try #require(files.source)
        for (layer, config) in files.description.config.layers.enumerated() {
            guard case .experts(let experts) = config.feedForward else { continue }
            var used = 0
            for expert in 0..<experts.count {
                let own = files.plan.modules.map(\.name).filter {
                    $0.logical.hasPrefix("layers.\(layer).feedForward.experts.\(expert).")
                }.map(\.weight)
                #expect(own.count == 3)
                let poisoned = try ModelFiles(
                    path: files.path, description: files.description, configuration: files.configuration,
                    source: try Poisoned(model: source, tensors: own))
                let model = Transformer(poisoned)
                let hidden = model.hiddenStates(TokenBatch(Array(fixture.ids(0).prefix(1))), precision: .f32).values()
                if hidden.contains(where: \.isNaN) { used += 1 }
            }
            #expect(used == experts.perToken, "\(name), layer \(layer): \(used) of \(experts.count)")
        }
    }
}

/// A model's tensors, some of them NaN throughout.
private struct Poisoned: WeightSource {
    let model: any WeightSource
    let poison: WeightStore

    init(model: any WeightSource, tensors: [String]) throws {
        self.model = model
        let path = FileManager.default.temporaryDirectory.appending(path: "graft-\(UUID().uuidString).safetensors").path
        // A mapped file stays readable without its name.
        defer { try? FileManager.default.removeItem(atPath: path) }
        let declared = tensors.compactMap { name in
            model[name].map { TensorDeclaration(name, shape: $0.shape, format: .element(.f32)) }
        }
        try SafetensorsWriter.write(to: path, tensors: declared) { tensor, sink in
            try [Float](repeating: .nan, count: tensor.byteCount / 4).withUnsafeBytes { try sink($0) }
        }
        poison = try WeightStore.open(path)
    }

    var names: [String] { model.names }
    subscript(name: String) -> StoredTensor? { poison[name] ?? model[name] }
}
