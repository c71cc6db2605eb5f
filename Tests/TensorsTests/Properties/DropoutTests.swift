import Kernels
import Tensors
import Testing

extension TensorsTests {
    @Suite(.serialized) struct DropoutTests {
        private static let plan = LinearPlan(
            inputs: 48, layers: [LayerPlan(.stored(StoredMatrix(21, 48, .bf16)))],
            groups: [GroupPlan([(0, 4, 2)], dropout: 0.4, key: 9)])

        private func parameters() -> [Parameter] {
            Self.plan.variables.enumerated().map { index, variable in
                let parameter = Parameter("p", rows: variable.rows, columns: variable.columns)
                let numbers = constant(variable.rows, variable.columns, "dropout \(index)").numbers
                for (i, x) in numbers.enumerated() { parameter.value.floats[i] = Float(x) }
                return parameter
            }
        }

        /// The outputs and A's and B's gradients of a step of 50 rows cut where told.
        private func step(cut: [Int], key: UInt64 = 77) -> (outputs: [Double], gradients: [[Double]]) {
            let x = constant(50, 48, "dropout x")
            let g = constant(50, 21, "dropout g")
            let parameters = parameters()
            var plan = Self.plan
            plan.firstVariable = 0
            var outputs: [Double] = []
            for (start, end) in zip([0] + cut, cut + [50]) {
                let (layers, groups) = plan.weights(Leaves(parameters: parameters, type: .f32))
                let y = projections(
                    x.slice(rows: start..<end).tensor(), layers, adapters: groups,
                    draw: DropoutDraw(key: key, firstRow: start))[0]
                outputs += Grid(y).numbers
                Tensor.backward(from: [(y, g.slice(rows: start..<end).tensor())])
            }
            return (outputs, parameters.map { Grid($0.gradient).numbers })
        }

        @Test func masksDoNotDependOnTheCut() {
            let whole = step(cut: [])
            for cut in [[1], [17], [16, 17, 40]] {
                let parts = step(cut: cut)
                #expect(relativeError(parts.outputs, whole.outputs) <= Tolerances.of(.f32).forward)
                for (a, b) in zip(parts.gradients, whole.gradients) {
                    #expect(relativeError(a, b) <= Tolerances.of(.f32).gradient)
                }
            }
            #expect(relativeError(step(cut: [], key: 78).outputs, whole.outputs) > 0.1)
        }
    }
}
