import Kernels
import Tensors

enum NormCases {
    static let all: [GradientCase] = single + joints

    private static let epsilon: Float = 1e-5

    private static let single: [GradientCase] = [
        GradientCase(.norm, "root mean square, trained weight, 17×33", [Variable(17, 33), Variable(1, 33)]) { x in
            [x.float(0).normalized(Norm(weight: x.float(1), epsilon: epsilon), to: x.type)]
        } reference: { v in
            [Formula.norm(v[0], weight: v[1], bias: nil, epsilon: Double(epsilon), centred: false)]
        },
        GradientCase(.norm, "one row, no weight, operand input", [Variable(1, 67)]) { x in
            [x.operand(0).normalized(Norm(weight: nil, epsilon: epsilon))]
        } reference: { v in
            [Formula.norm(v[0], weight: nil, bias: nil, epsilon: Double(epsilon), centred: false)]
        },
        GradientCase(
            .norm, "centred, trained weight and bias, 130×20",
            [Variable(130, 20, offset: 2), Variable(1, 20), Variable(1, 20)]
        ) { x in
            [
                x.float(0).normalized(
                    Norm(weight: x.float(1), bias: x.float(2), epsilon: epsilon, centred: true), to: x.type)
            ]
        } reference: { v in
            [Formula.norm(v[0], weight: v[1], bias: v[2], epsilon: Double(epsilon), centred: true)]
        },
        frozen("centred, frozen weight and bias", rows: 3, columns: 130, centred: true),
        frozen("root mean square, frozen weight, wide", rows: 2, columns: 900, centred: false),
        GradientCase(.norm, "heads of 20, trained weight", [Variable(9, 60), Variable(1, 20)]) { x in
            [x.float(0).normalized(Norm(weight: x.float(1), epsilon: epsilon), group: 20, to: x.type)]
        } reference: { v in
            [Formula.norm(v[0], weight: v[1], bias: nil, epsilon: Double(epsilon), centred: false, group: 20)]
        },
        GradientCase(.norm, "heads of 20 with weights of their own", [Variable(70, 60), Variable(3, 20)]) { x in
            [
                x.float(0).normalized(
                    Norm(weight: x.float(1), epsilon: epsilon, centred: true), group: 20, to: x.type)
            ]
        } reference: { v in
            [Formula.norm(v[0], weight: v[1], bias: nil, epsilon: Double(epsilon), centred: true, group: 20)]
        },
        GradientCase(.norm, "a view", [Variable(5, 40), Variable(1, 17)]) { x in
            [x.float(0).split([3, 17, 20])[1].normalized(Norm(weight: x.float(1), epsilon: epsilon))]
        } reference: { v in
            [
                Formula.norm(
                    v[0].slice(columns: 3..<20), weight: v[1], bias: nil, epsilon: Double(epsilon), centred: false)
            ]
        },
        GradientCase(.norm, "weight and bias trained over a constant", [Variable(1, 33), Variable(1, 33)]) { x in
            let input = constant(70, 33, "norm input").tensor()
            return [input.normalized(Norm(weight: x.float(0), bias: x.float(1), epsilon: epsilon, centred: true))]
        } reference: { v in
            [
                Formula.norm(
                    constant(70, 33, "norm input"), weight: v[0], bias: v[1], epsilon: Double(epsilon), centred: true)
            ]
        },
        GradientCase(.norm, "weight that is itself computed", [Variable(4, 18), Variable(1, 18)]) { x in
            let ones = Tensor([Float](repeating: 1, count: 18), rows: 1, columns: 18)
            return [x.float(0).normalized(Norm(weight: x.float(1).adding(ones), epsilon: epsilon))]
        } reference: { v in
            [
                Formula.norm(
                    v[0], weight: v[1].mapped { $0 + 1 }, bias: nil, epsilon: Double(epsilon), centred: false)
            ]
        },
        GradientCase(.norm, "of numbers smaller than epsilon", [Variable(3, 17, spread: 1e-3)]) { x in
            [x.float(0).normalized(Norm(weight: nil, epsilon: 1e-2))]
        } reference: { v in
            [Formula.norm(v[0], weight: nil, bias: nil, epsilon: Double(Float(1e-2)), centred: false)]
        },
    ]

    private static func frozen(_ name: String, rows: Int, columns: Int, centred: Bool) -> GradientCase {
        let weight = constant(1, columns, name)
        let bias = centred ? constant(1, columns, name + " bias") : nil
        return GradientCase(.norm, name, [Variable(rows, columns)]) { x in
            let norm = Norm(weight: weight.tensor(), bias: bias?.tensor(), epsilon: epsilon, centred: centred)
            return [x.float(0).normalized(norm, to: x.type)]
        } reference: { v in
            [Formula.norm(v[0], weight: weight, bias: bias, epsilon: Double(epsilon), centred: centred)]
        }
    }

    /// Which of a joint's two outputs lead to the loss.
    private enum Used: String, CaseIterable { case both, sum, normalized }

    private static let joints: [GradientCase] =
        Used.allCases.map { joint("uses \($0.rawValue)", $0, scale: 1, centred: false) }
        + Used.allCases.map { joint("scaled, uses \($0.rawValue)", $0, scale: 0.5, centred: true) } + [
            GradientCase(.addNorm, "of a tensor to itself, normalized and sum used twice", [Variable(9, 17)]) { x in
                let y = x.float(0)
                let (sum, normalized) = y.adding(
                    y, scale: 0.5, thenNormalized: Norm(weight: nil, epsilon: epsilon), to: .f32)
                let second = sum.adding(normalized, thenNormalized: Norm(weight: nil, epsilon: epsilon), to: x.type)
                return [second.sum, second.normalized]
            } reference: { v in
                let sum = 1.5 * v[0]
                let normalized = Formula.norm(sum, weight: nil, bias: nil, epsilon: Double(epsilon), centred: false)
                let total = sum + normalized
                return [total, Formula.norm(total, weight: nil, bias: nil, epsilon: Double(epsilon), centred: false)]
            }
        ]

    private static func joint(_ name: String, _ used: Used, scale: Float, centred: Bool) -> GradientCase {
        let trainsNorm = used != .sum
        let learned = trainsNorm ? [Variable(1, 35), Variable(1, 35)] : []
        return GradientCase(.addNorm, name, [Variable(67, 35), Variable(67, 35)] + learned) { x in
            let norm = Norm(
                weight: trainsNorm ? x.float(2) : nil, bias: trainsNorm ? x.float(3) : nil, epsilon: epsilon,
                centred: centred)
            let (sum, normalized) = x.float(0).adding(x.operand(1), scale: scale, thenNormalized: norm, to: x.type)
            return used == .both ? [sum, normalized] : used == .sum ? [sum] : [normalized]
        } reference: { v in
            let sum = v[0] + Double(scale) * v[1]
            let normalized = Formula.norm(
                sum, weight: trainsNorm ? v[2] : nil, bias: trainsNorm ? v[3] : nil, epsilon: Double(epsilon),
                centred: centred)
            return used == .both ? [sum, normalized] : used == .sum ? [sum] : [normalized]
        }
    }
}
