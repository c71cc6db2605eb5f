import Dispatch
import OrderedJSON
import Synchronization

/// How much an epoch is: counted where every row has been read, else estimated from rows spread over the files.
public struct EpochSize: Sendable, Equatable {
    /// Samples.
    public var samples = 0
    /// Their tokens.
    public var tokens = 0
    /// Those of them that carry loss.
    public var targets = 0
    /// Optimiser steps.
    public var steps = 0
    /// Tokens of the longest sample that is known of.
    public var longest = 0
    /// Whether these are estimates.
    public var isEstimate = false

    /// Rows that an estimate reads.
    private static let sampled = 2048

    /// The first epoch of a corpus under a plan.
    init(_ corpus: Corpus, _ plan: BatchPlan) {
        longest = corpus.summary.longest
        guard let table = corpus.samples else {
            estimate(corpus, plan)
            return
        }
        let order = plan.order(of: corpus, epoch: 0)
        var packing = StepPacking<Void>(plan)
        for position in 0..<order.count {
            let size = table.size(order[position])
            samples += 1
            tokens += size.tokens
            targets += size.targets
            if packing.take((), length: size.tokens) { continue }
            steps += 1
            packing = StepPacking(plan)
            _ = packing.take((), length: size.tokens)
        }
        if !packing.sequences.isEmpty { steps += 1 }
    }

    private mutating func estimate(_ corpus: Corpus, _ plan: BatchPlan) {
        isEstimate = true
        longest = plan.maxLength
        let order = plan.order(of: corpus, epoch: 0)
        let wanted = min(Self.sampled, order.count)
        let rows = Self.read(corpus, (0..<wanted).map { order[$0 * order.count / wanted] })
        var packing = StepPacking<Void>(plan)
        var (sequences, used) = (0, 0)
        for (number, row) in rows.enumerated() {
            for size in row where !packing.take((), length: size.tokens) {
                sequences += packing.sequences.count
                used = number
                packing = StepPacking(plan)
                _ = packing.take((), length: size.tokens)
            }
        }
        // So few tokens that not even one step was filled.
        if used == 0 { (sequences, used) = (max(1, packing.sequences.count), wanted) }
        let all = Double(order.count)
        func total(_ count: (SampleTable.Size) -> Int) -> Int {
            Int((Double(rows.joined().reduce(0) { $0 + count($1) }) / Double(max(1, wanted)) * all).rounded())
        }
        samples = total { _ in 1 }
        tokens = total(\.tokens)
        targets = total(\.targets)
        let perUnit = Double(sequences) / Double(max(1, used))
        steps = max(1, Int((perUnit * all / Double(plan.batchSize)).rounded(.up)))
    }

    /// What some rows give, read on all cores; of faulty ones nothing.
    private static func read(_ corpus: Corpus, _ units: [Int]) -> [[SampleTable.Size]] {
        let chunk = 64
        let found = Mutex([[SampleTable.Size]](repeating: [], count: units.count))
        DispatchQueue.concurrentPerform(iterations: (units.count + chunk - 1) / chunk) { number in
            let parser = JSONParser()
            var divided = DividedRows()
            for at in number * chunk..<min((number + 1) * chunk, units.count) {
                let samples = (try? corpus.make(units[at], parser: parser, &divided).samples) ?? []
                let sizes = samples.map { SampleTable.Size(tokens: $0.count, targets: $0.targetCount) }
                found.withLock { $0[at] = sizes }
            }
        }
        return found.withLock { $0 }
    }
}
