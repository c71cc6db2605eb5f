import Kernels
import Tensors

/// The feed-forward network of one block.
struct FeedForward {
    let kind: DenseConfig.Kind
    let hidden: Int
    let input: LinearGroup
    let output: GatedLinear

    /// - Parameter x: [rows, width] in the operand type.
    /// - Returns: f32 [rows, width].
    func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        let inner = input(x, context)
        switch kind {
        case .gated: return output(inner[0], inner[1], context)
        case .gatedFused:
            let parts = inner[0].split([hidden, hidden])
            return output(parts[0], parts[1], context)
        case .plain: return output(inner[0], nil, context)
        }
    }
}
