import Evaluation
import Foundation
import OrderedJSON
import Randomness
import Testing

/// Intervals and tests against values known from elsewhere.
struct StatisticsTests {
    /// What statsmodels and scipy compute (`scripts/fixtures/make_statistics_fixture.py`).
    private static func fixture(_ name: String) throws -> [JSONValue] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: root.appending(path: "Fixtures/statistics.json"))
        let value = try data.withUnsafeBytes { try JSONParser().parse($0) }
        return try #require(value[name]?.arrayValue)
    }

    @Test func mcNemarEqualsStatsmodels() throws {
        for entry in try Self.fixture("mcnemar") {
            let first = try #require(entry[0]?.intValue)
            let second = try #require(entry[1]?.intValue)
            let p = try #require(entry[2]?.doubleValue)
            #expect(
                abs(McNemar(onlyFirst: first, onlySecond: second).pValue - p) < 1e-9 * max(p, 1e-3),
                "\(first):\(second)")
        }
    }

    @Test func holmEqualsStatsmodels() throws {
        for entry in try Self.fixture("holm") {
            let values = try #require(entry["p"]?.arrayValue).compactMap(\.doubleValue)
            let wanted = try #require(entry["adjusted"]?.arrayValue).compactMap(\.doubleValue)
            let adjusted = Holm.adjusted(values)
            #expect(adjusted.count == wanted.count)
            for (a, b) in zip(adjusted, wanted) { #expect(abs(a - b) < 1e-9) }
        }
        #expect(Holm.adjusted([]) == [])
    }

    @Test func quantilesEqualScipy() throws {
        for entry in try Self.fixture("student") {
            let p = try #require(entry[0]?.doubleValue)
            let wanted = try #require(entry[2]?.doubleValue)
            let found = StudentsT.quantile(p, degrees: try #require(entry[1]?.intValue))
            #expect(abs(found - wanted) < 1e-9 * abs(wanted), "\(entry)")
        }
        for entry in try Self.fixture("normal") {
            let wanted = try #require(entry[1]?.doubleValue)
            #expect(abs(Normal.quantile(try #require(entry[0]?.doubleValue)) - wanted) < 1e-9)
        }
    }

    @Test func mcNemarCountsPairs() {
        let test = McNemar([1, 1, 0, 0, 1], [1, 0, 1, 0, 0])
        #expect(test == McNemar(onlyFirst: 2, onlySecond: 1))
        #expect(EffectSize.odds(test) == 0.6)
    }

    @Test func quantilesInterpolate() {
        #expect(Bootstrap.quantile([1, 2, 3, 4], 0.25) == 1.75)
        #expect(Bootstrap.quantile([1, 2, 3, 4], 1) == 4)
        #expect(Bootstrap.quantile([7], 0.3) == 7)
    }

    @Test func gammaHasItsMoments() {
        var draws = SplitMix64(1)
        for shape in [0.5, 1, 3.5, 200] {
            let values = (0..<20_000).map { _ in draws.gamma(shape: shape) }
            let mean = values.reduce(0, +) / 20_000
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
            #expect(abs(mean / shape - 1) < 0.05, "mean of shape \(shape)")
            #expect(abs(variance / shape - 1) < 0.1, "variance of shape \(shape)")
        }
    }

    @Test func intervalIsThatOfTheMean() throws {
        // Differences with mean 0.5 and standard error 0.05: the interval is 0.5 ± 1.96 · 0.05.
        let count = 400
        let differences = (0..<count).map { 0.5 + ($0 % 2 == 0 ? 1.0 : -1.0) }
        let weights = [Double](repeating: 1, count: count)
        let base = RowScores(sums: (0..<count).map { Double($0 % 7) }, weights: weights)
        let other = RowScores(sums: zip(base.sums, differences).map { $0 + $1 }, weights: weights)
        let estimate = try #require(Bootstrap.difference(from: base, to: other))
        #expect(abs(estimate.interval.lowerBound - 0.402) < 0.01)
        #expect(abs(estimate.interval.upperBound - 0.598) < 0.01)
        #expect(estimate.pValue < 0.002)
        #expect(Bootstrap.difference(from: base, to: other) == estimate)
        #expect(Bootstrap.difference(from: base, to: other, seed: 1) != estimate)
        #expect(Bootstrap.difference(from: base, to: base)?.interval == 0...0)
        #expect(Bootstrap.difference(from: base, to: base)?.pValue == 1)
        #expect(Bootstrap.difference(from: RowScores(), to: RowScores()) == nil)
        // Four rows that are one document each are rows; four that are one document say nothing about others.
        let few = RowScores(sums: [1, 2, 3, 5], weights: [1, 1, 1, 1])
        #expect(Bootstrap.mean(of: few) == Bootstrap.mean(of: few, documents: [3, 1, 0, 2]))
        #expect(Bootstrap.mean(of: few, documents: [0, 0, 0, 0]) == nil)
    }

    /// Student's t for few rows: mean 2.75, deviation 1.708, t = 3.182.
    @Test func fewRowsGetStudentsInterval() throws {
        let few = RowScores(sums: [1, 2, 3, 5], weights: [1, 1, 1, 1])
        let interval = try #require(Bootstrap.mean(of: few)).interval
        #expect(abs(interval.lowerBound - 0.0322) < 1e-3 && abs(interval.upperBound - 5.4678) < 1e-3)
    }

    /// Shares of right answers: 0 of 20 has Jeffreys's upper bound, not 0.
    @Test func boundedMetricsAreNeverCertain() throws {
        let none = RowScores(sums: .init(repeating: 0, count: 20), weights: .init(repeating: 1, count: 20))
        let interval = try #require(Bootstrap.mean(of: none, range: 0...1, resamples: 20_000)).interval
        // scipy.stats.beta.ppf(0.975, 0.5, 20.5)
        #expect(abs(interval.upperBound - 0.1171) < 0.006)
        #expect(interval.lowerBound < 1e-3)
        let same = try #require(Bootstrap.difference(from: none, to: none, range: 0...1)).interval
        #expect(same.contains(0) && same.lowerBound < -0.01 && same.upperBound > 0.01)
    }

    @Test func rowsWeighAsManyTokensAsTheyHave() {
        let scores = RowScores(sums: [2, 30], weights: [1, 9])
        #expect(scores.mean == 3.2)
        #expect(RowScores(sums: [0], weights: [0]).mean == nil)
    }

    /// The number of rows it names finds the difference four times out of five.
    @Test func sampleSizeHasItsPower() {
        #expect(SampleSize.mean(effect: 0.5) == 34)
        var draws = SplitMix64(3)
        for (difference, discordant) in [(0.05, 0.1), (0.1, 0.2), (0.2, 0.2)] {
            let rows = SampleSize.accuracy(difference: difference, discordant: discordant)
            let improved = (discordant + difference) / 2
            var found = 0
            for _ in 0..<1000 {
                var (better, worse) = (0, 0)
                for _ in 0..<rows {
                    let draw = draws.uniform()
                    if draw < improved { better += 1 } else if draw < discordant { worse += 1 }
                }
                if McNemar(onlyFirst: worse, onlySecond: better).pValue < 0.05 { found += 1 }
            }
            #expect((740...940).contains(found), "\(rows) rows found \(difference) of \(discordant) \(found) times")
        }
    }
}
