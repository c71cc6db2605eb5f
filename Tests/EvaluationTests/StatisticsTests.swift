import Evaluation
import Foundation
import Testing

/// Intervals and tests against values known from elsewhere.
struct StatisticsTests {
    @Test(
        arguments: [
            // scipy.stats.binomtest(min, n, 0.5).pvalue
            (1, 9, 0.021484375), (9, 1, 0.021484375), (0, 0, 1), (5, 5, 1), (0, 5, 0.0625),
            (12, 30, 0.007915897334896727),
            (4, 6, 0.75390625),
        ] as [(Int, Int, Double)])
    func mcNemarIsExact(first: Int, second: Int, p: Double) {
        #expect(abs(McNemar(onlyFirst: first, onlySecond: second).pValue - p) < 1e-8)
    }

    @Test func mcNemarCountsPairs() {
        let test = McNemar([1, 1, 0, 0, 1], [1, 0, 1, 0, 0])
        #expect(test == McNemar(onlyFirst: 2, onlySecond: 1))
    }

    @Test func quantilesInterpolate() {
        #expect(Bootstrap.quantile([1, 2, 3, 4], 0.25) == 1.75)
        #expect(Bootstrap.quantile([1, 2, 3, 4], 1) == 4)
        #expect(Bootstrap.quantile([7], 0.3) == 7)
    }

    @Test func intervalIsThatOfTheMean() throws {
        // Differences with mean 0.5 and standard error 0.05: the interval is 0.5 ± 1.96 · 0.05.
        let count = 400
        let differences = (0..<count).map { 0.5 + ($0 % 2 == 0 ? 1.0 : -1.0) }
        let weights = [Double](repeating: 1, count: count)
        let base = RowScores(sums: (0..<count).map { Double($0 % 7) }, weights: weights)
        let other = RowScores(sums: zip(base.sums, differences).map { $0 + $1 }, weights: weights)
        let interval = try #require(Bootstrap.difference(from: base, to: other))
        #expect(abs(interval.lowerBound - 0.402) < 0.01)
        #expect(abs(interval.upperBound - 0.598) < 0.01)
        #expect(Bootstrap.difference(from: base, to: other) == interval)
        #expect(Bootstrap.difference(from: base, to: other, seed: 1) != interval)
        #expect(Bootstrap.difference(from: base, to: base) == 0...0)
        #expect(Bootstrap.difference(from: RowScores(), to: RowScores()) == nil)
    }

    @Test func rowsWeighAsManyTokensAsTheyHave() {
        let scores = RowScores(sums: [2, 30], weights: [1, 9])
        #expect(scores.mean == 3.2)
        #expect(RowScores(sums: [0], weights: [0]).mean == nil)
    }
}
