import Datasets
import Foundation
import Kernels
import Models
import Tensors

/// Losses of samples: every token that carries loss is predicted from what stands before it.
struct LikelihoodPass {
    let model: Transformer
    let precision: ElementType
    var limits = EvaluationLimits()

    /// `−Σ ln p` over the targets of each sample. Told how many samples are done after every batch.
    func losses(_ samples: [Sample], done: (Range<Int>, [Double]) throws -> Void) rethrows {
        let inputs = samples.map { Array($0.ids.dropLast()) }
        for range in model.batches(of: inputs, rowsPerPass: limits.tokensPerPass) {
            let batch = Batch(samples[range])
            guard !batch.targets.isEmpty else {
                try done(range, Array(repeating: 0, count: range.count))
                continue
            }
            let losses = Recording.off {
                model.loss(
                    model.hiddenStates(batch.tokens, rows: batch.rows, precision: precision), targets: batch.targets
                ).losses
            }
            try done(range, batch.sums(losses.map { Double($0) }, range.count))
        }
    }

    /// `Σ KL(base ‖ model)` over the targets of each sample: where the base expects other tokens than the model.
    ///
    /// With the logits a of the base and b of the model, `KL = Σ p_a (a − b) − ln Σ e^a + ln Σ e^b`.
    func divergences(
        from base: Transformer, _ samples: [Sample], done: (Range<Int>, [Double]) throws -> Void
    ) rethrows {
        let inputs = samples.map { Array($0.ids.dropLast()) }
        for range in model.batches(of: inputs, rowsPerPass: limits.tokensPerPass) {
            let batch = Batch(samples[range])
            let values = Recording.off {
                let a = base.hiddenStates(batch.tokens, rows: batch.rows, precision: precision)
                let b = model.hiddenStates(batch.tokens, rows: batch.rows, precision: precision)
                // Logits of all rows at once would be large: a row of them is as long as the vocabulary.
                return stride(from: 0, to: a.rows, by: 64).flatMap { first in
                    let rows = first..<min(a.rows, first + 64)
                    return Self.divergence(base.logits(a.view(rows: rows)), model.logits(b.view(rows: rows)))
                }
            }
            try done(range, batch.sums(values, range.count))
        }
    }

    private static func divergence(_ a: Tensor, _ b: Tensor) -> [Double] {
        var result = [Double](repeating: 0, count: a.rows)
        result.withUnsafeMutableBufferPointer { result in
            Pool.run(a.rows) { row in
                let (x, y) = (a.floats + row * a.stride, b.floats + row * b.stride)
                let weights = UnsafeMutablePointer<Float>.allocate(capacity: a.columns)
                defer { weights.deallocate() }
                func maximum(_ values: UnsafePointer<Float>) -> Float {
                    Choosing.largest(values, count: a.columns).map { values[$0] } ?? .nan
                }
                let (mx, my) = (maximum(x), maximum(y))
                let sumY = Choosing.exponentials(y, count: a.columns, maximum: my, scale: 1, into: weights)
                let sumX = Choosing.exponentials(x, count: a.columns, maximum: mx, scale: 1, into: weights)
                var weighted = 0.0
                for i in 0..<a.columns where weights[i] > 0 {
                    weighted += Double(weights[i] * ((x[i] - mx) - (y[i] - my)))
                }
                result[row] = max(0, weighted / sumX - log(sumX) + log(sumY))
            }
        }
        withExtendedLifetime((a, b)) {}
        return result
    }

    /// Samples laid one after the other, without their last tokens, after which nothing is predicted.
    private struct Batch {
        var tokens: TokenBatch
        var rows: [Int32] = []
        var targets: [Int32] = []
        var owners: [Int] = []

        init(_ samples: ArraySlice<Sample>) {
            var starts: [Int] = []
            var ids: [Int32] = []
            for (number, sample) in samples.enumerated() {
                starts.append(ids.count)
                for at in sample.ids.indices where sample.targets[at] {
                    rows.append(Int32(ids.count + at - 1))
                    targets.append(sample.ids[at])
                    owners.append(number)
                }
                ids += sample.ids.dropLast()
            }
            tokens = TokenBatch(tokens: ids, segmentStarts: starts)
        }

        func sums(_ values: [Double], _ count: Int) -> [Double] {
            var sums = [Double](repeating: 0, count: count)
            for (owner, value) in zip(owners, values) { sums[owner] += value }
            return sums
        }
    }
}
