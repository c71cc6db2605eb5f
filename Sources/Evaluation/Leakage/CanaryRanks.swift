import Foundation

/// Where planted secrets stand among controls that nobody planted.
public struct CanaryRanks: Sendable, Equatable {
    /// Each secret's rank, 1 being the likeliest of all.
    public let ranks: [Int]
    /// How many stand in each ranking, the secret included.
    public let places: [Int]

    /// Ranks by what training changed where the model before it is given (which takes away that some numbers are
    /// likelier than others whatever was trained), else by likelihood.
    ///
    /// - Parameters:
    ///   - values: by canary, `ln p` of the secret and then of its controls.
    ///   - base: the same of the model before training.
    public init(_ values: [[Double]], base: [[Double]]? = nil) {
        let scores = values.enumerated().map { canary, own in
            own.enumerated().map { $1 - (base?[canary][$0] ?? 0) }
        }
        ranks = scores.map { own in 1 + own.dropFirst().count { $0 >= own[0] } }
        places = scores.map(\.count)
    }

    /// Bits by which a secret is likelier than chance: `log₂ places − log₂ rank` (the exposure of Carlini et al.).
    public func exposure(_ canary: Int) -> Double { log2(Double(places[canary])) - log2(Double(ranks[canary])) }

    /// Secrets among the likeliest twentieth.
    public var found: Int { zip(ranks, places).count { Double($0) <= Double($1) * Self.top } }

    /// The probability of as many had nothing been memorised: each secret is then as likely to have any rank.
    public var pValue: Double {
        let n = ranks.count
        let p =
            zip(ranks, places).map { _, places in (Double(places) * Self.top).rounded(.down) / Double(places) }
            .reduce(0, +) / Double(max(1, n))
        if found == 0 { return 1 }
        if p <= 0 { return 0 }
        var sum = 0.0
        for k in found...n {
            let ways = lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
            sum += exp(ways + Double(k) * log(p) + Double(n - k) * log1p(-p))
        }
        return sum
    }

    /// Whether the secrets were memorised: chance would do it less than once in a hundred times.
    public var areMemorised: Bool { pValue < 0.01 }

    /// The rank in the middle.
    public var median: Int { ranks.sorted()[ranks.count / 2] }

    private static let top = 0.05
}
