import Diagnostics

/// Samples one after the other, never padded. Each is a segment that attends to itself only.
public struct Batch: Sendable, Equatable {
    /// The tokens of all segments.
    public private(set) var tokens: [Int32] = []
    /// `targets[i]` says that predicting `tokens[i]` from what precedes it in its segment carries loss; never true for
    /// the first token of a segment.
    public private(set) var targets: [Bool] = []
    /// Where each segment begins in `tokens`; the first is 0.
    public private(set) var segmentStarts: [Int] = []
    /// The number of each segment's sample within its optimiser step, however the step is cut into micro-batches.
    public private(set) var segmentNumbers: [Int] = []

    /// Nothing yet.
    public init() {}

    /// Appends a sample as a segment.
    public mutating func append(_ sample: Sample, number: Int) {
        segmentStarts.append(tokens.count)
        segmentNumbers.append(number)
        tokens += sample.ids
        targets += sample.targets
    }

    /// Several batches as one.
    public static func joined(_ batches: some Sequence<Batch>) -> Batch {
        var all = Batch()
        for batch in batches {
            all.segmentStarts += batch.segmentStarts.map { $0 + all.tokens.count }
            all.segmentNumbers += batch.segmentNumbers
            all.tokens += batch.tokens
            all.targets += batch.targets
        }
        return all
    }

    /// The tokens of each segment, as ranges of `tokens`.
    public var segments: [Range<Int>] {
        zip(segmentStarts, segmentStarts.dropFirst() + [tokens.count]).map { $0..<$1 }
    }

    /// How many tokens carry loss.
    public var targetCount: Int { targets.reduce(0) { $0 + ($1 ? 1 : 0) } }
}

/// What one optimiser step is made of.
public struct StepBatch: Sendable, Equatable {
    /// The sequences; a micro-batch takes some of them, with ``Batch/joined(_:)``.
    public var sequences: [Batch]
    /// The epoch the samples are from, from 0.
    public var epoch: Int
    /// Where the next step goes on.
    public var next: DataCursor
    /// Whether no sample of the epoch is left.
    public var isLastOfEpoch = false
    /// Rows passed by on the way here that turned out to be faulty, of files too large to be read in full beforehand.
    public var leftOut: [Problem] = []
    /// Samples passed by that are longer than a sequence.
    public var dropped = 0

    /// A step of given sequences.
    public init(sequences: [Batch], epoch: Int = 0, next: DataCursor = DataCursor()) {
        self.sequences = sequences
        self.epoch = epoch
        self.next = next
    }

    /// How many tokens carry loss in the whole step.
    public var targetCount: Int { sequences.reduce(0) { $0 + $1.targetCount } }
    /// How many tokens there are in the whole step.
    public var tokenCount: Int { sequences.reduce(0) { $0 + $1.tokens.count } }
}

/// A place in the order of samples: all a resume needs to go on with the same data.
public struct DataCursor: Sendable, Equatable {
    /// Complete epochs before this place.
    public var epoch: Int
    /// Samples of this epoch before this place; rows where samples are not known.
    public var position: Int
    /// Samples of the row at this place that are done.
    public var part: Int

    /// A place; the beginning unless said otherwise.
    public init(epoch: Int = 0, position: Int = 0, part: Int = 0) {
        self.epoch = epoch
        self.position = position
        self.part = part
    }
}
