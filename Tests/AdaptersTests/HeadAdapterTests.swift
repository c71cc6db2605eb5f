import Adapters
import Diagnostics
import Foundation
import Kernels
import Models
import Tensors
import Testing
import WeightFiles

/// Adapters on the output head; that their numbers and gradients are PyTorch's, ``ParityTests`` tell of `granite-head`.
@Suite("Adapters on the output head")
struct HeadAdapterTests {
    private func plan(_ model: String, _ targets: LoRASettings.Selection) throws -> AdapterPlan {
        var settings = LoRASettings()
        settings.targets = targets
        return try AdapterPlan(settings, for: Fixture(model).files)
    }

    @Test("a head of its own is adapted where it is named, by a list or an expression, not by all-linear")
    func targets() throws {
        #expect(try plan("llama", .names(["lm_head"])).specs.keys.sorted() == ["lm_head"])
        #expect(try plan("llama", .pattern("lm_.*")).specs.keys.sorted() == ["lm_head"])
        #expect(try plan("llama", .allLinear).specs["lm_head"] == nil)
    }

    @Test("a head that is the embedding is refused")
    func tied() throws {
        let problems = #expect(throws: Problems.self) { try plan("qwen3", .names(["lm_head", "q_proj"])) }
        #expect(problems?.list.count == 1 && "\(problems?.list ?? [])".contains("lm_head is the embedding"))
    }

    @Test("rows choose between models that differ in the head alone")
    func joined() throws {
        let fixture = try Fixture("granite-head")
        let base = Transformer(fixture.files)
        let adapter = try PEFTFiles.open(fixture.path + "/adapter", for: fixture.files)
        let head = Transformer(
            fixture.files, mode: AdapterPlan(specs: adapter.plan.specs.filter { $0.key == "lm_head" }).mode)
        adapter.load(into: head)
        #expect(head.adapters.map(\.module.path) == ["lm_head"])
        let both = Transformer(joining: [base, head])
        let ids = fixture.ids(0)
        func logits(_ model: Transformer, sets: [Int]) -> [Float] {
            let cache = KeyValueCache(slots: sets.count, capacity: ids.count, type: .f32)
            let hidden = Recording.off {
                model.hiddenStates(
                    continuing: cache, slots: Array(sets.indices), tokens: sets.map { _ in ids }, sets: sets,
                    precision: .f32)
            }
            return model.logits(hidden, sets: sets).values()
        }
        let expected = logits(base, sets: [0]) + logits(head, sets: [0])
        let found = logits(both, sets: [0, 1])
        let width = fixture.files.description.config.vocabularySize
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 } && found.count == 2 * width)
        let change = zip(found[..<width], found[width...]).map { abs($0 - $1) }.max() ?? 0
        #expect(change > 1e-2, "the adapter changes nothing")
    }

    @Test("the base's matrix beside it must be the model's")
    func otherBase() throws {
        let fixture = try Fixture("granite-head")
        let folder = FileManager.default.temporaryDirectory.appending(path: "graft-head-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.copyItem(atPath: fixture.path + "/adapter", toPath: folder)
        let file = folder + "/adapter_model.safetensors"
        let tensor = try #require(
            WeightStore.open(file)["base_model.model.lm_head.base_layer.weight"], "PEFT stores the base's matrix")
        var bytes = try Data(contentsOf: URL(filePath: file))
        bytes[tensor.range.lowerBound + 3] ^= 0x80
        try bytes.write(to: URL(filePath: file))
        let problems = #expect(throws: Problems.self) { try PEFTFiles.open(folder, for: fixture.files) }
        let text = "\(problems?.list ?? [])"
        #expect(text.contains("base_layer.weight is not the lm_head.weight of"), "\(text)")
    }
}
