import Adapters
import Foundation
import Kernels
import Models
import Tensors
import Testing
import WeightFiles

/// PEFT's adapters on parameters of all experts (`target_parameters`), read and written.
@Suite("Adapters on all experts")
struct ParameterTests {
    static func having(_ file: String) -> [String] {
        ParityTests.fixtures.filter { FileManager.default.fileExists(atPath: "\(ParityTests.root)/\($0)/\(file)") }
    }

    static let withParameters = having("parameters.safetensors")
    static let stacked = having("adapter_stacked/adapter_config.json")

    @Test(
        .disabled(if: ProcessInfo.processInfo.environment["GRAFT_PARITY_MODELS"] != nil, "other models are asked for"))
    func fixturesAreThere() { #expect(Self.withParameters.count >= 11 && Self.stacked.count >= 4) }

    @Test("as PyTorch computes them: log-probabilities, loss and gradients", arguments: withParameters)
    func parity(_ name: String) throws {
        let fixture = try Fixture(name)
        let reference = try WeightStore.open(fixture.path + "/parameters.safetensors")
        let model = try fixture.adapted("adapter_parameters")
        for i in 0..<2 {
            try fixture.expectLogits("parameters_logits.\(i)", of: model, ids: fixture.ids(i), in: reference)
        }
        let loss = try fixture.backward(model, precision: .f32)
        let expected = try #require(reference.metadata["loss"].flatMap(Double.init))
        #expect(abs(loss - expected) < 1e-4, "\(name): loss \(loss), not \(expected)")
        for adapter in model.adapters { try expectGradients(adapter, name, reference) }
    }

    private func expectGradients(_ adapter: AttachedAdapter, _ name: String, _ reference: WeightStore) throws {
        func pair(_ module: String) -> (a: [Float], b: [Float])? {
            let path = "parameters_grad.base_model.model.\(module)."
            guard let a = reference[path + "lora_A.weight"]?.floats(),
                let b = reference[path + "lora_B.weight"]?.floats()
            else { return nil }
            return (a, b)
        }
        let (a, b) = (adapter.a.gradient.view(rows: adapter.aRows), adapter.b.gradient)
        guard let slot = adapter.slot else {
            let expected = try #require(pair(adapter.module.path), "\(name): no gradient of \(adapter.module.path)")
            expectEqual(a.values(), expected.a, "\(name) \(adapter.module.path) A")
            expectEqual(b.transposed().values(), expected.b, "\(name) \(adapter.module.path) B")
            return
        }
        let container = slot.parameter.container
        let inner = slot.parameter.isInner ? pair(container + ".base_layer") : nil
        let whole = try #require(inner ?? pair(container), "\(name): no gradient of \(container)")
        let expected = adapter.cut(slot, a: whole.a, b: whole.b)
        // Gate and up that are stored apart share A, whose gradient is the sum of both's.
        expectEqual(a.values(), expected.a.values(), "\(name) \(slot.parameter.name.path) \(slot.expert) A")
        expectEqual(b.values(), expected.b.values(), "\(name) \(slot.parameter.name.path) \(slot.expert) B")
    }

    private func expectEqual(_ found: [Float], _ expected: [Float], _ what: String) {
        let difference = zip(found, expected).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }.squareRoot()
        let size = expected.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(found.count == expected.count && difference <= 1e-3 * size + 1e-7, "\(what): \(difference) of \(size)")
    }

    @Test("what PEFT makes of adapters on single experts reads the same", arguments: stacked)
    func converted(_ name: String) throws {
        let fixture = try Fixture(name)
        let model = try fixture.adapted("adapter_stacked")
        for i in 0..<2 { try fixture.expectLogits("experts_logits.\(i)", of: model, ids: fixture.ids(i)) }
    }

