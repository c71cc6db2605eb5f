import Adapters
import Foundation
import Kernels
import Models
import OrderedJSON
import Testing
import Training

/// What is timed is what trains.
@Suite("Benchmark")
struct BenchmarkTests {
    @Test func itsStepsAreTheTrainersOwn() throws {
        let files = try ModelFiles.open(directory: fixture("qwen2"))
        var settings = TrainingBenchmark.Settings()
        (settings.sequence, settings.batch, settings.steps, settings.rank) = (24, 2, 3, 4)
        settings.precision = .f32
        let timed = try TrainingBenchmark(files, settings).run()
        var adapter = LoRASettings()
        (adapter.rank, adapter.alpha) = (4, 8)
        let model = Transformer(files, mode: try AdapterPlan(adapter, for: files).mode)
        model.initialiseAdapters(seed: 42)
        let trainer = Trainer(
            model,
            TrainerSettings(
                schedule: Schedule(shape: .constant, peak: 1e-4, warmupRatio: 0, totalSteps: 4), precision: .f32,
                seed: 42))
        for (step, loss) in timed.losses.enumerated() {
            let batch = TrainingBenchmark.batch(settings, vocabulary: model.config.vocabularySize, step: step)
            #expect(try trainer.step(batch).loss == loss)
        }
        #expect(timed.losses.count == 4)
        #expect(timed.productPeak > 0 && timed.tokensPerSecond > 0)
    }

    @Test(arguments: ModelShape.all.map(\.name)) func shapesAreReadable(_ name: String) throws {
        let shape = try ModelShape.named(name)
        let description = try ModelDescription(configuration: shape.configuration, file: name)
        let numbers = WeightPlan(description) { _ in false }.modules.reduce(0) { $0 + $1.shape.weight.reduce(1, *) }
        let expected = [
            "smollm2-135m": 134.5e6, "qwen2.5-0.5b": 494e6, "llama3.2-1b": 1236e6, "qwen3-4b": 4022e6,
            "llama3.1-8b": 8030e6,
            "mistral-7b": 7248e6,
        ]
        #expect(abs(Double(numbers) / (expected[name] ?? 0) - 1) < 0.005, "\(name): \(numbers)")
    }
}
