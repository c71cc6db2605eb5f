import Diagnostics
import OrderedJSON

/// The steps of a corpus under a plan: how many there are, and each of them from any cursor on.
public struct BatchSource: Sendable {
    /// The samples.
    public let corpus: Corpus
    /// How they are ordered and packed.
    public let plan: BatchPlan
    /// How much the first epoch is.
    public let epoch: EpochSize

    /// The steps of `corpus` as `plan` has them.
    public init(corpus: Corpus, plan: BatchPlan) {
        self.corpus = corpus
        self.plan = plan
        epoch = EpochSize(corpus, plan)
    }

    /// How many steps an epoch has. Epochs in different orders may differ by a few; where samples are not known it is
    /// the estimate for all.
    public func stepCount(ofEpoch epoch: Int) -> Int {
        if epoch == 0 || !corpus.isKnown { return self.epoch.steps }
        return sizes(epoch: epoch).count
    }

    /// The tokens of each step of an epoch whose samples are known.
    private func sizes(epoch: Int) -> [Int] {
        guard let table = corpus.samples else { return [] }
        let order = plan.order(of: corpus, epoch: epoch)
        var steps: [Int] = []
        var packing = StepPacking<Int>(plan)
        func finish() {
            if !packing.sequences.isEmpty { steps.append(packing.sequences.joined().reduce(0, +)) }
            packing = StepPacking(plan)
        }
        for position in 0..<order.count {
            let tokens = table.size(order[position]).tokens
            if packing.take(tokens, length: tokens) { continue }
            finish()
            _ = packing.take(tokens, length: tokens)
        }
        finish()
        return steps
    }

    /// Samples that are put into steps to count them; so many take about a second.
    private static let mostCounted = 1 << 24

    /// How many steps a number of epochs has; of a broken one the share, rounded up. Of more epochs than can be counted
    /// in a second the others are taken to be as long as those counted.
    public func stepCount(epochs: Double) -> Int {
        if !corpus.isKnown { return max(1, Int((epochs * Double(epoch.steps)).rounded(.up))) }
        let whole = Int(epochs.rounded(.down))
        // They differ only where samples in another order share sequences otherwise.
        let most = plan.packing && plan.shuffle ? max(1, Self.mostCounted / max(1, epoch.samples)) : 1
        let counted = min(whole, most)
        let steps = (0..<counted).reduce(0) { $0 + stepCount(ofEpoch: $1) }
        let complete = Int((Double(steps) / Double(max(1, counted)) * Double(whole)).rounded())
        let share = epochs - Double(whole)
        return complete + (share > 0 ? Int((share * Double(stepCount(ofEpoch: whole))).rounded(.up)) : 0)
    }

    /// How many tokens the first steps have. Beyond some epochs their mean is taken for the others.
    public func tokenCount(steps: Int) -> Double {
        if !corpus.isKnown { return Double(epoch.tokens) / Double(max(1, epoch.steps)) * Double(steps) }
        let mostEpochs = 8
        var (done, tokens) = (0, 0)
        for epoch in 0..<mostEpochs where done < steps {
            let sizes = sizes(epoch: epoch).prefix(steps - done)
            if sizes.isEmpty { break }
            tokens += sizes.reduce(0, +)
            done += sizes.count
        }
        return done == 0 ? 0 : Double(tokens) / Double(done) * Double(steps)
    }

    /// The steps from a cursor on, epoch after epoch without end (of an empty corpus none).
    public func steps(from cursor: DataCursor = DataCursor()) -> Steps { Steps(source: self, cursor: cursor) }

    /// Makes one step after the other. For one task at a time.
    public struct Steps {
        private let source: BatchSource
        private let parser = JSONParser()
        private var divided = DividedRows()
        private var cursor: DataCursor
        private var order: EpochOrder
        /// What the unit at the cursor gave, where the step before had no room for it.
        private var waiting: Corpus.Made?
        private var leftOut: [Problem] = []
        private var dropped = 0

        init(source: BatchSource, cursor: DataCursor) {
            self.source = source
            self.cursor = cursor
            order = source.plan.order(of: source.corpus, epoch: cursor.epoch)
        }

        /// The next step; nil only when there are no samples at all.
        ///
        /// - Throws: ``RunFailure`` when a data file has changed since it was read first.
        public mutating func next() throws -> StepBatch? {
            // Of an epoch that was begun, and then of a whole one.
            for _ in 0..<2 {
                if cursor.position >= order.count {
                    cursor = DataCursor(epoch: cursor.epoch + 1)
                    order = source.plan.order(of: source.corpus, epoch: cursor.epoch)
                }
                let epoch = cursor.epoch
                let sequences = try fill()
                if sequences.isEmpty { continue }
                var batch = StepBatch(sequences: sequences, epoch: epoch, next: cursor)
                batch.isLastOfEpoch = cursor.position >= order.count
                (batch.leftOut, batch.dropped) = (leftOut, dropped)
                (leftOut, dropped) = ([], 0)
                return batch
            }
            return nil
        }

        private mutating func fill() throws -> [Batch] {
            var packing = StepPacking<Sample>(source.plan)
            filling: while cursor.position < order.count {
                let made: Corpus.Made
                if let waiting {
                    made = waiting
                } else {
                    made = try source.corpus.make(order[cursor.position], parser: parser, &divided)
                    waiting = made
                    if cursor.part == 0 {
                        if let fault = made.fault { leftOut.append(fault) }
                        dropped += made.dropped
                    }
                }
                while cursor.part < made.samples.count {
                    let sample = made.samples[cursor.part]
                    guard packing.take(sample, length: sample.count) else { break filling }
                    cursor.part += 1
                }
                waiting = nil
                cursor.position += 1
                cursor.part = 0
            }
            var number = 0
            return packing.sequences.map { samples in
                var sequence = Batch()
                for sample in samples {
                    sequence.append(sample, number: number)
                    number += 1
                }
                return sequence
            }
        }
    }
}
