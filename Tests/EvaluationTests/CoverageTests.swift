import Evaluation
import Foundation
import Randomness
import Testing

/// How often 95 % intervals hold the truth, in simulated cases whose truth is known.
struct CoverageTests {
    /// One simulated case: two models' scores on the same rows, the documents of the rows, and the true difference.
    struct Case {
        var base: RowScores
        var other: RowScores
        var documents: [Int]?
        var truth: Double
        var range: ClosedRange<Double>?
    }

    /// Where cases come from.
    enum Population: String, CaseIterable {
        /// Right or wrong; the models differ on 5 % of the rows, and which share of these got better is drawn for each
        /// case.
        case discordant
        /// As before, but none of the differing rows got worse.
        case improved
        /// Losses of rows with few or many tokens; the differences are skewed and smaller where there are more tokens.
        case losses
        /// The same, several rows of a document alike.
        case documents

        func draw(_ count: Int, _ draws: inout SplitMix64) -> Case {
            switch self {
            case .discordant: Self.answers(count, improved: draws.uniform(), &draws)
            case .improved: Self.answers(count, improved: 1, &draws)
            case .losses: Self.losses(count, rowsOfDocument: 1, spread: 1, &draws)
            case .documents: Self.losses(count, rowsOfDocument: 4, spread: 1, &draws)
            }
        }

        private static func answers(_ count: Int, improved: Double, _ draws: inout SplitMix64) -> Case {
            var (base, other) = (RowScores(), RowScores())
            for _ in 0..<count {
                let draw = draws.uniform()
                if draw < 0.05 {
                    let better = draws.uniform() < improved
                    base.append(better ? 0 : 1)
                    other.append(better ? 1 : 0)
                } else {
                    let right = draws.uniform() < 0.6 ? 1.0 : 0
                    base.append(right)
                    other.append(right)
                }
            }
            return Case(base: base, other: other, truth: 0.05 * (2 * improved - 1), range: 0...1)
        }

        /// A row of w tokens gets better by 20·X nats in all, X log-normal with σ = `spread` (its skewness is 6.2 for
        /// 1): the true difference of the perplexities' logarithms is −20·E[X]/E[w].
        private static func losses(
            _ count: Int, rowsOfDocument: Int, spread: Double, _ draws: inout SplitMix64
        ) -> Case {
            var (base, other) = (RowScores(), RowScores())
            var documents: [Int] = []
            for document in 0..<count {
                let gain = 20 * exp(spread * draws.normal())
                let rows = rowsOfDocument == 1 ? 1 : 1 + draws.next(below: 2 * rowsOfDocument - 1)
                for _ in 0..<rows {
                    let tokens = Double(20 + draws.next(below: 181))
                    let before = tokens * exp(0.5 * draws.normal())
                    base.append(before, weight: tokens)
                    other.append(before - gain + 3 * draws.normal(), weight: tokens)
                    documents.append(document)
                }
            }
            let truth = -20 * exp(spread * spread / 2) / 110
            return Case(base: base, other: other, documents: rowsOfDocument == 1 ? nil : documents, truth: truth)
        }
    }

    /// The share of cases whose interval holds the truth.
    private func coverage(_ population: Population, _ count: Int, cases: Int) -> Double {
        var draws = SplitMix64(UInt64(count))
        var held = 0
        for number in 0..<cases {
            let one = population.draw(count, &draws)
            let estimate = Bootstrap.difference(
                from: one.base, to: one.other, documents: one.documents, range: one.range, seed: UInt64(number))
            if estimate?.interval.contains(one.truth) == true { held += 1 }
        }
        return Double(held) / Double(cases)
    }

    @Test("300 cases of 100 rows", arguments: Population.allCases)
    func holdsTheTruth(population: Population) {
        let share = coverage(population, 100, cases: 300)
        #expect((0.91...0.985).contains(share), "\(population): \(share)")
    }

    /// The exact share, summed over every outcome of `count` rows of which some are better and worse with these
    /// chances.
    private func exactCoverage(better: Double, worse: Double, _ count: Int) -> Double {
        func logFactorial(_ n: Int) -> Double { (1...max(1, n)).reduce(0) { $0 + log(Double($1)) } }
        var (held, reached) = (0.0, 0.0)
        for b in 0...count {
            for w in 0...(count - b) where !(b > 0 && better == 0) && !(w > 0 && worse == 0) {
                func term(_ k: Int, _ p: Double) -> Double { k == 0 ? 0 : Double(k) * log(p) }
                let ways =
                    logFactorial(count) - logFactorial(b) - logFactorial(w) - logFactorial(count - b - w)
                let chance = exp(
                    ways + term(b, better) + term(w, worse) + term(count - b - w, 1 - better - worse))
                if chance < 1e-7 { continue }
                var (base, other) = (RowScores(), RowScores())
                for row in 0..<count {
                    base.append(row < b ? 0 : 1)
                    other.append(row >= b && row < b + w ? 0 : 1)
                }
                reached += chance
                let estimate = Bootstrap.difference(from: base, to: other, range: 0...1)
                if estimate?.interval.contains(better - worse) == true { held += chance }
            }
        }
        return held / reached
    }

    /// docs/evaluation.md says why no interval can come down to 97 % in these without falling below 93 % elsewhere.
    @Test(
        "every outcome of 30 rows",
        arguments: [
            (0.05, 0, 0.997), (0.04, 0.01, 0.984), (0.03, 0.02, 0.984), (0.025, 0.025, 0.994), (0.05, 0.05, 0.968),
        ])
    func holdsTheTruthExactly(better: Double, worse: Double, expected: Double) {
        let share = exactCoverage(better: better, worse: worse, 30)
        #expect(abs(share - expected) < 0.004 && share >= 0.93, "\(better) and \(worse): \(share)")
    }

    /// With 30 rows of which 5 % differ, one or two differ: an interval that errs in 5 % of such cases would have to
    /// exclude zero after three rows better and none worse, and would err in 10 % of the cases with more rows. So it
    /// holds the truth more often than it says; never less often.
    @Test(
        "2,000 cases", .enabled(if: ProcessInfo.processInfo.environment["GRAFT_FULL"] == "1"),
        arguments: Population.allCases, [30, 100, 1000])
    func holdsTheTruthAsOftenAsItSays(population: Population, count: Int) {
        let share = coverage(population, count, cases: 2000)
        print("coverage of 95 % intervals, \(population), n = \(count): \(share * 100) %")
        let fewDiffer = count == 30 && (population == .discordant || population == .improved)
        #expect((0.93...(fewDiffer ? 1 : 0.97)).contains(share), "\(population), \(count) rows: \(share)")
    }
}
