import Foundation
import Generation
import Testing

/// Choosing tokens: filters as transformers defines them, frequencies as probabilities say.
struct SamplingTests {
    /// ln of these probabilities, shuffled: id 3 is the likeliest.
    private let probabilities: [Double] = [0.05, 0.2, 0.1, 0.4, 0.15, 0.1]

    private func frequencies(_ change: (inout Sampling) -> Void, draws: Int = 20_000) throws -> [Double] {
        var sampling = Sampling()
        sampling.temperature = 1
        change(&sampling)
        var chooser = Chooser(sampling, key: 5)
        var counts = [Double](repeating: 0, count: probabilities.count)
        for _ in 0..<draws {
            var logits = probabilities.map { Float(log($0)) + 3 }
            let id = logits.withUnsafeMutableBufferPointer { chooser.choose($0, seen: []) }
            counts[Int(try #require(id))] += 1
        }
        return counts.map { $0 / Double(draws) }
    }

    private func near(_ found: [Double], _ wanted: [Double]) -> Bool {
        // Five deviations of a frequency out of 20,000 draws.
        zip(found, wanted).allSatisfy { abs($0 - $1) <= 5 * (max($1, 1e-9) * (1 - $1) / 20_000).squareRoot() }
    }

    @Test func frequenciesFollowProbabilities() throws {
        #expect(near(try frequencies { _ in }, probabilities))
        let squares = probabilities.map { $0 * $0 }
        let total = squares.reduce(0, +)
        #expect(near(try frequencies { $0.temperature = 0.5 }, squares.map { $0 / total }))
    }

    @Test func filtersKeepWhatTheyShould() throws {
        #expect(near(try frequencies { $0.topK = 2 }, [0, 0.2 / 0.6, 0, 0.4 / 0.6, 0, 0]))
        // Equals of the last one kept stay.
        #expect(near(try frequencies { $0.topK = 4 }, [0, 0.2, 0.1, 0.4, 0.15, 0.1].map { $0 / 0.95 }))
        #expect(near(try frequencies { $0.topP = 0.7 }, [0, 0.2, 0, 0.4, 0.15, 0].map { $0 / 0.75 }))
        #expect(near(try frequencies { $0.topP = 0.39 }, [0, 0, 0, 1, 0, 0]))
        #expect(near(try frequencies { $0.minP = 0.3 }, [0, 0.2, 0, 0.4, 0.15, 0].map { $0 / 0.75 }))
        // Top-p counts within what top-k leaves: of 0.6 the half is reached by the first.
        #expect(
            near(
                try frequencies {
                    $0.topK = 2; $0.topP = 0.6
                }, [0, 0, 0, 1, 0, 0]))
    }

    @Test func filtersAreTheSameInALargeVocabulary() throws {
        var logits = (0..<50_000).map { Float(sin(Double($0) * 12.9898) * 6) }
        let sorted = logits.indices.sorted { logits[$0] > logits[$1] }
        var sampling = Sampling()
        sampling.temperature = 1
        sampling.topK = 40
        let kept = Set(sorted[..<40].map { Int32($0) })
        var chooser = Chooser(sampling, key: 1)
        var found = Set<Int32>()
        for _ in 0..<400 {
            let id = logits.withUnsafeMutableBufferPointer { chooser.choose($0, seen: []) }
            found.insert(try #require(id))
        }
        #expect(found.isSubset(of: kept))
        #expect(found.count > 30)
    }

    @Test func greedyTakesTheFirstOfTheLargest() throws {
        var chooser = Chooser(Sampling(), key: 0)
        var logits: [Float] = Array(repeating: -1, count: 40) + [2, 5, 5]
        #expect(logits.withUnsafeMutableBufferPointer { chooser.choose($0, seen: []) } == 41)
        logits[3] = .nan
        #expect(logits.withUnsafeMutableBufferPointer { chooser.choose($0, seen: []) } == nil)
    }

    @Test func aTemperatureNextToNothingTakesTheLikeliest() throws {
        var sampling = Sampling()
        for temperature in [1e-6, 1e-39, 1e-300, .leastNonzeroMagnitude] {
            sampling.temperature = temperature
            var chooser = Chooser(sampling, key: 0)
            var logits: [Float] = [1, 3, 2]
            #expect(logits.withUnsafeMutableBufferPointer { chooser.choose($0, seen: []) } == 1, "\(temperature)")
        }
    }

    @Test func repetitionIsPenalised() throws {
        var sampling = Sampling()
        sampling.repetitionPenalty = 2
        var chooser = Chooser(sampling, key: 0)
        var logits: [Float] = [3, 2, -1]
        #expect(logits.withUnsafeMutableBufferPointer { chooser.choose($0, seen: [0, 2]) } == 1)
        #expect(logits == [1.5, 2, -2])
    }

    @Test func seedsAndKeysGiveOtherDraws() throws {
        func draws(seed: UInt64, key: UInt64) -> [Int32?] {
            var sampling = Sampling()
            sampling.temperature = 1
            sampling.seed = seed
            var chooser = Chooser(sampling, key: key)
            return (0..<30).map { _ in
                var logits = probabilities.map { Float(log($0)) }
                return logits.withUnsafeMutableBufferPointer { chooser.choose($0, seen: []) }
            }
        }
        #expect(draws(seed: 1, key: 2) == draws(seed: 1, key: 2))
        #expect(draws(seed: 1, key: 2) != draws(seed: 1, key: 3))
        #expect(draws(seed: 1, key: 2) != draws(seed: 2, key: 2))
        #expect(draws(seed: 1, key: 2) != draws(seed: 2, key: 1))
    }
}
