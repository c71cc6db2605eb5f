import Diagnostics
import Models
import OrderedJSON
import Testing

/// The stored tiny models: their config.json must lead to exactly the tensors in their files.
@Suite("Configurations and names of the model fixtures")
struct FixtureConfigTests {
    @Test func fixturesAreThere() { #expect(Fixtures.models.count >= 66) }

    /// Files of small floats with scales apart are audited when they are opened, which the parity tests do.
    private static let plain = Fixtures.models.filter { !$0.hasSuffix("-fp8") && !$0.hasSuffix("-mxfp4") }

    @Test("name every tensor with its shape", arguments: plain)
    func planEqualsFile(_ model: String) throws {
        let file = "models/\(model)/config.json"
        let tensors = try Fixtures.shapes("models/\(model)/model.safetensors")
        let description = try ModelDescription(configuration: Fixtures.json(file), file: file)
            .matching { tensors[$0] != nil }
        let plan = WeightPlan(description) { tensors[$0] != nil }
        let audit = plan.audit(tensors, file: model)
        #expect(audit.problems.isEmpty, "\(audit.problems.map(\.description))")
        if model == "gemma3-wrapped" {
            #expect(audit.ignored.count == 34 && audit.ignored.allSatisfy { !$0.hasPrefix("language_model") })
        } else {
            #expect(audit.ignored.isEmpty, "\(audit.ignored)")
        }
    }

    @Test("name adapters as PEFT does", arguments: Fixtures.models)
    func allLinearEqualsPEFT(_ model: String) throws {
        let file = "models/\(model)/config.json"
        let tensors = try Fixtures.shapes("models/\(model)/model.safetensors")
        let description = try ModelDescription(configuration: Fixtures.json(file), file: file)
            .matching { tensors[$0] != nil }
        let plan = WeightPlan(description) { tensors[$0] != nil }
        var expected: [String: [Int]] = [:]
        // The mixtures' first adapters hang on attention only, unless all their linear modules are PEFT's too; so does
        // the one that shows an adapter on the head, beside which PEFT stores the head itself.
        let isMixture = plan.modules.contains { $0.name.kind == .router }
        let onHead = model == "granite-head"
        let onAttention = onHead || isMixture && description.config.family != "llama4_text"
        for module in plan.linear where !onAttention || module.name.logical.contains("attention") {
            let path = "base_model.model.\(module.name.path)"
            expected["\(path).lora_A.weight"] = [4, module.shape.weight[1]]
            expected["\(path).lora_B.weight"] = [module.shape.weight[0], 4]
        }
        if onHead {
            let head = try #require(plan.modules.first { $0.name.kind == .head })
            let path = "base_model.model.\(head.name.path)"
            expected["\(path).base_layer.weight"] = head.shape.weight
            expected["\(path).lora_A.weight"] = [6, head.shape.weight[1]]
            expected["\(path).lora_B.weight"] = [head.shape.weight[0], 6]
        }
        #expect(try Fixtures.shapes("models/\(model)/adapter/adapter_model.safetensors") == expected)
    }

    /// Adapters on experts, one by one, as PEFT writes them for models whose experts are modules.
    @Test(
        "name experts as PEFT does",
        arguments: ["mixtral", "qwen2-moe", "qwen3-moe", "olmoe", "deepseek-v2", "deepseek-v3"])
    func allLinearOfMixtures(_ model: String) throws {
        let file = "models/\(model)/config.json"
        let tensors = try Fixtures.shapes("models/\(model)/model.safetensors")
        let description = try ModelDescription(configuration: Fixtures.json(file), file: file)
            .matching { tensors[$0] != nil }
        let plan = WeightPlan(description) { tensors[$0] != nil }
        var expected: [String: [Int]] = [:]
        for module in plan.linear {
            let path = "base_model.model.\(module.name.path)"
            expected["\(path).lora_A.weight"] = [2, module.shape.weight[1]]
            expected["\(path).lora_B.weight"] = [module.shape.weight[0], 2]
        }
        #expect(try Fixtures.shapes("models/\(model)/adapter_experts/adapter_model.safetensors") == expected)
    }
}
