import Foundation
import Kernels
import Models
import OrderedJSON
import Tensors
import Testing

/// Training every weight: gradients of the weights themselves against PyTorch's (`make_full_references.py`).
@Suite("Gradients of all weights")
struct FullGradientTests {
    static let names = ParameterTests.having("full.json")

    @Test(
        .disabled(if: ProcessInfo.processInfo.environment["GRAFT_PARITY_MODELS"] != nil, "other models are asked for"))
    func fixturesAreThere() { #expect(Self.names.count >= 40) }

    @Test("are PyTorch's, and no weight is left out", arguments: names)
    func parity(_ name: String) throws {
        let fixture = try Fixture(name)
        let stored = try JSONValue(contentsOfFile: fixture.path + "/full.json")
        var expected = try #require(stored.objectValue)
        let model = Transformer(fixture.files, mode: .full(seed: 1))
        _ = try fixture.backward(model, precision: .f32)
        for weight in model.trainedWeights {
            let gradient = weight.parameter.gradient
            let numbers = (weight.inputsFirst ? gradient.transposed() : gradient).values().map(Double.init)
            let facts = try #require(expected[weight.tensor])
            expected[weight.tensor] = nil
            let (norm, projection) = (facts[0]?.doubleValue ?? .nan, facts[1]?.doubleValue ?? .nan)
            let direction = numbers.indices.map { Double($0 * 7919 % 1009) / 504 - 1 }
            let found = zip(numbers, direction).reduce(0) { $0 + $1.0 * $1.1 }
            let bound = 1e-3 * norm + 3e-7
            #expect(abs(Self.norm(numbers) - norm) < bound, "\(name) \(weight.tensor): \(Self.norm(numbers)), \(norm)")
            #expect(
                abs(found - projection) < bound * Self.norm(direction),
                "\(name) \(weight.tensor): projection \(found), not \(projection)")
        }
        #expect(expected.keys.allSatisfy(fixture.files.ignored.contains), "\(name): \(expected.keys)")
    }

    private static func norm(_ numbers: [Double]) -> Double {
        numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
}
