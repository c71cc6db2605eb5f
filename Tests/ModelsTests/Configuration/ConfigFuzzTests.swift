import Diagnostics
import Foundation
import Models
import OrderedJSON
import Randomness
import TestSupport
import Testing

/// Mutated configurations of every stored model: a description or problems that name the file, never a trap, never more
/// memory than a model's own description takes. Seeded, so that a finding can be repeated.
@Suite("Configuration fuzzing")
struct ConfigFuzzTests {
    private static let values: [JSONValue] = [
        nil, true, false, 0, 1, -1, 2, 3, 7, 64, 1000, 65536, 2_097_152, 9_223_372_036_854_775_807,
        -9_223_372_036_854_775_808, 0.5, -0.25, 1e-30, 1e30, 1.7e308, "", "silu", "yarn", "dynamic", "longrope",
        "llama3",
        "full_attention", "sliding_attention", "chunked_attention", "x", [], [1], [1, 0, 1], [0.5, 1e300], ["a"], [[]],
        [:], ["rope_type": "yarn", "factor": 4.0], ["rope_type": "longrope", "short_factor": [1], "long_factor": [1]],
        ["type": "dynamic", "factor": 1e18], ["rope_type": "llama3"], ["full_attention": ["rope_type": "linear"]],
    ]

    /// Keys that some family knows, so that mutants add what their own configuration lacks.
    private static let keys: [String] = {
        var keys: Set<String> = []
        for model in Fixtures.models {
            let members = try? Fixtures.json("models/\(model)/config.json").objectValue?.members
            keys.formUnion((members ?? []).map(\.key))
        }
        return keys.sorted()
    }()

    private static func mutate(_ json: JSONValue, _ generator: inout SplitMix64) -> JSONValue {
        guard var object = json.objectValue else { return values.randomElement(using: &generator) ?? .null }
        let own = object.members.map(\.key)
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let known = Int.random(in: 0..<4, using: &generator) > 0 ? own : keys
            guard let key = known.randomElement(using: &generator) else { continue }
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: object[key] = nil
            case 1: object[key] = own.randomElement(using: &generator).flatMap { object[$0] } ?? .null
            case 2 where object[key]?.objectValue != nil: object[key] = mutate(object[key] ?? [:], &generator)
            case 3:
                guard let number = object[key]?.intValue else { continue }
                let factor = Int.random(in: -2...1000, using: &generator)
                object[key] = .integer(number.multipliedReportingOverflow(by: factor).partialValue)
            default: object[key] = values.randomElement(using: &generator)
            }
        }
        return .object(object)
    }

    @Test("gives a description or problems")
    func mutants() throws {
        let seeds = try Fixtures.models.map { try Fixtures.json("models/\($0)/config.json") }
        var generator = Fuzzing.generator(20_260_115)
        var (described, refused) = (0, 0)
        for round in 0..<Fuzzing.rounds(1_200, full: 12_000) {
            let mutant = Self.mutate(seeds[round % seeds.count], &generator)
            do {
                let description = try ModelDescription(configuration: mutant, file: "config.json")
                let plan = WeightPlan(description) { _ in false }
                #expect(plan.modules.reduce(0) { $0 + $1.shape.weight.reduce(1, *) } > 0)
                // The sequence's length reaches these, so a mutant's own positions must not size them.
                for rotary in description.config.rotaries { _ = RotaryFrequencies(rotary, length: 64) }
                described += 1
            } catch {
                #expect(error.list.allSatisfy { $0.file == "config.json" }, "\(mutant.serialized()): \(error)")
                refused += 1
            }
        }
        // Mutants that are all refused, or none of which is, would test nothing.
        #expect(described > 100 && refused > 100)
    }

    @Test("of bytes gives a description or problems")
    func bytes() throws {
        let seeds = try Fixtures.models.map { try Fixtures.bytes("models/\($0)/config.json") }
        var generator = Fuzzing.generator(7)
        for round in 0..<Fuzzing.rounds(400, full: 4_000) {
            let bytes = Mutation.of(
                seeds[round % seeds.count], splices: "{}[]\",:0-e.".map { String($0) }, most: 4, span: 30, &generator)
            guard let json = try? JSONValue(parsing: bytes) else { continue }
            do { _ = try ModelDescription(configuration: json, file: "config.json") } catch {
                #expect(!error.list.isEmpty)
            }
        }
    }
}
