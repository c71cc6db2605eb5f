import Kernels

/// Queries a segment may have to be attended to one by one.
private let fewQueries = 4

/// Attention for generating: one query, or very few, a segment and nothing recorded; nil when it is not that. Weights
/// stay in f32, and only keys that a query sees are read.
func attentionOfFewQueries(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ shape: AttentionShape, _ segments: [AttentionSegment], _ sinks: [Float]?
) -> Tensor? {
    guard q.edge == nil && k.edge == nil && v.edge == nil, segments.allSatisfy({ $0.queries.count <= fewQueries }),
        segments.reduce(0, { $0 + $1.queries.count }) == q.rows
    else { return nil }
    let out = Tensor(uninitialized: q.rows, shape.heads * shape.valueSize, q.type)
    let queries = q.converted(to: .f32)
    var seen = [Range<Int>](repeating: 0..<0, count: q.rows)
    for segment in segments {
        for (i, row) in segment.queries.enumerated() {
            let position = segment.keys.count - segment.queries.count + i
            let start = segment.keys.lowerBound
            seen[row] = start + shape.firstSeen(from: position)..<start + position + 1
        }
    }
    let pass = QueryAttention(
        headsPerGroup: shape.heads / shape.keyValueHeads, groups: shape.keyValueHeads, size: shape.headSize,
        valueSize: shape.valueSize, scale: shape.scale, softcap: shape.softcap)
    Profile.measure(.attention) {
        pass.run(
            queries.floats, keys: k.pointer, keyStride: k.stride, values: v.pointer, valueStride: v.stride,
            type: k.type,
            seen: seen, sinks: sinks, into: out.pointer, as: out.type)
    }
    withExtendedLifetime((queries, k, v)) {}
    return out
}
