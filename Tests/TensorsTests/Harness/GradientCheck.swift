import Kernels
import Tensors
import Testing

/// Compares an op with its formula in Double: outputs directly, gradients with central differences of `Σ c·y`.
struct GradientCheck {
    let gradientCase: GradientCase
    let type: ElementType

    func run() {
        let name = "\(gradientCase.testDescription) in \(type), seed '\(Numbers.seed)'"
        var numbers = Numbers(name)
        let values = gradientCase.values(type, &numbers)
        let expected = gradientCase.reference(values)
        let weights = expected.map { y in
            Grid(y.rows, y.columns) { _, _ in Double(roundedToBF16(Float(numbers.normal()))) }
        }
        let probes = values.enumerated().map { probe($0.offset, $0.element, &numbers) }
        let slopes = differences(values, weights, probes)
        // Gradients arrive in either type; both must be understood.
        for gradientType in type == .f32 ? [ElementType.f32] : [.f32, .bf16] {
            let bounds = Tolerances.of(type)
            let leaves = Leaves(parameters: values.map(trained), type: type)
            let outputs = gradientCase.forward(leaves)
            #expect(outputs.count == expected.count, "\(name): number of outputs")
            for (i, (y, reference)) in zip(outputs, expected).enumerated() {
                let error = relativeError(Grid(y).numbers, reference.numbers)
                #expect(error <= bounds.forward * gradientCase.slack, "\(name): output \(i) is off by \(error)")
                guard case .output(let node, _) = y.edge else {
                    Issue.record("\(name): output \(i) was not recorded")
                    return
                }
                #expect(node.op == gradientCase.op, "\(name): recorded as \(node.op)")
            }
            Tensor.backward(from: zip(outputs, weights).map { ($0, $1.tensor(gradientType)) })
            for (i, parameter) in leaves.parameters.enumerated() {
                compare(
                    Grid(parameter.gradient), probes[i], slopes[i], bound: bounds.gradient * gradientCase.slack,
                    "\(name), gradients in \(gradientType): variable \(i)")
            }
        }
    }

    private func trained(_ grid: Grid) -> Parameter {
        let parameter = Parameter("variable", rows: grid.rows, columns: grid.columns)
        for (i, x) in grid.numbers.enumerated() { parameter.value.floats[i] = Float(x) }
        parameter.valueChanged()
        return parameter
    }

    /// Elements to look at one by one, and a direction of ±1 that looks at all of them at once.
    private struct Probe {
        let elements: [Int]
        let direction: [Double]
    }

    private func probe(_ index: Int, _ grid: Grid, _ numbers: inout Numbers) -> Probe {
        let count = grid.numbers.count
        var elements = Array(0..<count)
        if count > gradientCase.samples {
            elements.shuffle(using: &numbers)
            let corners = [0, count - 1] + (gradientCase.samples > 8 ? [grid.columns - 1, count - grid.columns] : [])
            elements = Array(Set(elements.prefix(gradientCase.samples) + corners)).sorted()
        }
        return Probe(
            elements: elements, direction: grid.numbers.map { _ in Bool.random(using: &numbers) ? 1 : -1 })
    }

    /// For each variable the slope along each sampled element, then along the direction.
    private func differences(_ values: [Grid], _ weights: [Grid], _ probes: [Probe]) -> [[Double]] {
        let jobs = probes.enumerated().flatMap { variable, probe in
            (0...probe.elements.count).map { (variable: variable, element: $0) }
        }
        var slopes = [Double](repeating: 0, count: jobs.count)
        slopes.withUnsafeMutableBufferPointer { slopes in
            nonisolated(unsafe) let slopes = slopes
            Pool.run(jobs.count) { job in
                let (variable, element) = jobs[job]
                func functional(_ step: Double) -> Double {
                    var moved = values
                    if element < probes[variable].elements.count {
                        moved[variable].numbers[probes[variable].elements[element]] += step
                    } else {
                        for i in moved[variable].numbers.indices {
                            moved[variable].numbers[i] += step * probes[variable].direction[i]
                        }
                    }
                    var sum = 0.0
                    for (y, c) in zip(gradientCase.reference(moved), weights) {
                        for i in y.numbers.indices { sum += y.numbers[i] * c.numbers[i] }
                    }
                    return sum
                }
                let step = Tolerances.step
                slopes[job] = (functional(step) - functional(-step)) / (2 * step)
            }
        }
        var start = 0
        return probes.map { probe in
            defer { start += probe.elements.count + 1 }
            return Array(slopes[start...start + probe.elements.count])
        }
    }

    private func compare(_ gradient: Grid, _ probe: Probe, _ slopes: [Double], bound: Double, _ name: String) {
        let norm = gradient.numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let sampled = probe.elements.map { gradient.numbers[$0] }
        let expected = Array(slopes.dropLast())
        // A few samples may all be small ones: then the whole gradient's size counts.
        let share = norm * (Double(sampled.count) / Double(gradient.numbers.count)).squareRoot()
        let size = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let error = relativeError(sampled, expected) * min(1, size / max(size, share))
        #expect(error <= bound, "\(name): gradient is off by \(error)")
        // A random direction sees an error of every element; its own size is that of the whole gradient.
        let along = zip(gradient.numbers, probe.direction).reduce(0) { $0 + $1.0 * $1.1 }
        let miss = abs(along - (slopes.last ?? 0))
        #expect(miss <= 4 * bound * norm, "\(name): along a random direction \(along), not \(slopes.last ?? 0)")
    }
}
