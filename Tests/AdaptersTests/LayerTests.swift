import Adapters
import Foundation
import Models
import OrderedJSON
import Testing

/// `layers_to_transform`, by PEFT's rules (0.21.2, `tuners_utils.check_target_module_exists`).
@Suite("Blocks chosen by number")
struct LayerTests {
    private func files(_ name: String) throws -> ModelFiles {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try ModelFiles.open(directory: root.appending(path: "Fixtures/models/\(name)").path)
    }

    private func paths(_ name: String, _ targets: LoRASettings.Selection) throws -> Set<String> {
        var settings = LoRASettings()
        settings.targets = targets
        settings.layers = [1]
        return Set(try AdapterPlan(settings, for: files(name)).specs.keys)
    }

    /// PEFT itself refuses the number beside the word `all-linear`; spelled out as names it takes it.
    @Test("all linear layers of a block", arguments: ["llama", "gpt2", "mixtral"])
    func allLinear(name: String) throws {
        var everything = LoRASettings()
        everything.targets = .allLinear
        let all = try AdapterPlan(everything, for: files(name)).specs.keys
        let wanted = Set(all.filter { $0.contains("layers.1.") || $0.contains("h.1.") })
        #expect(try paths(name, .allLinear) == wanted && !wanted.isEmpty && wanted.count < all.count)
    }

    @Test("a mixture's block is meant, not an expert")
    func experts() throws {
        let found = try paths("mixtral", .names(["w1"]))
        #expect(!found.isEmpty && found.allSatisfy { $0.hasPrefix("model.layers.1.") }, "\(found)")
        #expect(found.contains { $0.contains("experts.0.") } && found.contains { $0.contains("experts.1.") })
    }

    @Test("a module named in full is taken wherever it is")
    func fullNames() throws {
        let full = "model.layers.0.self_attn.q_proj"
        #expect(try paths("llama", .names([full, "v_proj"])) == [full, "model.layers.1.self_attn.v_proj"])
    }

    @Test("inside a multimodal model they are written as whole names: PEFT takes no numbers beside an expression")
    func insideWrapper() throws {
        var settings = LoRASettings()
        settings.targets = .names(["q_proj"])
        settings.layers = [1]
        let files = try files("gemma3-wrapped")
        let model = Transformer(files, mode: try AdapterPlan(settings, for: files).mode)
        model.initialiseAdapters(seed: 1)
        let folder = FileManager.default.temporaryDirectory.appending(path: "graft-layers-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try PEFTFiles.write(model, config: PEFTConfig(settings: settings, baseModel: nil), to: folder)
        let text = try Data(contentsOf: URL(filePath: folder + "/adapter_config.json"))
        let json = try JSONValue(parsing: Array(text))
        #expect(json["target_modules"] == ["model.language_model.layers.1.self_attn.q_proj"])
        #expect(json["layers_to_transform"]?.isNull == true)
    }
}
