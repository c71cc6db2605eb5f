import Foundation
import Kernels
import Models
import OrderedJSON
import Tensors

/// How far a model's predictions are from a reference's.
public struct Divergence: Sendable, Equatable {
    /// Predictions compared.
    public private(set) var positions = 0
    /// Largest |ln p − ln p_reference| of the tokens that the sequences really go on with.
    public private(set) var largest = 0.0
    /// KL(reference ‖ model) over the whole vocabulary, the mean over all positions, in nats.
    public var kl: Double { positions == 0 ? 0 : klSum / Double(positions) }
    /// Share of positions at which both think the same token the most probable.
    public var agreement: Double { positions == 0 ? 1 : Double(agreeing) / Double(positions) }
    private var klSum = 0.0
    private var agreeing = 0

    /// For reports.
    public var json: JSONValue {
        [
            "positions": .integer(positions), "largest_logprob_difference": .number(largest), "kl": .number(kl),
            "top1_agreement": .number(agreement),
        ]
    }

    fileprivate mutating func add(_ row: RowDivergence) {
        positions += 1
        // A comparison with a NaN is false: it must not pass for a small difference.
        largest = row.difference.isNaN || largest.isNaN ? .nan : max(largest, row.difference)
        klSum += row.kl
        agreeing += row.agrees ? 1 : 0
    }

    /// Each model's divergence from the reference on the same sequences, computed in f32 products. Logits exist for a
    /// few rows at a time.
    public static func measure(
        _ models: [Transformer], from reference: Transformer, on probes: Probes, progress: () throws -> Void = {}
    ) throws -> [Divergence] {
        for model in models + [reference] { model.releasesWeights = true }
        var results = models.map { _ in Divergence() }
        let sequences = probes.sequences
        for batch in reference.batches(of: sequences) {
            let ids = Array(sequences[batch])
            let (tokens, rows) = Self.predicting(ids)
            let targets = ids.flatMap { $0.dropFirst() }
            let hidden = ([reference] + models).map {
                $0.hiddenStates(tokens, rows: rows, precision: .f32)
            }
            let height = max(1, min(256, (1 << 23) / max(1, reference.config.vocabularySize)))
            for start in stride(from: 0, to: rows.count, by: height) {
                try progress()
                let range = start..<min(rows.count, start + height)
                let expected = reference.logits(hidden[0].view(rows: range))
                for (i, model) in models.enumerated() {
                    let logits = model.logits(hidden[i + 1].view(rows: range))
                    for row in RowDivergence.all(logits, expected, targets: Array(targets[range])) {
                        results[i].add(row)
                    }
                }
            }
        }
        return results
    }

    private static func predicting(_ sequences: [[Int32]]) -> (TokenBatch, rows: [Int32]) {
        var starts: [Int] = []
        var rows: [Int32] = []
        var next = 0
        for ids in sequences {
            starts.append(next)
            rows += (next..<next + ids.count - 1).map { Int32($0) }
            next += ids.count
        }
        return (TokenBatch(tokens: sequences.flatMap { $0 }, segmentStarts: starts), rows)
    }
}

/// One position of a ``Divergence``.
private struct RowDivergence: Sendable {
    var difference = Double.nan
    var kl = Double.nan
    var agrees = false

    static func all(_ logits: Tensor, _ expected: Tensor, targets: [Int32]) -> [RowDivergence] {
        precondition(
            logits.rows == expected.rows && logits.columns == expected.columns && targets.count == logits.rows,
            "divergence of \(logits.rows)×\(logits.columns) from \(expected.rows)×\(expected.columns)")
        var rows = [RowDivergence](repeating: RowDivergence(), count: logits.rows)
        let columns = logits.columns
        // Each index writes its own element, and both tensors are only read.
        rows.withUnsafeMutableBufferPointer { rows in
            nonisolated(unsafe) let out = rows
            nonisolated(unsafe) let (a, b) = (logits.floats, expected.floats)
            let (strideA, strideB) = (logits.stride, expected.stride)
            Pool.run(targets.count) { i in
                out[i] = RowDivergence(
                    UnsafeBufferPointer(start: a + i * strideA, count: columns),
                    UnsafeBufferPointer(start: b + i * strideB, count: columns), target: Int(targets[i]))
            }
        }
        return rows
    }

    private init() {}

    private init(_ p: UnsafeBufferPointer<Float>, _ q: UnsafeBufferPointer<Float>, target: Int) {
        let (p0, q0) = (Normaliser(p), Normaliser(q))
        difference = abs(p0.logProbability(p[target]) - q0.logProbability(q[target]))
        var sum = 0.0
        for i in p.indices {
            let expected = q0.logProbability(q[i])
            let weight = exp(expected)
            if weight != 0 { sum += weight * (expected - p0.logProbability(p[i])) }
        }
        // Rounding can leave a sum of zero slightly negative.
        kl = sum < 0 ? 0 : sum
        agrees = p0.best == q0.best
    }
}

/// What turns one row of logits into log-probabilities.
private struct Normaliser {
    let best: Int
    private let top: Double
    private let logSum: Double

    init(_ logits: UnsafeBufferPointer<Float>) {
        var best = 0
        for i in logits.indices where logits[i] > logits[best] { best = i }
        self.best = best
        let top = Double(logits[best])
        self.top = top
        logSum = log(logits.reduce(0.0) { $0 + exp(Double($1) - top) })
    }

    func logProbability(_ logit: Float) -> Double { Double(logit) - top - logSum }
}
