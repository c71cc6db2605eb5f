import Foundation
import Kernels
import Tensors

enum ExpertsCases {
    static let all: [GradientCase] = gather + combine + [false, true].map(clampedGate)

    /// Seven rows, two experts each of five; expert 3 is never chosen.
    private static let choices: [Int32] = [0, 4, 2, 1, 4, 0, 0, 2, 1, 4, 4, 2, 0, 1]
    private static let assignment = ExpertAssignment(choices, perToken: 2, experts: 5)

    /// For each used expert its choices, in the order of rows.
    private static let places: [[Int]] = [0, 1, 2, 4].map { expert in
        choices.indices.filter { choices[$0] == Int32(expert) }
    }

    private static func pieces(_ x: Grid, weights: Grid? = nil) -> [Grid] {
        places.map { places in
            Grid(places.count, x.columns) { place, c in
                let choice = places[place]
                return x[choice / 2, c] * (weights.map { $0[choice / 2, choice % 2] } ?? 1)
            }
        }
    }

    private static let gather: [GradientCase] = [
        GradientCase(.gather, "rows", [Variable(7, 13)]) { x in
            x.operand(0).gathered(assignment)
        } reference: { v in
            pieces(v[0])
        },
        GradientCase(.gather, "rows weighed on their way in", [Variable(7, 9), Variable(7, 2)]) { x in
            x.float(0).gathered(assignment, weights: x.float(1))
        } reference: { v in
            pieces(v[0], weights: v[1])
        },
        GradientCase(.gather, "weighed rows of a frozen matrix", [Variable(7, 2)]) { x in
            frozen(7, 6).tensor().gathered(assignment, weights: x.float(0))
        } reference: { v in
            pieces(frozen(7, 6), weights: v[0])
        },
    ]

    private static func frozen(_ rows: Int, _ columns: Int) -> Grid {
        Grid(rows, columns) { Double(($0 * 5 + $1 * 3) % 7) - 3 }
    }

    private static func sum(_ parts: [Grid], weights: Grid?) -> Grid {
        var y = Grid(7, parts[0].columns)
        for (places, part) in zip(places, parts) {
            for (place, choice) in places.enumerated() {
                for c in 0..<part.columns {
                    y[choice / 2, c] += part[place, c] * (weights.map { $0[choice / 2, choice % 2] } ?? 1)
                }
            }
        }
        return y
    }

    private static let combine: [GradientCase] = [
        GradientCase(.combine, "weighed", places.map { Variable($0.count, 11) } + [Variable(7, 2)]) { x in
            [combined((0..<4).map { x.float($0) }, assignment, weights: x.float(4), columns: 11, keeping: x.type)]
        } reference: { v in
            [sum(Array(v[0..<4]), weights: v[4])]
        },
        GradientCase(.combine, "plain sums", places.map { Variable($0.count, 3) }) { x in
            [combined((0..<4).map { x.float($0) }, assignment, weights: nil, columns: 3)]
        } reference: { v in
            [sum(v, weights: nil)]
        },
        GradientCase(.combine, "frozen weights", places.map { Variable($0.count, 5) }) { x in
            [combined((0..<4).map { x.float($0) }, assignment, weights: frozen(7, 2).tensor(), columns: 5)]
        } reference: { v in
            [sum(v, weights: frozen(7, 2))]
        },
    ]

    // The limit is no bfloat16, so that no number lies on the kink.
    private static func clampedGate(interleaved: Bool) -> GradientCase {
        let gate = ClampedGate(limit: 1.3, interleaved: interleaved)
        let name = interleaved ? "gate and up alternate" : "gate before up"
        return GradientCase(.clampedGate, name, [Variable(9, 22, spread: 1.5)]) { x in
            [gate(x.float(0), to: x.type)]
        } reference: { v in
            [
                Grid(9, 11) { r, i in
                    let g = min(v[0][r, interleaved ? 2 * i : i], Double(Float(1.3)))
                    let up = v[0][r, interleaved ? 2 * i + 1 : 11 + i]
                    return g / (1 + exp(-1.702 * g)) * (max(-Double(Float(1.3)), min(up, Double(Float(1.3)))) + 1)
                }
            ]
        }
    }
}
