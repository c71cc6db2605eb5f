import Randomness

extension ResampledUnits {
    /// The interval of the ratio of sums by the Bayesian bootstrap (Rubin 1981): units get random weights of which
    /// every division is equally likely (Dirichlet), and half a unit of average size is added for each of the
    /// `extremes`, the means a unit could have had (Jeffreys's prior where units have no other values). Nil without
    /// units.
    func bounded(extremes: [Double], _ confidence: Double, resamples: Int, seed: UInt64) -> Bootstrap.Estimate? {
        if count == 0 { return nil }
        // Units that are alike share one draw: the weight of k of them is gamma-distributed with shape k.
        var shapes: [Unit: Double] = [:]
        for (sum, weight) in zip(sums, weights) { shapes[Unit(sum: sum, weight: weight), default: 0] += 1 }
        let average = weights.reduce(0, +) / Double(count)
        for extreme in extremes { shapes[Unit(sum: extreme * average, weight: average), default: 0] += 0.5 }
        // In a fixed order: the order of a dictionary differs from run to run.
        let groups = shapes.sorted { ($0.key.sum, $0.key.weight) < ($1.key.sum, $1.key.weight) }
        var draws = SplitMix64(seed)
        var means: [Double] = []
        means.reserveCapacity(resamples)
        for _ in 0..<resamples {
            var (sum, weight) = (0.0, 0.0)
            for (unit, shape) in groups {
                let share = draws.gamma(shape: shape)
                sum += share * unit.sum
                weight += share * unit.weight
            }
            means.append(sum / weight)
        }
        means.sort()
        let tail = (1 - confidence) / 2
        let interval = Bootstrap.quantile(means, tail)...Bootstrap.quantile(means, 1 - tail)
        return Bootstrap.Estimate(interval: interval, pValue: Bootstrap.pValue(of: 0, among: means))
    }

    private struct Unit: Hashable {
        let sum: Double
        let weight: Double
    }
}
