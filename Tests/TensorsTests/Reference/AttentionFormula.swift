import Foundation
import Tensors

extension Formula {
    static func sees(_ reach: AttentionShape.Reach, key: Int, from position: Int) -> Bool {
        guard key <= position else { return false }
        switch reach {
        case .full: return true
        case .window(let width): return position - key < width
        case .chunk(let width): return position / width == key / width
        }
    }

    static func attention(
        _ q: Grid, _ k: Grid, _ v: Grid, _ shape: AttentionShape, segments: [AttentionSegment], sinks: [Float]?
    ) -> Grid {
        let (size, width) = (shape.headSize, shape.valueSize)
        var out = Grid(q.rows, shape.heads * width)
        for segment in segments {
            let before = segment.keys.count - segment.queries.count
            for (i, row) in segment.queries.enumerated() {
                for head in 0..<shape.heads {
                    let group = head / (shape.heads / shape.keyValueHeads)
                    var scores: [(key: Int, score: Double)] = []
                    for (j, keyRow) in segment.keys.enumerated() where sees(shape.reach, key: j, from: before + i) {
                        var dot = 0.0
                        for c in 0..<size {
                            dot +=
                                q.numbers[row * q.columns + head * size + c]
                                * k.numbers[keyRow * k.columns + group * size + c]
                        }
                        scores.append((keyRow, bounded(dot * Double(shape.scale), Double(shape.softcap))))
                    }
                    var top = scores.reduce(-Double.infinity) { max($0, $1.score) }
                    if let sinks { top = max(top, Double(sinks[head])) }
                    var total = sinks.map { exp(Double($0[head]) - top) } ?? 0
                    for (_, score) in scores { total += exp(score - top) }
                    for (key, score) in scores {
                        let p = exp(score - top) / total
                        for c in 0..<width {
                            out.numbers[row * out.columns + head * width + c] +=
                                p * v.numbers[key * v.columns + group * width + c]
                        }
                    }
                }
            }
        }
        return out
    }
}
