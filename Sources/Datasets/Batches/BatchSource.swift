import OrderedJSON

/// The steps of a corpus under a plan: how many there are, and each of them from any cursor on.
public struct BatchSource: Sendable {
    /// The samples.
    public let corpus: Corpus
    /// How they are ordered and packed.
    public let plan: BatchPlan

    /// The steps of `corpus` as `plan` has them.
    public init(corpus: Corpus, plan: BatchPlan) {
        self.corpus = corpus
        self.plan = plan
    }

    private func order(of epoch: Int) -> [UInt32] {
        let files = corpus.files.indices.map { corpus.samples.samples(ofFile: $0) }
        return plan.order(files: files, weights: corpus.weights, epoch: epoch)
    }

    /// How many steps an epoch has. Epochs in different orders may differ by a few.
    public func stepCount(ofEpoch epoch: Int) -> Int {
        let order = order(of: epoch)
        var (steps, position) = (0, 0)
        while position < order.count {
            position = plan.step(in: order, at: position, length: corpus.length).next
            steps += 1
        }
        return steps
    }

    /// How many steps a number of epochs has; of a broken one the share, rounded up.
    public func stepCount(epochs: Double) -> Int {
        let whole = Int(epochs.rounded(.down))
        let complete = (0..<whole).reduce(0) { $0 + stepCount(ofEpoch: $1) }
        let share = epochs - Double(whole)
        return complete + (share > 0 ? Int((share * Double(stepCount(ofEpoch: whole))).rounded(.up)) : 0)
    }

    /// How many tokens the first steps have. Beyond some epochs their mean is taken for the others.
    public func tokenCount(steps: Int) -> Double {
        let mostEpochs = 8
        var (done, tokens) = (0, 0)
        for epoch in 0..<mostEpochs where done < steps {
            let order = order(of: epoch)
            if order.isEmpty { break }
            var position = 0
            while position < order.count && done < steps {
                let step = plan.step(in: order, at: position, length: corpus.length)
                for sequence in step.sequences { for sample in sequence { tokens += corpus.length(of: sample) } }
                position = step.next
                done += 1
            }
        }
        return done == 0 ? 0 : Double(tokens) / Double(done) * Double(steps)
    }

    /// The steps from a cursor on, epoch after epoch without end (of an empty corpus none).
    public func steps(from cursor: DataCursor = DataCursor()) -> Steps { Steps(source: self, cursor: cursor) }

    /// Makes one step after the other. For one task at a time.
    public struct Steps {
        private let source: BatchSource
        private let parser = JSONParser()
        private var cursor: DataCursor
        private var order: [UInt32]

        init(source: BatchSource, cursor: DataCursor) {
            self.source = source
            self.cursor = cursor
            order = source.order(of: cursor.epoch)
        }

        /// The next step; nil only when there are no samples at all.
        ///
        /// - Throws: ``Problem`` when a data file has changed since it was read first.
        public mutating func next() throws -> StepBatch? {
            if cursor.position >= order.count {
                cursor = DataCursor(epoch: cursor.epoch + 1)
                order = source.order(of: cursor.epoch)
                if order.isEmpty { return nil }
            }
            let step = source.plan.step(in: order, at: cursor.position, length: source.corpus.length)
            var sequences: [Batch] = []
            var number = 0
            for samples in step.sequences {
                var sequence = Batch()
                for sample in samples {
                    sequence.append(try source.corpus.sample(sample, parser: parser), number: number)
                    number += 1
                }
                sequences.append(sequence)
            }
            let epoch = cursor.epoch
            cursor.position = step.next
            var batch = StepBatch(sequences: sequences, epoch: epoch, next: cursor)
            batch.isLastOfEpoch = cursor.position >= order.count
            return batch
        }
    }
}
