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

    /// The samples of an epoch in order. A file of weight w gives w times its samples: each ⌊w⌋ times and a share of
    /// w − ⌊w⌋ once more, chosen anew every epoch when shuffling, from the file's beginning otherwise.
    func order(files: [Range<Int>], weights: [Double], epoch: Int) -> [UInt32] {
        var random = RandomStream(seed: seed, stream: UInt64(epoch))
        var order: [UInt32] = []
        for (file, weight) in zip(files, weights) {
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
        return order
    }

    /// The sequences of the step that begins at a position of an order, as samples, and the position behind them.
    func step(in order: [UInt32], at position: Int, length: (Int) -> Int) -> (sequences: [[Int]], next: Int) {
        var sequences: [[Int]] = []
        var room: [Int] = []
        var at = position
        while at < order.count {
            let sample = Int(order[at])
            let needed = length(sample)
            let open = packing ? (shuffle ? 0 : max(0, room.count - 1))..<room.count : 0..<0
            if let place = open.first(where: { room[$0] >= needed }) {
                sequences[place].append(sample)
                room[place] -= needed
            } else if sequences.count < batchSize {
                sequences.append([sample])
                room.append(maxLength - needed)
            } else {
                break
            }
            at += 1
        }
        return (sequences, at)
    }
}
