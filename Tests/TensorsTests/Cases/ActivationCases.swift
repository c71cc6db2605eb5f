import Tensors

enum ActivationCases {
    static let all: [GradientCase] =
        Activation.allCases.flatMap { kind in
            [
                GradientCase(.activation, "\(kind), 17×33", [Variable(17, 33, spread: 2)]) { x in
                    [x.float(0).activated(kind, to: x.type)]
                } reference: { v in
                    [Formula.gated(kind, v[0], nil)]
                },
                GradientCase(.activation, "\(kind) times up, 3×67", [Variable(3, 67, spread: 3), Variable(3, 67)]) {
                    x in
                    [x.operand(0).activated(kind, times: x.operand(1), to: x.type)]
                } reference: { v in
                    [Formula.gated(kind, v[0], v[1])]
                },
            ]
        } + [
            GradientCase(.activation, "silu of halves of one tensor", [Variable(5, 30)]) { x in
                let halves = x.float(0).split([15, 15])
                return [halves[0].activated(.silu, times: halves[1])]
            } reference: { v in
                [Formula.gated(.silu, v[0].slice(columns: 0..<15), v[0].slice(columns: 15..<30))]
            },
            GradientCase(.activation, "silu times itself", [Variable(2, 9)]) { x in
                let y = x.float(0)
                return [y.activated(.silu, times: y)]
            } reference: { v in
                [Formula.gated(.silu, v[0], v[0])]
            },
            GradientCase(.activation, "silu of large numbers", [Variable(4, 33, spread: 30)]) { x in
                [x.float(0).activated(.silu)]
            } reference: { v in
                [Formula.gated(.silu, v[0], nil)]
            },
        ]
}
