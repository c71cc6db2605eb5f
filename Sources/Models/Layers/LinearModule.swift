import Kernels
import Tensors

/// One linear layer of the model under its published name.
struct LinearModule {
    let name: ModuleName
    let weights: LinearWeights
    /// Where it is among all experts' matrices, when it is an expert's.
    var slot: ExpertSlot?

    /// A name of its own: experts in one tensor share the tensor's.
    var key: String { slot.map { $0.isStacked ? "\(name.path).\($0.expert)" : name.path } ?? name.path }
}

/// An adapter's settings for one layer.
public struct AdapterSpec: Sendable, Equatable {
    /// Rows of A.
    public var rank: Int
    /// The numerator of the scale, kept for files.
    public var alpha: Float
    /// alpha / rank or alpha / √rank.
    public var scale: Float
    /// Share of input numbers dropped while training.
    public var dropout: Float

    /// Settings.
    public init(rank: Int, alpha: Float, scale: Float, dropout: Float = 0) {
        self.rank = rank
        self.alpha = alpha
        self.scale = scale
        self.dropout = dropout
    }
}

/// A low-rank adapter that hangs on a linear layer of the model.
public struct AttachedAdapter {
    /// The layer.
    public let module: ModuleName
    /// Its settings.
    public let spec: AdapterSpec
    /// The parameter that holds A [rank, inputs], perhaps among others.
    public let a: Parameter
    /// A's rows of it.
    public let aRows: Range<Int>
    /// The parameter that holds B transposed [rank, outputs].
    public let b: Parameter
    /// Where the layer is among all experts' matrices, when it is an expert's.
    public let slot: ExpertSlot?

    /// A [rank, inputs].
    public var aValue: Tensor { a.value.view(rows: aRows) }
    /// Bᵀ [rank, outputs].
    public var bValue: Tensor { b.value }
}

/// Linear layers that read the same input, with their adapters.
struct LinearGroup {
    let linears: [LinearModule]
    let adapters: [AdapterGroup]

    func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> [Tensor] {
        projections(x, linears.map(\.weights), adapters: adapters, adapted: context.adapted, draw: context.draw)
    }
}

/// The last layer of a feed-forward network: reads `act(gate) · up`.
struct GatedLinear {
    let group: LinearGroup
    let activation: Activation

    func callAsFunction(_ gate: Tensor, _ up: Tensor?, _ context: ForwardContext) -> Tensor {
        gatedProjection(
            gate, up, activation, group.linears[0].weights, adapters: group.adapters, adapted: context.adapted,
            draw: context.draw, type: context.type)
    }
}