    @Test("adapters on single experts are written as PEFT converts them", arguments: stacked)
    func written(_ name: String) throws {
        let fixture = try Fixture(name)
        let directory = try temporary()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let opened = try PEFTFiles.open(fixture.path + "/adapter_experts", for: fixture.files)
        try PEFTFiles.write(fixture.adapted("adapter_experts"), config: opened.config, to: directory)
        let (ours, theirs) = (
            try WeightStore.open(directory + "/adapter_model.safetensors"),
            try WeightStore.open(fixture.path + "/adapter_stacked/adapter_model.safetensors")
        )
        #expect(Set(ours.names) == Set(theirs.names))
        for tensor in theirs.names {
            #expect(ours[tensor]?.shape == theirs[tensor]?.shape, "\(tensor)")
            #expect(ours[tensor]?.floats() == theirs[tensor]?.floats(), "\(tensor)")
        }
    }

    @Test("adapters on single experts are written as they were, joined ones expert by expert", arguments: stacked)
    func separate(_ name: String) throws {
        let fixture = try Fixture(name)
        for adapter in ["adapter_experts", "adapter_stacked"] {
            let directory = try temporary()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let opened = try PEFTFiles.open(fixture.path + "/" + adapter, for: fixture.files)
            let model = try fixture.adapted(adapter)
            try PEFTFiles.write(model, config: opened.config, to: directory, experts: .separate)
            let (ours, theirs) = (
                try WeightStore.open(directory + "/adapter_model.safetensors"),
                try WeightStore.open(fixture.path + "/adapter_experts/adapter_model.safetensors")
            )
            #expect(Set(ours.names) == Set(theirs.names), "\(name) \(adapter)")
            // Where the base has experts together, what adapts gate and up was joined on reading and has one rank.
            let plan = fixture.files.plan
            let isAsItWas = adapter == "adapter_experts" && !plan.parameters.contains(where: plan.isStacked)
            for tensor in isAsItWas ? theirs.names : [] {
                #expect(ours[tensor]?.floats() == theirs[tensor]?.floats(), "\(tensor)")
            }
            let back = try PEFTFiles.open(directory, for: fixture.files)
            #expect(back.config.settings.parameters.isEmpty)
            let again = Transformer(fixture.files, mode: back.plan.mode)
            back.load(into: again)
            let difference = zip(fixture.logits(of: model), fixture.logits(of: again)).map { abs($0 - $1) }.max()
            #expect(difference ?? .infinity < 2e-5, "\(name) \(adapter): \(difference ?? .infinity)")
        }
    }

    @Test("written and read back, nothing changes", arguments: withParameters)
    func roundTrip(_ name: String) throws {
        let fixture = try Fixture(name)
        for adapter in ["adapter_parameters", "adapter_experts"]
        where FileManager.default.fileExists(atPath: fixture.path + "/" + adapter) {
            let directory = try temporary()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let opened = try PEFTFiles.open(fixture.path + "/" + adapter, for: fixture.files)
            let model = try fixture.adapted(adapter)
            try PEFTFiles.write(model, config: opened.config, to: directory)
            let back = try PEFTFiles.open(directory, for: fixture.files)
            let again = Transformer(fixture.files, mode: back.plan.mode)
            back.load(into: again)
            let (x, y) = (fixture.logits(of: model), fixture.logits(of: again))
            let difference = zip(x, y).map { abs($0 - $1) }.max() ?? .infinity
            #expect(difference < 2e-5, "\(name) \(adapter): \(difference)")
        }
    }

    private func temporary() throws -> String {
        let path = NSTemporaryDirectory() + "graft-parameters-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}

extension Fixture {
    /// The model with one of the fixture's adapters.
    func adapted(_ adapter: String) throws -> Transformer {
        let files = try PEFTFiles.open(path + "/" + adapter, for: self.files)
        let model = Transformer(self.files, mode: files.plan.mode)
        files.load(into: model)
        return model
    }

    /// The logits of the first sequence.
    func logits(of model: Transformer) -> [Float] {
        model.logits(model.hiddenStates(TokenBatch(ids(0)), precision: .f32)).values()
    }
}
