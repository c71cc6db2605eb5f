import Datasets
import Kernels
import Models
import Recipes
import Tensors

/// How the peak of memory grows with the tokens of a micro-batch and with the blocks that keep their activations,
/// measured with small micro-batches in the run's own process.
///
/// For a number of blocks the peak is a constant and a multiple of the tokens. Over the number of blocks it is the
/// larger of two straight lines (the backward pass begins, or a lower block is computed again), so a straight line
/// between the ends is never too low.
struct MemoryProbe {
    private let blocks: Int
    /// Bytes that do not depend on the tokens.
    private let constant: Double
    /// Bytes a token with one block kept, and with all.
    private let perToken: (one: Double, all: Double)
    /// Resident bytes outside the arena.
    private let outside: Int

    /// Runs four micro-batches of up to 128 tokens.
    init(_ plan: RunPlan, _ trainer: Trainer) throws {
        blocks = trainer.model.config.layers.count
        let sequence = max(2, min(128, plan.recipe.data.maxLength))
        func top(_ rows: Int, kept: Int) throws -> Double {
            trainer.model.blocksKept = kept
            Arena.shared.trim()
            _ = try trainer.rehearse(Self.batch(rows, sequence, trainer.model.config.vocabularySize))
            return Double(Arena.shared.usage.top)
        }
        let (few, many) = (64, 128)
        // The first run makes what stays: gradients, prepared products.
        _ = try top(few, kept: 1)
        let one = (try top(few, kept: 1), try top(many, kept: 1))
        let all = blocks > 1 ? (try top(few, kept: blocks), try top(many, kept: blocks)) : one
        let width = Double(many - few)
        perToken = ((one.1 - one.0) / width, (all.1 - all.0) / width)
        constant = max(one.1 - perToken.one * Double(many), all.1 - perToken.all * Double(many))
        Arena.shared.trim()
        let resident = Machine.resident
        // Pages of the weights that these micro-batches have not touched, such as rare rows of the embedding, will
        // come.
        let touched = resident.now - resident.anonymous
        let weights = Forecast.weightBytes(trainer.model)
        let program = 60 << 20
        // Products that oneDNN prepares for lengths that come later (it keeps 256 of them), and the heap of a long run.
        let growth = 24 << 20
        outside = growth + max(0, resident.anonymous - Arena.shared.usage.top) + max(touched, weights + program)
    }

    /// The resident memory of micro-batches of `rows` tokens with `kept` blocks keeping their activations.
    func peak(rows: Int, kept: Int) -> Int {
        let share = blocks > 1 ? Double(min(kept, blocks) - 1) / Double(blocks - 1) : 1
        let slope = perToken.one + (perToken.all - perToken.one) * share
        // Blocks of different lengths leave gaps between each other.
        let gaps = 1.03
        return outside + Int(constant + slope * Double(rows) * gaps)
    }

    /// Rows that all carry loss, the most memory a token can take.
    private static func batch(_ rows: Int, _ sequence: Int, _ vocabulary: Int) -> Batch {
        var draws = NormalDraws(seed: 1, name: "memory")
        var batch = Batch()
        var left = rows
        while left > 1 {
            let count = min(sequence, left)
            let ids = (0..<count).map { _ in Int32(draws.uniform() * Double(vocabulary)) }
            batch.append(
                Sample(ids: ids, targets: ids.indices.map { $0 > 0 }, turnEnd: .notTemplated),
                number: batch.tokens.count)
            left -= count
        }
        return batch
    }
}
