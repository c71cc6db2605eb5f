import CKernels

/// Attention of single queries over cached keys and values, read once for the query heads that share them.
public struct QueryAttention {
    /// Query heads that share a key head.
    public var headsPerGroup: Int
    /// Key heads.
    public var groups: Int
    /// Numbers of a query or key head.
    public var size: Int
    /// Numbers of a value head.
    public var valueSize: Int
    /// Factor on query · key.
    public var scale: Float
    /// Bound of the scores; 0 for none.
    public var softcap: Float

    /// A shape.
    public init(headsPerGroup: Int, groups: Int, size: Int, valueSize: Int, scale: Float, softcap: Float) {
        self.headsPerGroup = headsPerGroup
        self.groups = groups
        self.size = size
        self.valueSize = valueSize
        self.scale = scale
        self.softcap = softcap
    }

    /// Positions that one task goes through. Fixed, so that sums are added in an order that does not depend on threads.
    private static let part = 1024

    /// What one query sees.
    private struct Part {
        let query: Int
        let group: Int
        let keys: Range<Int>
        let slot: Int
    }

    /// Attends from each query to its own rows of keys and values.
    ///
    /// - Parameters:
    ///   - queries: [queries, heads · size] in f32, contiguous.
    ///   - keys, values: [positions, groups · size] and [positions, groups · valueSize], `stride` numbers a row, in
    ///     `type`.
    ///   - seen: the rows of `keys` that each query sees; none is empty.
    ///   - sinks: a score a head that joins the softmax and is dropped, or nil.
    ///   - result: [queries, heads · valueSize] in `resultType`, contiguous.
    public func run(
        _ queries: UnsafePointer<Float>, keys: UnsafeRawPointer, keyStride: Int, values: UnsafeRawPointer,
        valueStride: Int, type: ElementType, seen: [Range<Int>], sinks: [Float]?, into result: UnsafeMutableRawPointer,
        as resultType: ElementType
    ) {
        var parts: [Part] = []
        var firsts: [Int] = []
        for (query, range) in seen.enumerated() {
            for group in 0..<groups {
                firsts.append(parts.count)
                for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.part) {
                    let own = start..<min(range.upperBound, start + Self.part)
                    parts.append(Part(query: query, group: group, keys: own, slot: parts.count))
                }
            }
        }
        firsts.append(parts.count)
        let width = headsPerGroup * (valueSize + 2)
        let scratch = Storage(byteCount: max(1, parts.count) * width * 4)
        let space = scratch.base.assumingMemoryBound(to: Float.self)
        Pool.run(parts.count) { i in
            let part = parts[i]
            let maxima = space + part.slot * width
            let head = (part.query * groups + part.group) * headsPerGroup
            let firstKey = part.keys.lowerBound * keyStride + part.group * size
            let firstValue = part.keys.lowerBound * valueStride + part.group * valueSize
            graft_query_attention(
                queries + head * size, headsPerGroup, size, valueSize, keys + firstKey * type.size, keyStride,
                values + firstValue * type.size, valueStride, type.isBF16, part.keys.count, scale, softcap, maxima,
                maxima + headsPerGroup, maxima + 2 * headsPerGroup)
        }
        for unit in 0..<seen.count * groups {
            let firstHead = unit % groups * headsPerGroup
            let own = sinks.map { Array($0[firstHead..<firstHead + headsPerGroup]) }
            let to = result + unit * headsPerGroup * valueSize * resultType.size
            graft_query_attention_join(
                space + firsts[unit] * width, firsts[unit + 1] - firsts[unit], width, headsPerGroup, valueSize, own, to,
                resultType.isBF16)
        }
        withExtendedLifetime(scratch) {}
    }
}
