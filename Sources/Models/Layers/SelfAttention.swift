import Kernels
import Tensors

/// Softmax attention of one block: projections, norms on queries and keys, rotation, attention, output projection.
struct SelfAttention {
    let config: AttentionConfig
    let layer: Int
    let input: LinearGroup
    let output: LinearGroup
    let queryNorm: Norm?
    let keyNorm: Norm?
    let sinks: [Float]?

    /// - Parameters:
    ///   - x: [rows, width] in the operand type.
    ///   - kept: rows whose result is wanted, or nil for all.
    /// - Returns: f32 [kept rows, width].
    func callAsFunction(_ x: Tensor, _ context: ForwardContext, kept: [Int32]?) -> Tensor {
        var (q, k, v) = split(input(x, context))
        q = clipped(normalized(q, queryNorm))
        k = clipped(normalized(k, keyNorm))
        v = clipped(v)
        q = turned(q, context, growth: config.queryGrowth)
        k = turned(k, context, growth: nil)
        v = v.convertedRecording(to: context.type)
        if let cache = context.cache { (k, v) = cache.store(k, v, layer: layer, segments: context.segments) }
        var mixed = attention(q, k, v, shape, segments: context.segments, sinks: sinks)
        if let kept { mixed = mixed.rows(kept) }
        return output(mixed, context.keeping(kept))[0]
    }

    private var shape: AttentionShape {
        let reach: AttentionShape.Reach =
            switch config.reach {
            case .full: .full
            case .window(let width): .window(width)
            case .chunk(let width): .chunk(width)
            }
        return AttentionShape(
            heads: config.heads, keyValueHeads: config.keyValueHeads, headSize: config.headDim, scale: config.scale,
            softcap: config.softCap ?? 0, reach: reach)
    }

    private func split(_ outputs: [Tensor]) -> (q: Tensor, k: Tensor, v: Tensor) {
        switch config.projection {
        case .separate: return (outputs[0], outputs[1], outputs[2])
        case .fused:
            let (queries, keys) = (config.heads * config.headDim, config.keyValueHeads * config.headDim)
            let parts = outputs[0].split([queries, keys, keys])
            return (parts[0], parts[1], parts[2])
        case .fusedByGroup:
            let parts = outputs[0].splitGroups(
                config.keyValueHeads, [config.heads / config.keyValueHeads, 1, 1].map { $0 * config.headDim })
            return (parts[0], parts[1], parts[2])
        }
    }

    private func normalized(_ x: Tensor, _ norm: Norm?) -> Tensor {
        guard let norm else { return x }
        let whole = x.isContiguous ? x : x.convertedRecording(to: .f32)
        return whole.normalized(norm, group: config.queryKeyNorm == .fullWidth ? nil : config.headDim)
    }

    private func clipped(_ x: Tensor) -> Tensor { config.projectionClip.map { x.clamped(to: $0) } ?? x }

    private func turned(_ x: Tensor, _ context: ForwardContext, growth: AttentionConfig.QueryGrowth?) -> Tensor {
        guard let rotary = config.rotary else { return grown(x, context, growth).convertedRecording(to: context.type) }
        // A table that turns whole heads can hold the growth; else what it does not turn would not grow.
        let whole = context.tables.dims(rotary) == config.headDim
        let (table, rows) = context.turning(rotary, growth: whole ? growth : nil)
        return (whole ? x : grown(x, context, growth)).rotated(
            by: table, positions: rows, headSize: config.headDim, to: context.type)
    }

    private func grown(_ x: Tensor, _ context: ForwardContext, _ growth: AttentionConfig.QueryGrowth?) -> Tensor {
        guard let growth else { return x }
        let factors = context.positions.map { growth.factor(at: Int($0)) }
        return x.scaledRows(by: Tensor(factors, rows: factors.count, columns: 1))
    }
}
