import Tensors

enum AttentionCases {
    static let all: [GradientCase] = [
        attend("one token", [1], heads: 2, groups: 1, size: 16, gives: .values),
        attend("two segments of odd lengths, grouped heads", [17, 33], heads: 4, groups: 2, size: 16),
        attend("heads of 20, one head a group", [3, 1, 35], heads: 3, groups: 3, size: 20),
        attend("heads of 64, values of 48", [19, 8], heads: 2, groups: 1, size: 64, valueSize: 48),
        attend("heads of 80", [37], heads: 2, groups: 2, size: 80, samples: 24),
        attend("values wider than keys", [9, 22], heads: 2, groups: 1, size: 12, valueSize: 20),
        attend("window", [5, 67], heads: 2, groups: 1, size: 16, reach: .window(9)),
        attend("window of one", [11], heads: 2, groups: 2, size: 16, reach: .window(1), gives: .values),
        attend("chunks", [50, 21], heads: 2, groups: 1, size: 16, reach: .chunk(16)),
        attend("softcap", [33, 9], heads: 2, groups: 1, size: 16, softcap: 2),
        attend("sinks", [30, 5], heads: 4, groups: 2, size: 16, sinks: [0.5, -1, 2, 0]),
        attend("sinks and window", [33], heads: 2, groups: 1, size: 20, reach: .window(7), sinks: [1, -0.5]),
        attend("large scores", [40], heads: 2, groups: 1, size: 16, scale: 3),
        attend("beyond a tile of queries", [131, 140], heads: 2, groups: 1, size: 16, samples: 4),
        attend("beyond a tile of keys", [3, 523], heads: 2, groups: 1, size: 8, samples: 1),
        attend("window beyond tiles", [530], heads: 1, groups: 1, size: 8, reach: .window(130), samples: 2),
        attend(
            "chunks and softcap beyond tiles", [300], heads: 2, groups: 1, size: 8, softcap: 3, reach: .chunk(140),
            samples: 2),
        attend("many heads a group", [29], heads: 12, groups: 1, size: 8, samples: 30),
        attend("rows that belong to no segment", [10, 20], heads: 2, groups: 1, size: 16, gap: 4),
        ofViews,
    ]

    /// What leads to the loss: a single visible key lets no gradient through queries and keys.
    enum Gives { case all, values }

    private static func attend(
        _ name: String, _ lengths: [Int], heads: Int, groups: Int, size: Int, valueSize: Int? = nil,
        scale: Float? = nil,
        softcap: Float = 0, reach: AttentionShape.Reach = .full, sinks: [Float]? = nil, gap: Int = 0,
        gives: Gives = .all, samples: Int = 60
    ) -> GradientCase {
        let width = valueSize ?? size
        let shape = AttentionShape(
            heads: heads, keyValueHeads: groups, headSize: size, valueSize: valueSize,
            scale: scale ?? 1 / Float(size).squareRoot(), softcap: softcap, reach: reach)
        var segments: [AttentionSegment] = []
        var rows = gap
        for length in lengths {
            segments.append(AttentionSegment(rows..<rows + length))
            rows += length + gap
        }
        let total = rows
        let values = Variable(total, groups * width)
        let segmentsOf = segments
        if gives == .values {
            let (q, k) = (constant(total, heads * size, name + " q"), constant(total, groups * size, name + " k"))
            return GradientCase(.attention, name, [values], samples: samples) { x in
                [attention(q.tensor(x.type), k.tensor(x.type), x.operand(0), shape, segments: segmentsOf, sinks: sinks)]
            } reference: { v in
                [Formula.attention(q, k, v[0], shape, segments: segmentsOf, sinks: sinks)]
            }
        }
        return GradientCase(
            .attention, name, [Variable(total, heads * size), Variable(total, groups * size), values], samples: samples
        ) { x in
            [attention(x.operand(0), x.operand(1), x.operand(2), shape, segments: segmentsOf, sinks: sinks)]
        } reference: { v in
            [Formula.attention(v[0], v[1], v[2], shape, segments: segmentsOf, sinks: sinks)]
        }
    }

    /// Queries, keys and values as columns of one joined product.
    private static let ofViews: GradientCase = {
        let shape = AttentionShape(heads: 4, keyValueHeads: 2, headSize: 16, scale: 0.25)
        let segments = [AttentionSegment(0..<13), AttentionSegment(13..<40)]
        return GradientCase(.attention, "of views of one tensor", [Variable(40, 128)]) { x in
            let parts = x.operand(0).split([64, 32, 32])
            return [attention(parts[0], parts[1], parts[2], shape, segments: segments)]
        } reference: { v in
            [
                Formula.attention(
                    v[0].slice(columns: 0..<64), v[0].slice(columns: 64..<96), v[0].slice(columns: 96..<128), shape,
                    segments: segments, sinks: nil)
            ]
        }
    }()
}
