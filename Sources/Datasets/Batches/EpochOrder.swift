import Randomness

/// The units of an epoch in the order of training: samples or rows, see ``Corpus/units``.
///
/// Where they are samples, whose number memory has room for, their order is a list; where they are the rows of files of
/// any size, each is computed from its position.
struct EpochOrder: Sendable {
    private enum Form: Sendable {
        case listed([UInt32])
        case computed(WeightedUnits, Permutation?)
    }

    private let form: Form

    /// A list.
    init(_ units: [UInt32]) { form = .listed(units) }

    /// The units of files by weight, in an order of their own where there is one.
    init(_ units: WeightedUnits, _ order: Permutation?) { form = .computed(units, order) }

    /// How many there are.
    var count: Int {
        switch form {
        case .listed(let units): units.count
        case .computed(let units, _): units.count
        }
    }

    /// The unit at a position.
    subscript(position: Int) -> Int {
        switch form {
        case .listed(let units): Int(units[position])
        case .computed(let units, let order): units[order.map { $0[position] } ?? position]
        }
    }
}

/// The units of an epoch, file by file: of a file of weight w each ⌊w⌋ times, and a share of w − ⌊w⌋ once more.
struct WeightedUnits: Sendable {
    private struct Part: Sendable {
        let units: Range<Int>
        let count: Int
        let start: Int
        /// Which units a share is made of; nil for whole copies, and for the first ones.
        let chosen: Permutation?
    }

    private var parts: [Part] = []
    private(set) var count = 0

    /// The units of `files`; `random` chooses shares, without it they are a file's first units.
    init(files: [Range<Int>], weights: [Double], random: inout RandomStream?) {
        for (units, weight) in zip(files, weights) where !units.isEmpty {
            let whole = weight.rounded(.down)
            add(units, Int(whole) * units.count, nil)
            let extra = Int((Double(units.count) * (weight - whole)).rounded())
            add(units, extra, random?.permutation(of: units.count))
        }
    }

    private mutating func add(_ units: Range<Int>, _ count: Int, _ chosen: Permutation?) {
        if count == 0 { return }
        parts.append(Part(units: units, count: count, start: self.count, chosen: chosen))
        self.count += count
    }

    /// The unit at a position.
    subscript(position: Int) -> Int {
        guard let part = parts.last(where: { $0.start <= position }) else {
            preconditionFailure("WeightedUnits: position \(position) of \(count)")
        }
        let at = position - part.start
        return part.units.lowerBound + (part.chosen.map { $0[at] } ?? at % part.units.count)
    }
}

/// A random order of the numbers below `count` that takes no memory: each place is computed, by swap-or-not (Hoang,
/// Morris and Rogaway 2012). Each round pairs the numbers by x ↔ k − x and swaps a pair or not as a hash of it says.
package struct Permutation: Sendable {
    /// How many numbers there are.
    package let count: Int
    private let rounds: [(offset: Int, key: UInt64)]

    fileprivate init(count: Int, random: inout RandomStream) {
        precondition(count > 0, "Permutation: of nothing")
        self.count = count
        let bits = Int.bitWidth - count.leadingZeroBitCount
        rounds = (0..<(4 * bits + 16)).map { _ in (random.next(below: count), random.next()) }
    }

    /// The number at a place.
    package subscript(place: Int) -> Int {
        var x = place
        for (offset, key) in rounds {
            let partner = offset >= x ? offset - x : offset - x + count
            if SplitMix64.mixed(UInt64(max(x, partner)) &+ key) >> 63 == 1 { x = partner }
        }
        return x
    }
}

extension RandomStream {
    /// A random order of the numbers below `count`.
    package mutating func permutation(of count: Int) -> Permutation { Permutation(count: count, random: &self) }
}
