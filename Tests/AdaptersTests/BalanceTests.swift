import Adapters
import Foundation
import Kernels
import Models
import OrderedJSON
import Tensors
import Testing
import WeightFiles

/// The routers' load balancing loss against transformers' `load_balancing_loss_func`.
@Suite("Load balancing loss")
struct BalanceTests {
    static let names = ParityTests.fixtures.filter {
        FileManager.default.fileExists(atPath: "\(ParityTests.root)/\($0)/balance.safetensors")
    }

    @Test(
        .disabled(if: ProcessInfo.processInfo.environment["GRAFT_PARITY_MODELS"] != nil, "other models are asked for"))
    func fixturesAreThere() { #expect(Self.names.count == 6) }

    /// How the step is cut: both sequences in one pass, or one after the other when their choices have been counted.
    enum Cut: CaseIterable { case together, apart }

    @Test("its value and its gradients are PyTorch's", arguments: names, Cut.allCases)
    func parity(_ name: String, _ cut: Cut) throws {
        let fixture = try Fixture(name)
        let reference = try WeightStore.open(fixture.path + "/balance.safetensors")
        let expected = try #require(reference.metadata["aux_loss"].flatMap(Double.init))
        for kept in [Int.max, 1] {
            let model = try fixture.adapted("adapter")
            model.blocksKept = kept
            let balance = try #require(model.config.expertBalance(coefficient: 0.7))
            try fixture.balancedBackward(model, balance, cut)
            #expect(abs(balance.loss - expected) < 1e-4, "\(name): \(balance.loss), not \(expected)")
            for adapter in model.adapters {
                let path = "grad.base_model.model.\(adapter.module.path)."
                for (found, end) in [
                    (adapter.a.gradient.view(rows: adapter.aRows).values(), "lora_A.weight"),
                    (adapter.b.gradient.transposed().values(), "lora_B.weight"),
                ] {
                    let wanted = try #require(reference[path + end]?.floats())
                    let off = zip(found, wanted).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }.squareRoot()
                    let size = wanted.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
                    #expect(off <= 1e-3 * size + 1e-7, "\(name) \(path)\(end): \(off) of \(size)")
                }
            }
        }
    }

    @Test(arguments: ["llama", "deepseek-v2", "deepseek-v3", "llama4"])
    func othersHaveNone(_ name: String) throws {
        let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/models/\(name)").path
        let files = try ModelFiles.open(directory: directory)
        #expect(files.description.config.expertBalance(coefficient: 1) == nil)
    }
}

extension Fixture {
    /// The gradients of the mean loss and the balance's loss over both sequences.
    fileprivate func balancedBackward(_ model: Transformer, _ balance: ExpertBalance, _ cut: BalanceTests.Cut) throws {
        let count = try #require(facts["target_tokens"]?.intValue)
        let both = (0..<2).map { (ids: ids($0), labels: integers("labels.\($0)")) }
        let passes = cut == .together ? [both] : both.map { [$0] }
        for counting in cut == .together ? [false] : [true, false] {
            for pass in passes {
                let (tokens, labels) = (pass.flatMap(\.ids), pass.flatMap(\.labels))
                var starts = [0]
                for part in pass.dropLast() { starts.append(starts[starts.count - 1] + part.ids.count) }
                let batch = TokenBatch(tokens: tokens, segmentStarts: starts)
                if counting {
                    Recording.off { _ = model.hiddenStates(batch, rows: [0], precision: .f32, balance: balance) }
                    continue
                }
                let rows = tokens.indices.dropLast().filter { labels[$0 + 1] >= 0 && !starts.contains($0 + 1) }
                let hidden = model.hiddenStates(batch, rows: rows.map { Int32($0) }, precision: .f32, balance: balance)
                let (sum, _) = model.loss(hidden, targets: rows.map { labels[$0 + 1] })
                balance.close()
                sum.backward(seed: 1 / Float(count))
            }
            if counting { balance.close() }
        }
    }
}
