import Adapters
import Datasets
import Diagnostics
import Foundation
import Kernels
import Models
import Tensors
import Testing
import Training

/// Properties of one optimiser step.
@Suite("Steps")
struct StepTests {
    private func trainer(_ dropout: Double = 0, micro: Int?, kept: Int = .max) throws -> Trainer {
        let files = try ModelFiles.open(directory: fixture("qwen3"))
        var settings = LoRASettings()
        settings.rank = 4
        settings.dropout = dropout
        let model = Transformer(files, mode: try AdapterPlan(settings, for: files).mode)
        model.initialiseAdapters(seed: 3)
        for adapter in model.adapters {  // B must not be zero, or A has no gradient
            adapter.bValue.copy(
                Tensor(
                    (0..<adapter.b.count).map { Float($0 % 7) * 0.01 - 0.03 }, rows: adapter.b.rows,
                    columns: adapter.b.columns))
            adapter.b.valueChanged()
        }
        model.blocksKept = kept
        return Trainer(
            model,
            TrainerSettings(
                schedule: Schedule(shape: .constant, peak: 1e-3, warmupRatio: 0, totalSteps: 9), precision: .f32,
                seed: 5,
                microBatchSize: micro))
    }

    @Test("cutting a step into micro-batches changes nothing", arguments: [0, 0.2])
    func microBatches(_ dropout: Double) throws {
        let rows = try samples(fixture("llama") + "/train.jsonl").prefix(4)
        let (whole, cut) = (try trainer(dropout, micro: 4), try trainer(dropout, micro: 1))
        for _ in 0..<3 {
            let (a, b) = (try whole.step(stepBatch(rows)), try cut.step(stepBatch(rows)))
            #expect(abs(a.loss - b.loss) < 1e-5)
            #expect(abs(a.gradientNorm - b.gradientNorm) < 1e-4 * a.gradientNorm)
        }
    }

    @Test func computingActivationsAgainChangesNothing() throws {
        let rows = try samples(fixture("llama") + "/train.jsonl").prefix(4)
        let (kept, again) = (try trainer(0.2, micro: 2), try trainer(0.2, micro: 2, kept: 1))
        for _ in 0..<3 {
            let (a, b) = (try kept.step(stepBatch(rows)), try again.step(stepBatch(rows)))
            #expect(abs(a.loss - b.loss) < 1e-6)
            #expect(abs(a.gradientNorm - b.gradientNorm) < 1e-5 * a.gradientNorm)
        }
    }

    @Test func sampleOneDoesNotTouchSampleTwo() throws {
        let rows = try samples(fixture("llama") + "/train.jsonl")
        let model = try trainer(micro: 1).model
        func second(_ first: [Int32]) -> [Float] {
            let batch = TokenBatch(tokens: first + rows[1].ids, segmentStarts: [0, first.count])
            let hidden = model.hiddenStates(batch, precision: .f32)
            return hidden.view(rows: first.count..<hidden.rows).values()
        }
        #expect(second(rows[0].ids) == second(rows[0].ids.map { ($0 + 1) % 100 }))
    }

    @Test func aGradientThatIsNotFiniteStopsBeforeAnythingChanges() throws {
        let rows = try samples(fixture("llama") + "/train.jsonl").prefix(2)
        let trainer = try trainer(micro: 2)
        let poisoned = try #require(trainer.model.adapters.last)
        poisoned.aValue.copy(
            Tensor(
                [Float](repeating: .infinity, count: poisoned.a.count), rows: poisoned.a.rows,
                columns: poisoned.a.columns))
        poisoned.a.valueChanged()
        let before = trainer.model.adapters[0].bValue.values()
        #expect(throws: RunFailure.self) { try trainer.step(stepBatch(rows)) }
        #expect(trainer.model.adapters[0].bValue.values() == before)
        #expect(trainer.step == 0)
    }

    /// Gemma's files hold its norms' difference from 1, and that is what torch's decay makes smaller.
    @Test func weightDecayMakesStoredNumbersSmaller() throws {
        let files = try ModelFiles.open(directory: fixture("gemma"))
        let rows = try samples(fixture("llama") + "/train.jsonl").prefix(2).map { sample in
            var sample = sample
            sample.ids = sample.ids.map { $0 % 100 }
            return sample
        }
        func stored(decay: Double) throws -> [Float] {
            let model = Transformer(files, mode: .full(seed: 1))
            var settings = TrainerSettings(
                schedule: Schedule(shape: .constant, peak: 0.1, warmupRatio: 0, totalSteps: 9), precision: .f32, seed: 5
            )
            settings.optimizer.weightDecay = decay
            _ = try Trainer(model, settings).step(stepBatch(rows[...]))
            let norms = model.trainedWeights.filter { $0.tensor.contains("norm") }
            #expect(norms.count == 5 && norms.allSatisfy { $0.offset == 1 })
            return norms.flatMap { weight in weight.parameter.value.values().map { $0 - weight.offset } }
        }
        let before = Transformer(files, mode: .full(seed: 1)).trainedWeights.filter { $0.tensor.contains("norm") }
            .flatMap { weight in weight.parameter.value.values().map { $0 - weight.offset } }
        let (without, with) = (try stored(decay: 0), try stored(decay: 0.5))
        #expect(zip(before, zip(without, with)).allSatisfy { abs($1.0 - 0.05 * $0 - $1.1) < 2e-6 })
    }

    @Test func memoryDoesNotGrowFromStepToStep() throws {
        let rows = try samples(fixture("llama") + "/train.jsonl").prefix(4)
        let trainer = try trainer(micro: 2)
        for _ in 0..<2 { _ = try trainer.step(stepBatch(rows)) }
        let used = Arena.shared.usage.used
        for _ in 0..<10 { _ = try trainer.step(stepBatch(rows)) }
        // Other tests run beside this one; what must not happen is that every step leaves its activations behind.
        #expect(Arena.shared.usage.used - used < 64 << 20)
    }
}
