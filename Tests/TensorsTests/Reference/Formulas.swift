import Foundation
import Tensors

/// The ops' formulas in Double, written from their definitions and as naively as possible.
enum Formula {
    static func activation(_ kind: Activation, _ x: Double) -> Double {
        switch kind {
        case .silu: x / (1 + exp(-x))
        case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        case .gelu: 0.5 * x * erfc(-x / 2.0.squareRoot())
        case .relu: max(x, 0)
        case .reluSquared: max(x, 0) * max(x, 0)
        case .sigmoid: 1 / (1 + exp(-x))
        }
    }

    static func gated(_ kind: Activation, _ gate: Grid, _ up: Grid?) -> Grid {
        let h = gate.mapped { activation(kind, $0) }
        return up.map { h.combined($0, *) } ?? h
    }

    /// With a weight of several rows, group `g` takes row `g mod rows`.
    static func norm(_ x: Grid, weight: Grid?, bias: Grid?, epsilon: Double, centred: Bool, group: Int? = nil) -> Grid {
        let width = group ?? x.columns
        var y = x
        for r in 0..<x.rows {
            for start in stride(from: 0, to: x.columns, by: width) {
                let row = (start..<start + width).map { x[r, $0] }
                let mean = centred ? row.reduce(0, +) / Double(width) : 0
                let square = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
                for (i, number) in row.enumerated() {
                    y[r, start + i] =
                        (number - mean) / (square + epsilon).squareRoot()
                        * (weight.map { $0[start / width % $0.rows, i] } ?? 1) + (bias?[0, i] ?? 0)
                }
            }
        }
        return y
    }

    static func rotary(
        _ x: Grid, positions: [Int32], frequencies: [Float], factor: Double, interleaved: Bool, headSize: Int
    ) -> Grid {
        var y = x
        let half = frequencies.count
        for r in 0..<x.rows {
            for head in stride(from: 0, to: x.columns, by: headSize) {
                for i in 0..<half {
                    // The angle is a product of floats by definition.
                    let angle = Double(Float(positions[r]) * frequencies[i])
                    let (first, second) = interleaved ? (head + 2 * i, head + 2 * i + 1) : (head + i, head + i + half)
                    y[r, first] = factor * (x[r, first] * cos(angle) - x[r, second] * sin(angle))
                    y[r, second] = factor * (x[r, second] * cos(angle) + x[r, first] * sin(angle))
                }
            }
        }
        return y
    }

    static func bounded(_ x: Double, _ softcap: Double) -> Double { softcap > 0 ? softcap * tanh(x / softcap) : x }

    static func crossEntropy(_ x: Grid, _ head: Grid, targets: [Int32], scale: Double, softcap: Double) -> [Double] {
        crossEntropy(x.timesTransposed(head), targets: targets, scale: scale, softcap: softcap)
    }

    /// The same of what the head gives, before its shape.
    static func crossEntropy(_ outputs: Grid, targets: [Int32], scale: Double, softcap: Double) -> [Double] {
        (0..<outputs.rows).map { r in
            let logits = (0..<outputs.columns).map { bounded(scale * outputs[r, $0], softcap) }
            let top = logits.max() ?? 0
            return top + log(logits.reduce(0) { $0 + exp($1 - top) }) - logits[Int(targets[r])]
        }
    }

    /// The dropout mask's factor, from its definition: SplitMix64 of key and row, then 32 bits mixed twice a column.
    static func dropout(key: UInt64, row: Int, column: Int, probability: Double) -> Double {
        let golden: UInt64 = 0x9e37_79b9_7f4a_7c15
        let rowKey = Numbers.mix(key &+ golden &* UInt64(row + 1))
        func lane(_ value: UInt32) -> UInt32 {
            var z = (value ^ value >> 16) &* 0x7feb_352d
            z = (z ^ z >> 15) &* 0x846c_a68b
            return z ^ z >> 16
        }
        let draw = lane(lane(UInt32(column) &+ UInt32(truncatingIfNeeded: rowKey)) ^ UInt32(rowKey >> 32))
        return Double(draw) >= probability * 4_294_967_296 ? 1 / (1 - probability) : 0
    }
}
