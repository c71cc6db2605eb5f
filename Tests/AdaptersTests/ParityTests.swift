import Adapters
import Foundation
import Kernels
import Models
import OrderedJSON
import Tensors
import Testing
import WeightFiles

/// Every stored tiny model against PyTorch: log-probabilities, loss, and every adapter's gradient by name.
@Suite("Parity with PyTorch")
struct ParityTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/models").path
    // Described, not yet run: mixtures of experts and latent attention.
    static let awaited: [String] = []
    static let fixtures = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted().filter {
        name in
        FileManager.default.fileExists(atPath: "\(root)/\(name)/reference.safetensors")
            && !awaited.contains { name.hasPrefix($0) }
    }

    @Test func fixturesAreThere() { #expect(Self.fixtures.count >= 20) }

    @Test("base model: log-probabilities of every token", arguments: fixtures)
    func base(_ name: String) throws {
        let fixture = try Fixture(name)
        let model = Transformer(fixture.files)
        for i in 0..<2 { try fixture.expectLogits("logits.\(i)", of: model, ids: fixture.ids(i)) }
    }

    @Test("both sequences in one batch see only themselves", arguments: fixtures)
    func segments(_ name: String) throws {
        let fixture = try Fixture(name)
        // Tables that depend on the batch's longest sequence are the one thing sequences share.
        if fixture.dependsOnLength { return }
        let model = Transformer(fixture.files)
        let (a, b) = (fixture.ids(0), fixture.ids(1))
        let both = model.logits(
            model.hiddenStates(TokenBatch(tokens: a + b, segmentStarts: [0, a.count]), precision: .f32))
        let alone = model.logits(model.hiddenStates(TokenBatch(b), precision: .f32)).values()
        let difference =
            zip(both.view(rows: a.count..<a.count + b.count).values(), alone).map { abs($0 - $1) }.max() ?? 1
        #expect(difference < 1e-4, "\(name): \(difference)")
    }

    @Test("adapter: log-probabilities, loss and gradients", arguments: fixtures)
    func adapter(_ name: String) throws {
        let fixture = try Fixture(name)
        let adapter = try PEFTFiles.open(fixture.path + "/adapter", for: fixture.files)
        let model = Transformer(fixture.files, mode: adapter.plan.mode)
        adapter.load(into: model)
        for i in 0..<2 { try fixture.expectLogits("adapted_logits.\(i)", of: model, ids: fixture.ids(i)) }
        for kept in [Int.max, 1] {
            model.blocksKept = kept
            try fixture.expectGradients(model)
        }
    }
}

struct Fixture {
    let path: String
    let files: ModelFiles
    let reference: WeightStore
    let facts: JSONValue

    init(_ name: String) throws {
        path = ParityTests.root + "/" + name
        files = try ModelFiles.open(directory: path)
        reference = try WeightStore.open(path + "/reference.safetensors")
        facts = try JSONValue(parsing: Array(Data(contentsOf: URL(filePath: path + "/reference.json"))))
    }

    var dependsOnLength: Bool { path.contains("dynamic") || path.contains("long") }

    func ids(_ i: Int) -> [Int32] { integers("ids.\(i)") }

    func integers(_ name: String) -> [Int32] {
        guard let tensor = reference[name] else { return [] }
        return (0..<tensor.count).map { Int32(tensor.bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
    }

    /// Largest difference of log-probabilities below 1e-4 (the aim; 1e-3 is the bound asked for).
    func expectLogits(_ name: String, of model: Transformer, ids: [Int32]) throws {
        let logits = model.logits(model.hiddenStates(TokenBatch(ids), precision: .f32))
        let expected = try #require(reference[name]?.floats())
        #expect(logits.rows * logits.columns == expected.count)
        let (a, b) = (logProbabilities(logits.values(), logits.columns), logProbabilities(expected, logits.columns))
        let difference = zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
        #expect(difference < 1e-4, "\(path) \(name): log-probabilities differ by \(difference)")
    }

    func logProbabilities(_ logits: [Float], _ columns: Int) -> [Double] {
        stride(from: 0, to: logits.count, by: columns).flatMap { start in
            let row = logits[start..<start + columns].map(Double.init)
            let top = row.max() ?? 0
            let sum = log(row.reduce(0) { $0 + exp($1 - top) }) + top
            return row.map { $0 - sum }
        }
    }

    func expectGradients(_ model: Transformer) throws {
        for parameter in model.parameters { parameter.clearGradient() }
        var loss = 0.0
        let count = try #require(facts["target_tokens"]?.intValue)
        for i in 0..<2 {
            let (ids, labels) = (ids(i), integers("labels.\(i)"))
            let rows = ids.indices.dropLast().filter { labels[$0 + 1] >= 0 }
            let hidden = model.hiddenStates(TokenBatch(ids), rows: rows.map { Int32($0) }, precision: .f32)
            let (sum, losses) = model.loss(hidden, targets: rows.map { labels[$0 + 1] })
            loss += losses.reduce(0) { $0 + Double($1) }
            sum.backward(seed: 1 / Float(count))
        }
        let expected = try #require(facts["adapted_loss"]?.doubleValue)
        #expect(abs(loss / Double(count) - expected) < 1e-4, "\(path): loss \(loss / Double(count)), not \(expected)")
        for adapter in model.adapters {
            let name = "grad.base_model.model.\(adapter.module.path)."
            expect(adapter.a.gradient.view(rows: adapter.aRows).values(), name + "lora_A.weight")
            expect(adapter.b.gradient.transposed().values(), name + "lora_B.weight")
        }
    }

    private func expect(_ gradient: [Float], _ name: String) {
        guard let expected = reference[name]?.floats() else {
            Issue.record("\(path): no reference \(name)")
            return
        }
        let difference = zip(gradient, expected).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }.squareRoot()
        let size = expected.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        // Relative to the reference: a gradient that is zero where the reference's is not fails.
        #expect(difference <= 1e-3 * size + 1e-7, "\(path) \(name): relative error \(difference / size)")
    }
}
