import Kernels
import Tensors

/// The residual stream between two parts of a block: what has been added up, and what is still to be added. The
/// addition happens together with the next norm, in one pass over memory.
struct ResidualStream {
    private(set) var sum: Tensor
    private var pending: Tensor?
    private var scale: Float = 1

    init(_ x: Tensor) { sum = x }

    /// Adds `scale · part` when the stream is next read.
    mutating func add(_ part: Tensor, scale: Float) {
        settle()
        pending = part
        self.scale = scale
    }

    /// The norm of the stream, in `type`.
    mutating func normalized(_ norm: Norm, to type: ElementType) -> Tensor {
        guard let part = pending else { return sum.normalized(norm, to: type) }
        pending = nil
        let (added, result) = sum.adding(part, scale: scale, thenNormalized: norm, to: type)
        sum = added
        return result
    }

    /// The stream itself, in `type`.
    mutating func value(_ type: ElementType) -> Tensor {
        settle()
        return sum.convertedRecording(to: type)
    }

    /// Keeps some rows only.
    mutating func keep(_ rows: [Int32]?) {
        guard let rows else { return }
        settle()
        sum = sum.rows(rows)
    }

    private mutating func settle() {
        guard let part = pending else { return }
        sum = sum.adding(part, scale: scale)
        pending = nil
    }
}

/// What mixes positions in a block.
enum Mixer {
    case attention(SelfAttention)
    case latent(LatentAttention)

    func callAsFunction(_ x: Tensor, _ context: ForwardContext, kept: [Int32]?) -> Tensor {
        switch self {
        case .attention(let attention): attention(x, context, kept: kept)
        case .latent(let attention): attention(x, context, kept: kept)
        }
    }
}

/// What works on each position of a block.
enum PositionPart {
    case dense(FeedForward)
    case experts(Experts)

    func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        switch self {
        case .dense(let network): network(x, context)
        case .experts(let experts): experts(x, context)
        }
    }
}

/// One block of the decoder: attention and feed-forward, with the norms where its arrangement has them.
struct Block {
    let arrangement: LayerConfig.Arrangement
    let residualScale: Float
    let attention: Mixer
    let feedForward: PositionPart
    let attentionNorm: Norm?
    let attentionPostNorm: Norm?
    let feedForwardNorm: Norm?
    let feedForwardPostNorm: Norm?

    /// Runs the block on the stream. With `kept`, what follows attention runs for those rows alone, which remain.
    func callAsFunction(_ stream: inout ResidualStream, _ context: ForwardContext, kept: [Int32]? = nil) {
        let before = read(&stream, attentionNorm, context)
        switch arrangement {
        case .parallel, .parallelShared:
            let other = arrangement == .parallel ? read(&stream, feedForwardNorm, context) : before
            let mixed = attention(before, context, kept: kept)
            stream.keep(kept)
            let fed = feedForward(kept.map { other.rows($0) } ?? other, context.keeping(kept))
            stream.add(mixed.adding(fed), scale: residualScale)
        case .pre, .post, .sandwich:
            let mixed = attention(before, context, kept: kept)
            stream.keep(kept)
            stream.add(after(mixed, attentionPostNorm), scale: residualScale)
            let fed = feedForward(read(&stream, feedForwardNorm, context), context.keeping(kept))
            stream.add(after(fed, feedForwardPostNorm), scale: residualScale)
        }
    }

    private func read(_ stream: inout ResidualStream, _ norm: Norm?, _ context: ForwardContext) -> Tensor {
        norm.map { stream.normalized($0, to: context.type) } ?? stream.value(context.type)
    }

    private func after(_ part: Tensor, _ norm: Norm?) -> Tensor { norm.map { part.normalized($0) } ?? part }
}
