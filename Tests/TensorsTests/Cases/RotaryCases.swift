import Foundation
import Tensors

enum RotaryCases {
    static let all: [GradientCase] = [
        rotary("halves", rows: 17, heads: 3, headSize: 16, dims: 16, interleaved: false),
        rotary("pairs", rows: 3, heads: 2, headSize: 20, dims: 20, interleaved: true),
        rotary("halves of a part of each head", rows: 33, heads: 2, headSize: 20, dims: 6, interleaved: false),
        rotary("pairs of a part of each head", rows: 1, heads: 5, headSize: 9, dims: 4, interleaved: true),
    ]

    private static func rotary(
        _ name: String, rows: Int, heads: Int, headSize: Int, dims: Int, interleaved: Bool
    ) -> GradientCase {
        let frequencies: [Float] = (0..<dims / 2).map { i in
            let exponent = Double(2 * i) / Double(dims)
            return Float(pow(10_000, -exponent))
        }
        // Two segments: positions start anew.
        let positions: [Int32] = (0..<rows).map { row in Int32(row < 5 ? row + 40 : row - 5) }
        let factor: Float = 1.25
        let width = heads * headSize
        return GradientCase(.rotary, name, [Variable(rows, width + 3)]) { x in
            let table = RotaryTable(
                positions: 64, inverseFrequencies: frequencies, attentionFactor: factor, interleaved: interleaved)
            return [
                x.operand(0).split([3, width])[1].rotated(
                    by: table, positions: positions, headSize: headSize, to: x.type)
            ]
        } reference: { v in
            [
                Formula.rotary(
                    v[0].slice(columns: 3..<width + 3), positions: positions, frequencies: frequencies,
                    factor: Double(factor), interleaved: interleaved, headSize: headSize)
            ]
        }
    }
}
