/// In which order samples are trained on and how they share optimiser steps: a pure function of the lengths, the seed
/// and the epoch, so that a run continues from a ``DataCursor`` alone.
///
/// One step takes the next samples in order as long as they fit into `batchSize` sequences of `maxLength` tokens, each
/// into the first sequence with room (when order matters, into the last sequence begun); an epoch's last step takes
/// what is left. Without packing a sequence is one sample.
public struct BatchPlan: Sendable {
    /// Sequences in a step.
    public let batchSize: Int
    /// Tokens in a sequence.
    public let maxLength: Int
    /// Several samples in a sequence.
    public let packing: Bool
    /// A new order every epoch.
    public let shuffle: Bool
    /// Where the orders come from.
    public let seed: UInt64

    /// A plan; see the properties.
    public init(batchSize: Int, maxLength: Int, packing: Bool = true, shuffle: Bool = true, seed: UInt64 = 0) {
        precondition(batchSize > 0 && maxLength > 0, "BatchPlan: batchSize \(batchSize), maxLength \(maxLength)")
        self.batchSize = batchSize
        self.maxLength = maxLength
        self.packing = packing
        self.shuffle = shuffle
        self.seed = seed
    }

    /// The units of an epoch in order. A file of weight w gives w times its units: each ⌊w⌋ times and a share of
    /// w − ⌊w⌋ once more, chosen anew every epoch when shuffling, from the file's beginning otherwise.
    func order(of corpus: Corpus, epoch: Int) -> EpochOrder {
        var random = RandomStream(seed: seed, stream: UInt64(epoch))
        if !corpus.isKnown {
            var choosing = shuffle ? random : nil
            let units = WeightedUnits(files: corpus.units, weights: corpus.weights, random: &choosing)
            return EpochOrder(units, units.count > 0 ? choosing?.permutation(of: units.count) : nil)
        }
        var order: [UInt32] = []
        for (file, weight) in zip(corpus.units, corpus.weights) {
            let samples = file.map { UInt32($0) }
            let whole = weight.rounded(.down)
            for _ in 0..<Int(whole) { order += samples }
            let extra = Int((Double(samples.count) * (weight - whole)).rounded())
            guard extra > 0 else { continue }
            var chosen = samples
            if shuffle { random.shuffle(&chosen) }
            order += chosen.prefix(extra)
        }
        if shuffle { random.shuffle(&order) }
        return EpochOrder(order)
    }
}

/// The sequences of one step while they fill.
struct StepPacking<Item> {
    private let plan: BatchPlan
    private(set) var sequences: [[Item]] = []
    private var room: [Int] = []

    init(_ plan: BatchPlan) { self.plan = plan }

    /// Takes an item of a length into a sequence; false when the step has no room for it.
    mutating func take(_ item: Item, length: Int) -> Bool {
        let open = plan.packing ? (plan.shuffle ? 0 : max(0, room.count - 1))..<room.count : 0..<0
        if let place = open.first(where: { room[$0] >= length }) {
            sequences[place].append(item)
            room[place] -= length
        } else if sequences.count < plan.batchSize {
            sequences.append([item])
            room.append(plan.maxLength - length)
        } else {
            return false
        }
        return true
    }
}
