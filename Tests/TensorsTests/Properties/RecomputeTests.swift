import Kernels
import Tensors
import Testing

extension TensorsTests {
    @Suite(.serialized) struct RecomputeTests {
        private func gradients(_ type: ElementType, _ blocks: (Leaves, [Tensor]) -> [Tensor]) -> [[Float]] {
            let parameters = RecomputeCases.variables.enumerated().map { index, variable in
                let parameter = Parameter("p", rows: variable.rows, columns: variable.columns)
                let numbers = constant(variable.rows, variable.columns, "recompute \(index)").numbers
                for (i, x) in numbers.enumerated() { parameter.value.floats[i] = Float(x) }
                return parameter
            }
            let leaves = Leaves(parameters: parameters, type: type)
            let outputs = blocks(leaves, [leaves.float(0), leaves.float(1)])
            let values = outputs.map { $0.values() }
            Tensor.backward(from: outputs.map { ($0, constant($0.rows, $0.columns, "dy").tensor()) })
            return values + parameters.map { $0.gradient.values() }
        }

        /// Computing a body again gives the same bits as keeping what it computed, one block or two, one inside
        /// another.
        @Test(arguments: ElementType.allCases) func equalsKeepingToTheBit(_ type: ElementType) {
            guard type == .f32 || Machine.hasBF16 else { return print("SKIPPED: recomputation in bf16") }
            let plan = RecomputeCases.plan
            let direct = gradients(type) { x, inputs in
                RecomputeCases.body(x, plan, RecomputeCases.body(x, plan, inputs))
            }
            let again = gradients(type) { x, inputs in
                recomputed(recomputed(inputs) { RecomputeCases.body(x, plan, $0) }) { RecomputeCases.body(x, plan, $0) }
            }
            let nested = gradients(type) { x, inputs in
                recomputed(inputs) { outer in
                    let inner = recomputed(outer) { RecomputeCases.body(x, plan, $0) }
                    return RecomputeCases.body(x, plan, inner)
                }
            }
            #expect(direct.allSatisfy { $0.contains { $0 != 0 } })
            #expect(again == direct)
            #expect(nested == direct)
        }

        @Test func nothingIsRecordedWhenNothingIsTrained() {
            let x = constant(3, 4, "frozen").tensor()
            #expect(recomputed([x]) { [$0[0].scaled(by: 2)] }[0].edge == nil)
        }
    }
}
