import Adapters
import Foundation
import Kernels
import Models
import OrderedJSON
import Tensors
import Testing
import Training
import WeightFiles

/// Twelve AdamW steps from the same adapter on the same rows as PyTorch + PEFT (scripts/fixtures).
@Suite("Training curves")
struct CurveTests {
    @Test(arguments: ["llama", "qwen2", "mistral-tied", "qwen3-bias", "mixtral-window", "granite-head"])
    func followPyTorch(_ name: String) throws {
        let facts = try JSONValue(contentsOfFile: fixture(name) + "/training.json")
        let expected = try #require(facts["steps"]?.arrayValue)
        let files = try ModelFiles.open(directory: fixture(name))
        let adapter = try PEFTFiles.open(fixture(name) + "/adapter", for: files)
        let model = Transformer(files, mode: adapter.plan.mode)
        adapter.load(into: model)
        var settings = TrainerSettings(
            schedule: Schedule(
                shape: Schedule.Shape(rawValue: facts["scheduler"]?.stringValue ?? "") ?? .constant,
                peak: facts["learning_rate"]?.doubleValue ?? 0, warmupRatio: facts["warmup_ratio"]?.doubleValue ?? 0,
                totalSteps: expected.count),
            precision: .f32, seed: 1)
        settings.optimizer.weightDecay = facts["weight_decay"]?.doubleValue ?? 0
        let trainer = Trainer(model, settings)
        let rows = try samples(fixture(name) + "/train.jsonl")
        let size = facts["batch_size"]?.intValue ?? 2
        for (i, step) in expected.enumerated() {
            let report = try trainer.step(stepBatch((0..<size).map { rows[(i * size + $0) % rows.count] }))
            let (loss, norm) = (step["loss"]?.doubleValue ?? .nan, step["grad_norm"]?.doubleValue ?? .nan)
            #expect(abs(report.loss - loss) < 1e-3, "step \(i + 1): loss \(report.loss), PyTorch \(loss)")
            #expect(
                abs(report.gradientNorm - norm) < 0.01 * norm, "step \(i + 1): norm \(report.gradientNorm), \(norm)")
            #expect(abs(report.learningRate - (step["learning_rate"]?.doubleValue ?? .nan)) < 1e-9)
            #expect(report.targetTokens == step["target_tokens"]?.intValue)
        }
        let trained = try WeightStore.open(fixture(name) + "/trained/adapter_model.safetensors")
        for adapter in model.adapters {
            let prefix = "base_model.model.\(adapter.module.path)."
            for (suffix, value) in [("lora_A", adapter.aValue), ("lora_B", adapter.bValue.transposed())] {
                let reference = try #require(trained[prefix + suffix + ".weight"]?.floats())
                let difference = zip(value.values(), reference).map { abs($0 - $1) }.max() ?? 1
                #expect(difference < 2e-3, "\(prefix)\(suffix): \(difference)")
            }
        }
    }

    @Test func schedulesEndWhereTheyShould() {
        for shape in [Schedule.Shape.linear, .cosine] {
            let schedule = Schedule(shape: shape, peak: 1, minimum: 0.1, warmupRatio: 0.1, totalSteps: 100)
            #expect(schedule.rate(at: 0) == 0)
            #expect(schedule.rate(at: 10) == 1)
            #expect(abs(schedule.rate(at: 100) - 0.1) < 1e-12)
            #expect((10..<100).allSatisfy { schedule.rate(at: $0) > schedule.rate(at: $0 + 1) })
        }
        #expect(Schedule(shape: .constant, peak: 1, warmupRatio: 0, totalSteps: 5).rate(at: 4) == 1)
    }
}
