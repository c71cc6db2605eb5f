import Kernels
import Tensors

/// Multi-head latent attention of one block (DeepSeek V2 and V3). Keys and values are expanded from their narrow layer
/// before they are attended to and cached, so attention itself is the usual one, with values narrower than keys.
struct LatentAttention {
    let config: LatentAttentionConfig
    let layer: Int
    /// What reads the block's input: the query, or its narrow layer, then the narrow keys and values.
    let input: LinearGroup
    let queryNorm: Norm?
    let queryUp: LinearGroup?
    let keyValueNorm: Norm
    let keyValueUp: LinearGroup
    let output: LinearGroup

    /// - Parameters:
    ///   - x: [rows, width] in the operand type.
    ///   - kept: rows whose result is wanted, or nil for all.
    /// - Returns: f32 [kept rows, width].
    func callAsFunction(_ x: Tensor, _ context: ForwardContext, kept: [Int32]?) -> Tensor {
        let inner = input(x, context)
        let q = query(inner[0], context)
        let narrow = inner[1].split([config.keyValueRank, config.rotaryDim])
        let wide = keyValueUp(narrow[0].normalized(keyValueNorm, to: context.type), context)[0]
            .splitGroups(config.heads, [config.plainDim, config.valueDim])
        var k = joinedHeads(
            wide[0], turned(narrow[1], context), heads: config.heads, width: config.rotaryDim, to: context.type)
        var v = wide[1].convertedRecording(to: context.type)
        if let cache = context.cache { (k, v) = cache.store(k, v, layer: layer, segments: context.segments) }
        var mixed = attention(q, k, v, shape, segments: context.segments)
        if let kept { mixed = mixed.rows(kept) }
        return output(mixed, context.keeping(kept))[0]
    }

    private func query(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        var q = x
        if let queryNorm, let queryUp { q = queryUp(x.normalized(queryNorm, to: context.type), context)[0] }
        let parts = q.splitGroups(config.heads, [config.plainDim, config.rotaryDim])
        return joinedHeads(
            parts[0], turned(parts[1], context), heads: config.heads, width: config.rotaryDim, to: context.type)
    }

    private func turned(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        let (table, rows) = context.turning(config.rotary)
        return x.rotated(by: table, positions: rows, headSize: config.rotaryDim)
    }

    private var shape: AttentionShape {
        AttentionShape(
            heads: config.heads, keyValueHeads: config.heads, headSize: config.plainDim + config.rotaryDim,
            valueSize: config.valueDim, scale: config.scale)
    }
}
