import Kernels
import Tensors
import Testing

/// All tests of this module run one after the other: the pool of threads takes work from one thread at a time.
@Suite(.serialized) struct TensorsTests {}

/// Every case of every op, by family.
let gradientCases: [GradientCase] =
    ElementwiseCases.all + NormCases.all + ActivationCases.all + ProjectionCases.all + AdapterCases.all
    + GatedProjectionCases.all + RotaryCases.all + AttentionCases.all + EmbeddingCases.all + CrossEntropyCases.all
    + RecomputeCases.all + RouteCases.all + RouteCases.balance + ExpertsCases.all + HeadCases.all + SharedCases.all

extension TensorsTests {
    @Suite(.serialized) struct GradientTests {
        @Test(arguments: gradientCases) func matchesCentralDifferences(_ gradientCase: GradientCase) {
            GradientCheck(gradientCase: gradientCase, type: .f32).run()
            if Machine.hasBF16 { GradientCheck(gradientCase: gradientCase, type: .bf16).run() }
        }

        @Test func bf16IsTested() {
            if !Machine.hasBF16 { print("SKIPPED: gradients in bf16, this processor multiplies no bfloat16") }
        }

        @Test func everyOpHasAGradientCase() {
            let missing = Set(OpName.allCases).subtracting(gradientCases.map(\.op))
            #expect(missing.isEmpty, "no gradient case: \(missing.map(\.rawValue).sorted())")
        }

        /// The comparison itself must be able to fail.
        @Test func zeroGradientsAreRejected() {
            #expect(relativeError([0, 0], [1e-9, 0]) >= 1)
            #expect(relativeError([1, 2], [1, 2]) == 0)
            #expect(relativeError([.nan], [1]) == .infinity)
            #expect(relativeError([1], [0]) == .infinity)
        }
    }
}
