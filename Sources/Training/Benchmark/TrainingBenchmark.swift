import Adapters
import Datasets
import Foundation
import Kernels
import Models
import Tensors

/// Steps of the same ``Trainer`` that `graft train` runs, timed.
public struct TrainingBenchmark {
    /// What is measured.
    public struct Settings: Sendable {
        /// Tokens of a sequence.
        public var sequence = 512
        /// Sequences of a step.
        public var batch = 4
        /// Sequences in memory at once; nil leaves the choice to the trainer.
        public var micro: Int?
        /// Blocks, from the top, that keep their activations; nil: all.
        public var blocksKept: Int?
        /// Rank of the adapters on all linear layers.
        public var rank = 16
        /// Share of each sequence, from its start, that carries no loss.
        public var masked = 0.5
        /// Steps that count; one more goes before them.
        public var steps = 5
        /// The type of the products' operands.
        public var precision = ElementType.bf16
        /// The defaults: the shape that comparisons in the documentation use.
        public init() {}
    }

    /// What was measured: medians over the counted steps.
    public struct Result: Sendable {
        /// Seconds of a step.
        public var stepSeconds: Double
        /// All tokens a second.
        public var tokensPerSecond: Double
        /// Largest resident memory of the process, in bytes.
        public var peakMemory: Int
        /// Arithmetic of the frozen products and the head, in 10⁹ operations a second of the whole step.
        public var gigaflops: Double
        /// 512×4864×896 x·Wᵀ in the same precision, measured between the steps, in 10⁹ operations a second.
        public var productPeak: Double
        /// Seconds by phase.
        public var phases: [(name: String, seconds: Double)]
        /// The loss of every step, for comparing with a run of `graft train`.
        public var losses: [Double]

        /// How much of the step the arithmetic of the frozen products and the head would fill at the product peak.
        public var shareOfFloor: Double { gigaflops / productPeak }
    }

    private let trainer: Trainer
    private let settings: Settings
    private let operations: Double

    /// Prepares a model of whatever files, with new adapters on all linear layers.
    public init(_ files: ModelFiles, _ settings: Settings) throws {
        self.settings = settings
        var adapter = LoRASettings()
        adapter.rank = settings.rank
        adapter.alpha = Double(2 * settings.rank)
        let model = Transformer(files, mode: try AdapterPlan(adapter, for: files).mode)
        model.initialiseAdapters(seed: 42)
        if let kept = settings.blocksKept { model.blocksKept = kept }
        var trainerSettings = TrainerSettings(
            schedule: Schedule(shape: .constant, peak: 1e-4, warmupRatio: 0, totalSteps: settings.steps + 1),
            precision: settings.precision, seed: 42, microBatchSize: settings.micro)
        trainerSettings.rowsPerMicroBatch = Forecast.comfortableRows(model, precision: settings.precision)
        trainer = Trainer(model, trainerSettings)
        let tokens = settings.sequence * settings.batch
        let targets = settings.batch * (settings.sequence - Int(Double(settings.sequence) * settings.masked))
        operations =
            Forecast(
                model, tokens: tokens, targets: targets, micro: tokens, blocksKept: .max, precision: settings.precision,
                checkpoints: 0
            ).operationsPerStep
    }

    /// The rows every step trains on: token ids drawn from a fixed seed.
    public static func batch(_ settings: Settings, vocabulary: Int, step: Int) -> StepBatch {
        var draws = NormalDraws(seed: UInt64(step), name: "benchmark")
        return StepBatch(
            sequences: (0..<settings.batch).map { number in
                let ids = (0..<settings.sequence).map { _ in Int32(draws.uniform() * Double(vocabulary)) }
                let first = Int(Double(settings.sequence) * settings.masked)
                var batch = Batch()
                batch.append(
                    Sample(ids: ids, targets: ids.indices.map { $0 >= first }, turnEnd: .notTemplated), number: number)
                return batch
            })
    }

    /// Runs the steps; `progress` is told each one's report, and may throw to end the work.
    public func run(progress: (StepReport) throws -> Void = { _ in }) throws -> Result {
        let profile = Profile()
        var (seconds, peaks, losses): ([Double], [Double], [Double]) = ([], [], [])
        var phases: [Profile.Phase: [Double]] = [:]
        for step in 0...settings.steps {
            let batch = Self.batch(settings, vocabulary: trainer.model.config.vocabularySize, step: step)
            profile.reset()
            let report = try profile.during { try trainer.step(batch) }
            try progress(report)
            losses.append(report.loss)
            peaks += ProductPeak.measure(settings.precision, runs: 4)
            if step == 0 { continue }
            seconds.append(report.seconds)
            let known = profile.seconds
            for phase in Profile.Phase.allCases where phase != .pointwise {
                phases[phase, default: []].append(known[phase] ?? 0)
            }
            phases[.pointwise, default: []].append(report.seconds - known.values.reduce(0, +))
        }
        let step = seconds.median
        return Result(
            stepSeconds: step, tokensPerSecond: Double(settings.sequence * settings.batch) / step,
            peakMemory: Machine.peakMemory, gigaflops: operations / step / 1e9, productPeak: peaks.median,
            phases: Profile.Phase.allCases.map { ($0.rawValue, (phases[$0] ?? []).median) }, losses: losses)
    }
}

/// The speed of one large product, which the share of the floor is counted against.
public enum ProductPeak {
    /// 10⁹ operations a second of 512×4864×896 x·Wᵀ, one number a run.
    public static func measure(_ type: ElementType, runs: Int = 20) -> [Double] {
        let (rows, columns, inner) = (512, 4864, 896)
        let x = Tensor(zeros: rows, inner, type)
        let w = Tensor(zeros: columns, inner, type)
        let y = Tensor(uninitialized: rows, columns)
        return (0..<runs).map { _ in
            let start = ContinuousClock.now
            Product.multiply(
                Operand(x.pointer, stride: inner, type: type),
                Operand(w.pointer, stride: inner, type: type, transposed: true),
                into: Destination(y.pointer, stride: columns), rows: rows, columns: columns, inner: inner)
            return 2 * Double(rows * columns * inner) / (ContinuousClock.now - start).seconds / 1e9
        }
    }
}
