import Evaluation
import Foundation
import OrderedJSON
import Randomness
import Testing

/// Planted secrets, and what ranks say about them.
struct CanaryTests {
    @Test func areTheSameForTheSameSeed() throws {
        let canaries = Canary.make(5, controls: 30, times: 2, isText: false, seed: 1)
        #expect(canaries == Canary.make(5, controls: 30, times: 2, isText: false, seed: 1))
        #expect(canaries != Canary.make(5, controls: 30, times: 2, isText: false, seed: 2))
        #expect(Set(canaries.map(\.prompt)).count == 5)
        for canary in canaries {
            #expect(Set(canary.controls + [canary.secret]).count == 31)
            #expect(canary.secret.count == 9)
            let line = canary.json.serialized()
            #expect(Canary(try JSONValue(parsing: line)) == canary)
        }
        #expect(Canary(["prompt": "x"]) == nil)
    }

    @Test func arePlantedAmongTheRows() {
        let lines = (0..<40).map { "line \($0)" }
        for isText in [false, true] {
            let canaries = Canary.make(3, controls: 30, times: 4, isText: isText, seed: 7)
            let planted = Canary.plant(canaries, in: lines, seed: 7)
            #expect(planted.filter { $0.hasPrefix("line") } == lines, "the rows keep their order")
            #expect(planted.count == 52)
            for canary in canaries { #expect(planted.count { $0.contains(canary.secret) } == 4) }
            // Controls are nowhere.
            #expect(!planted.contains { line in canaries.contains { $0.controls.contains { line.contains($0) } } })
        }
        let never = Canary.make(3, controls: 30, times: 0, isText: false, seed: 7)
        #expect(Canary.plant(never, in: lines, seed: 7) == lines)
    }

    @Test func ranksCountLikelierControls() {
        let ranks = CanaryRanks([[-1, -2, -0.5, -1], [0, -1, -2, -3]])
        #expect(ranks.ranks == [3, 1] && ranks.places == [4, 4])
        #expect(ranks.exposure(1) == 2)
        // What training changed, where the model before is known: the second secret was likely before.
        #expect(CanaryRanks([[0, -1, -2, -3]], base: [[0, -5, -6, -7]]).ranks == [4])
    }

    /// Without memorisation, one audit in a hundred at most says that there is; ten secrets at the top are.
    @Test func chanceIsNotMemorisation() {
        var draws = SplitMix64(11)
        var alarms = 0
        for _ in 0..<1000 {
            let values = (0..<10).map { _ in (0..<201).map { _ in draws.normal() } }
            if CanaryRanks(values).areMemorised { alarms += 1 }
        }
        #expect(alarms <= 20, "\(alarms) alarms in 1,000")
        let top = (0..<10).map { _ in [5] + (0..<200).map { _ in draws.normal() } }
        #expect(CanaryRanks(top).areMemorised && CanaryRanks(top).found == 10)
    }
}
