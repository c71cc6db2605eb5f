import Kernels
import Tensors

enum ElementwiseCases {
    static let all: [GradientCase] = [
        GradientCase(.add, "scaled, 17×33", [Variable(17, 33), Variable(17, 33)]) { x in
            [x.float(0).adding(x.float(1), scale: 0.5)]
        } reference: { v in
            [v[0] + 0.5 * v[1]]
        },
        GradientCase(.add, "unscaled with an addend in operand type, one row", [Variable(1, 7), Variable(1, 7)]) { x in
            [x.float(0).adding(x.operand(1))]
        } reference: { v in
            [v[0] + v[1]]
        },
        GradientCase(.add, "of a tensor to itself", [Variable(5, 19)]) { x in
            let y = x.float(0)
            return [y.adding(y, scale: -0.25)]
        } reference: { v in
            [0.75 * v[0]]
        },
        GradientCase(.add, "of one tensor three times over, as view and whole", [Variable(6, 10)]) { x in
            let parts = x.float(0).split([4, 4, 2])
            let sum = parts[0].adding(parts[1])
            return [sum.adding(sum), sum.adding(parts[0], scale: 3)]
        } reference: { v in
            let (a, b) = (v[0].slice(columns: 0..<4), v[0].slice(columns: 4..<8))
            return [2.0 * (a + b), (a + b) + 3.0 * a]
        },
        GradientCase(.scaled, "3×5", [Variable(3, 5)]) { x in
            [x.float(0).scaled(by: -0.75)]
        } reference: { v in
            [-0.75 * v[0]]
        },
        GradientCase(.scaled, "a view", [Variable(67, 12)]) { x in
            [x.float(0).split([5, 7])[1].scaled(by: 3)]
        } reference: { v in
            [3.0 * v[0].slice(columns: 5..<12)]
        },
        GradientCase(.convert, "a view to operand type", [Variable(33, 21)]) { x in
            [x.float(0).split([4, 17])[1].convertedRecording(to: x.type)]
        } reference: { v in
            [v[0].slice(columns: 4..<21)]
        },
        GradientCase(.convert, "back to f32", [Variable(3, 18)]) { x in
            [x.operand(0).split([9, 9])[0].convertedRecording(to: .f32)]
        } reference: { v in
            [v[0].slice(columns: 0..<9)]
        },
        GradientCase(.split, "into three", [Variable(17, 33)]) { x in
            x.float(0).split([5, 17, 11])
        } reference: { v in
            [v[0].slice(columns: 0..<5), v[0].slice(columns: 5..<22), v[0].slice(columns: 22..<33)]
        },
        GradientCase(.split, "where one piece is not used", [Variable(4, 9)]) { x in
            Array(x.operand(0).split([2, 3, 4])[1...])
        } reference: { v in
            [v[0].slice(columns: 2..<5), v[0].slice(columns: 5..<9)]
        },
        GradientCase(.rows, "out of order", [Variable(19, 13)]) { x in
            [x.float(0).rows([4, 0, 18, 7])]
        } reference: { v in
            [Grid(4, 13) { v[0][[4, 0, 18, 7][$0], $1] }]
        },
        GradientCase(.rows, "of a view in operand type", [Variable(130, 8)]) { x in
            [x.operand(0).split([3, 5])[1].rows([129, 1])]
        } reference: { v in
            [Grid(2, 5) { v[0][[129, 1][$0], 3 + $1] }]
        },
    ]
}
