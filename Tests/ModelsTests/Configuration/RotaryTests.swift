import Models
import OrderedJSON
import Testing

/// Frequencies against those of transformers, read from the same config.json.
@Suite("Rotary frequencies")
struct RotaryTests {
    static let entries: [JSONValue] = (try? Fixtures.json("rotary.json"))?["entries"]?.arrayValue ?? []

    @Test func fixtureIsThere() { #expect(Self.entries.count >= 26) }

    @Test("equal transformers'", arguments: entries.indices)
    func equalReference(_ at: Int) throws {
        let entry = Self.entries[at]
        let name = entry["name"]?.stringValue ?? "?"
        let description = try ModelDescription(configuration: #require(entry["config"]), file: name)
        let index = entry["layer_type"]?.stringValue == "sliding_attention" ? 1 : 0
        let rotary = description.config.rotaries[index]
        for table in entry["tables"]?.arrayValue ?? [] {
            let length = try #require(table["length"]?.intValue)
            let frequencies = RotaryFrequencies(rotary, length: length)
            let expected = try #require(table["inverse"]?.arrayValue).compactMap(\.doubleValue)
            let factor = try #require(table["attention_factor"]?.doubleValue)
            #expect(abs(Double(frequencies.attentionFactor) - factor) <= 1e-7 * factor, "\(name)")
            #expect(frequencies.inverse.count == expected.count, "\(name)")
            let worst = zip(frequencies.inverse, expected).map { abs(Double($0) - $1) / $1 }.max() ?? 1
            #expect(worst <= 1.2e-7, "\(name) at length \(length): relative error \(worst)")
        }
    }

    /// What transformers 5.23 has for the second of six frequencies.
    @Test(
        "of Llama 3 blend as transformers' where the two factors are near each other",
        arguments: [(13, 0.06727910041809082), (14, 0.39363253116607666)])
    func nearFactors(_ original: Int, _ expected: Double) {
        let rotary = RotaryConfig(
            theta: 77.7, dim: 12,
            scaling: .llama3(
                Llama3Scaling(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 1.1, originalPositions: original)))
        let found = Double(RotaryFrequencies(rotary, length: 1).inverse[1])
        #expect(abs(found - expected) <= 1.2e-7 * expected, "\(found)")
    }

    @Test func lengthMattersWhereItShould() {
        let dynamic = RotaryConfig(theta: 10000, dim: 8, scaling: .dynamic(factor: 2, positions: 100))
        #expect(RotaryFrequencies(dynamic, length: 1) == RotaryFrequencies(dynamic, length: 100))
        #expect(RotaryFrequencies(dynamic, length: 101) != RotaryFrequencies(dynamic, length: 100))
        let long = RotaryConfig(
            theta: 10000, dim: 4,
            scaling: .longRope(
                LongRopeScaling(shortFactors: [1, 2], longFactors: [3, 4], originalPositions: 50, attentionFactor: 1)))
        #expect(RotaryFrequencies(long, length: 50).inverse[0] == 1)
        #expect(RotaryFrequencies(long, length: 51).inverse[0] == 1.0 / 3)
    }

    @Test func proportionalKeepsTheWholeHead() {
        let table = RotaryConfig(theta: 16, dim: 8, scaling: .proportional(angles: 2, factor: 1))
        #expect(RotaryFrequencies(table, length: 1).inverse == [1, 0.5, 0, 0])
    }
}
