import Kernels
import Randomness

/// How a next token is chosen. The defaults choose the likeliest.
public struct Sampling: Sendable, Equatable {
    /// Divides the logits; 0 takes the likeliest token.
    public var temperature = 0.0
    /// Only the `topK` likeliest tokens; 0 for all.
    public var topK = 0
    /// Only the likeliest tokens that together have this probability; 1 for all.
    public var topP = 1.0
    /// Only tokens with at least this share of the likeliest one's probability; 0 for all.
    public var minP = 0.0
    /// Divides positive logits of tokens that are already there, multiplies negative ones; 1 changes nothing.
    public var repetitionPenalty = 1.0
    /// What chance draws from.
    public var seed: UInt64 = 0

    /// The likeliest token.
    public init() {}

    /// Whether nothing is left to chance.
    public var isGreedy: Bool { temperature == 0 }
}

/// Chooses next tokens for one row. What it draws depends on the seed, the row's key and how many tokens it has chosen:
/// not on the rows beside it.
package struct Chooser {
    package let sampling: Sampling
    private let key: UInt64
    private var drawn: UInt64 = 0

    package init(_ sampling: Sampling, key: UInt64) {
        self.sampling = sampling
        self.key =
            SplitMix64.mixed(sampling.seed &+ SplitMix64.step) ^ SplitMix64.mixed(key &* 0xbf58_476d_1ce4_e5b9 &+ 1)
    }

    /// The next token, or nil when a logit is not a number.
    ///
    /// Penalty, temperature, top-k, top-p and min-p follow each other as in transformers. `logits` are overwritten.
    package mutating func choose(_ logits: UnsafeMutableBufferPointer<Float>, seen: Set<Int32>) -> Int32? {
        guard let start = logits.baseAddress else { return nil }
        penalise(logits, seen)
        guard let largest = Choosing.largest(start, count: logits.count) else { return nil }
        if sampling.isGreedy { return Int32(largest) }
        let weights = UnsafeMutableBufferPointer<Float>.allocate(capacity: logits.count)
        defer { weights.deallocate() }
        guard let weightStart = weights.baseAddress else { return nil }
        let total = Choosing.exponentials(
            start, count: logits.count, maximum: logits[largest], scale: Float(min(1 / sampling.temperature, 1e30)),
            into: weightStart)
        let u = uniform()
        if sampling.topK <= 0 && sampling.topP >= 1 {
            return pick(u, logits.indices.lazy.map { (Int32($0), Double(weights[$0])) }, total: minimum(total, weights))
        }
        let kept = candidates(UnsafeBufferPointer(weights), total: total)
        return pick(u, kept, total: kept.reduce(0) { $0 + $1.1 })
    }

    private func penalise(_ logits: UnsafeMutableBufferPointer<Float>, _ seen: Set<Int32>) {
        let penalty = Float(sampling.repetitionPenalty)
        if penalty == 1 { return }
        for id in seen where logits.indices.contains(Int(id)) {
            logits[Int(id)] *= logits[Int(id)] > 0 ? 1 / penalty : penalty
        }
    }

    /// Sets the weights that min-p leaves out to 0 and gives the sum of the others. The largest weight is 1.
    private func minimum(_ total: Double, _ weights: UnsafeMutableBufferPointer<Float>) -> Double {
        if sampling.minP <= 0 { return total }
        var sum = 0.0
        for i in weights.indices {
            if Double(weights[i]) < sampling.minP { weights[i] = 0 } else { sum += Double(weights[i]) }
        }
        return sum
    }

    /// The tokens that top-k, top-p and min-p leave, likeliest first, with their weights. Only as many tokens as are
    /// needed are sorted: those above a threshold that falls until they suffice.
    private func candidates(_ weights: UnsafeBufferPointer<Float>, total: Double) -> [(Int32, Double)] {
        var threshold: Float = 0.01
        while true {
            var found: [(Int32, Double)] = []
            for i in weights.indices where weights[i] >= threshold { found.append((Int32(i), Double(weights[i]))) }
            found.sort { ($0.1, $1.0) > ($1.1, $0.0) }
            let isAll = threshold == 0
            if let kept = kept(of: found, isAll: isAll, total: total) { return kept }
            threshold = threshold < 1e-12 ? 0 : threshold * 1e-3
        }
    }

    /// What is left of sorted tokens; nil when there are too few to tell.
    private func kept(of found: [(Int32, Double)], isAll: Bool, total: Double) -> [(Int32, Double)]? {
        var count = found.count
        var total = total
        if sampling.topK > 0 && (isAll || count > sampling.topK) {
            // Equals of the last one stay, as in transformers.
            count = min(count, sampling.topK)
            while count < found.count && found[count].1 == found[count - 1].1 { count += 1 }
            if count == found.count && !isAll { return nil }
            total = found[..<count].reduce(0) { $0 + $1.1 }
        } else if sampling.topK > 0 {
            return nil
        }
        if sampling.topP < 1 {
            var sum = 0.0
            var last = 0
            while last < count && sum + found[last].1 < sampling.topP * total {
                sum += found[last].1
                last += 1
            }
            if last == count && !isAll { return nil }
            count = min(count, last + 1)
        }
        return found[..<count].filter { $0.1 >= sampling.minP }
    }

    private func pick(_ u: Double, _ tokens: some Sequence<(Int32, Double)>, total: Double) -> Int32? {
        var sum = 0.0
        var last: Int32?
        for (id, weight) in tokens where weight > 0 {
            sum += weight
            last = id
            if sum > u * total { break }
        }
        return last
    }

    /// The next number in [0, 1).
    private mutating func uniform() -> Double {
        drawn += 1
        return Double(SplitMix64.mixed(key &+ drawn &* SplitMix64.step) >> 11) * 0x1p-53
    }
}
