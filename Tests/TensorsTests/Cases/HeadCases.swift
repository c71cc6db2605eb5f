import Kernels
import Tensors

/// Ops between projections and attention: rows scaled, numbers clamped, heads put together.
enum HeadCases {
    static let all: [GradientCase] = [
        GradientCase(.rowScaled, "both trained", [Variable(19, 7), Variable(19, 1)]) { x in
            [x.float(0).scaledRows(by: x.float(1))]
        } reference: { v in
            [Grid(19, 7) { v[0][$0, $1] * v[1][$0, 0] }]
        },
        GradientCase(.rowScaled, "a view by frozen factors", [Variable(5, 9)]) { x in
            [x.operand(0).split([4, 5])[1].scaledRows(by: Tensor([1, 2, -3, 0, 0.5], rows: 5, columns: 1))]
        } reference: { v in
            [Grid(5, 5) { v[0][$0, 4 + $1] * [1, 2, -3, 0, 0.5][$0] }]
        },
        // The bound is no bfloat16, so that no number lies on the kink.
        GradientCase(.clamp, "some numbers beyond", [Variable(17, 13)]) { x in
            [x.float(0).clamped(to: 0.7)]
        } reference: { v in
            [v[0].mapped { max(-Double(Float(0.7)), min($0, Double(Float(0.7)))) }]
        },
        joined("one turned part a head", shared: false),
        joined("one turned part for all heads", shared: true),
    ]

    private static func joined(_ name: String, shared: Bool) -> GradientCase {
        GradientCase(.joinHeads, name, [Variable(6, 15), Variable(6, shared ? 2 : 6)]) { x in
            [joinedHeads(x.float(0), x.float(1), heads: 3, width: 2, to: x.type)]
        } reference: { v in
            [
                Grid(6, 21) { r, c in
                    let (head, i) = (c / 7, c % 7)
                    return i < 5 ? v[0][r, head * 5 + i] : v[1][r, (shared ? 0 : head * 2) + i - 5]
                }
            ]
        }
    }
}
