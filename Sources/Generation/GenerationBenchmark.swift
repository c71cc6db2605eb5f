import Kernels
import Models

/// Prompts of random tokens and their greedy continuations through the same ``Generator`` that `graft generate` uses,
/// timed.
public struct GenerationBenchmark {
    /// What was measured: medians over the runs.
    public struct Result: Sendable {
        /// Rows that were continued together.
        public var batch: Int
        /// Tokens of prompts a second, all rows together.
        public var promptTokensPerSecond: Double
        /// New tokens a second, all rows together.
        public var decodeTokensPerSecond: Double
        /// Milliseconds of one decoding step, whatever the number of rows.
        public var stepMilliseconds: Double
        /// Milliseconds of a step that products with the model's matrices take.
        public var productMilliseconds: Double
    }

    private let model: Transformer
    private let precision: ElementType

    /// Measures a model; ids are drawn from its whole vocabulary.
    public init(_ model: Transformer, precision: ElementType) {
        self.model = model
        self.precision = precision
    }

    /// Continues `batch` prompts of `prompt` tokens by `tokens` tokens, `runs` times and once more before them.
    ///
    /// Prompts differ from their first token on, so nothing is shared. The first tokens belong to the prompts' time.
    ///
    /// - Parameter mayGoOn: asked after every token; may throw to end the work.
    public func run(
        batch: Int, prompt: Int, tokens: Int, runs: Int, mayGoOn: () throws -> Void = {}
    ) throws -> Result {
        precondition(batch > 0 && prompt > 0 && tokens > 1 && runs > 0, "GenerationBenchmark: nothing to measure")
        let profile = Profile()
        var (prompts, steps, products): ([Double], [Double], [Double]) = ([], [], [])
        for run in 0...runs {
            let requests = (0..<batch).map { row in
                GenerationRequest(ids(prompt, seed: UInt64(run * batch + row)), maxTokens: tokens)
            }
            let generator = Generator(model, tokenizer: nil, precision: precision, slots: batch)
            let start = ContinuousClock.now
            var started = 0
            var first = start
            _ = try profile.during {
                try generator.run(
                    requests,
                    onToken: { _, _, _ in
                        try mayGoOn()
                        started += 1
                        if started == batch {
                            first = .now
                            profile.reset()
                        }
                        return true
                    })
            }
            if run == 0 { continue }
            prompts.append((first - start).seconds)
            steps.append((.now - first).seconds / Double(tokens - 1))
            products.append((profile.seconds[.frozenProducts] ?? 0) / Double(tokens - 1))
        }
        let step = steps.median
        return Result(
            batch: batch, promptTokensPerSecond: Double(batch * prompt) / prompts.median,
            decodeTokensPerSecond: Double(batch) / step, stepMilliseconds: step * 1e3,
            productMilliseconds: products.median * 1e3)
    }

    private func ids(_ count: Int, seed: UInt64) -> [Int32] {
        var draws = NormalDraws(seed: seed, name: "benchmark")
        return (0..<count).map { _ in Int32(draws.uniform() * Double(model.config.vocabularySize)) }
    }
}
