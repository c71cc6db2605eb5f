import Foundation
import Kernels
import Tensors

enum RouteCases {
    static let all: [GradientCase] = [
        route("softmax, normalized", rows: 33, experts: 8, Routing(perToken: 2, normalized: true)),
        route("softmax as it is, scaled", rows: 5, experts: 7, Routing(perToken: 3, normalized: false, scale: 2.5)),
        route("all experts chosen", rows: 4, experts: 3, Routing(perToken: 3, normalized: true)),
        route("one sigmoid", rows: 17, experts: 5, Routing(perToken: 1, scores: .sigmoid, normalized: false)),
        route(
            "softmax by the best expert of groups", rows: 19, experts: 6,
            Routing(perToken: 2, normalized: false, scale: 1.5, groups: .init(count: 3, chosen: 2, best: 1))),
        route(
            "corrected sigmoids by the two best of groups", rows: 21, experts: 8,
            Routing(
                perToken: 3, scores: .sigmoid, normalized: true, scale: 2.5,
                groups: .init(count: 2, chosen: 1, best: 2),
                correction: [0.5, -0.25, 0.125, 0, -0.5, 0.375, 0.25, -0.125])),
    ]

    /// The logits pass, and their load balancing loss is an output of its own.
    static let balance: [GradientCase] = [(19, 5, 2), (1, 3, 3), (70, 16, 1)].map { rows, experts, perToken in
        GradientCase(.expertBalance, "\(rows) rows, \(perToken) of \(experts)", [Variable(rows, experts, spread: 2)]) {
            x in
            let balance = ExpertBalance(experts: experts, perToken: perToken, coefficient: 0)
            let outputs = x.float(0).balanced(balance)
            return [outputs.logits, outputs.loss]
        } reference: { v in
            var (chosen, probability) = ([Double](repeating: 0, count: experts), [Double](repeating: 0, count: experts))
            for r in 0..<rows {
                let logits = (0..<experts).map { v[0][r, $0] }
                let sum = logits.reduce(0) { $0 + exp($1) }
                for e in 0..<experts { probability[e] += exp(logits[e]) / sum / Double(rows) }
                for e in (0..<experts).sorted(by: { logits[$0] > logits[$1] }).prefix(perToken) {
                    chosen[e] += 1 / Double(rows)
                }
            }
            let loss = Double(experts) * zip(chosen, probability).reduce(0) { $0 + $1.0 * $1.1 }
            return [v[0], Grid(1, 1, [loss])]
        }
    }

    private static func route(_ name: String, rows: Int, experts: Int, _ routing: Routing) -> GradientCase {
        GradientCase(.route, name, [Variable(rows, experts, spread: 2)]) { x in
            [Tensors.route(x.float(0), routing).weights]
        } reference: { v in
            let weights = (0..<rows).map { r in formula((0..<experts).map { v[0][r, $0] }, routing) }
            return [Grid(rows, routing.perToken) { weights[$0][$1] }]
        }
    }

    /// The weights of one row, the best expert's first.
    private static func formula(_ logits: [Double], _ routing: Routing) -> [Double] {
        let scores: [Double]
        if routing.scores == .sigmoid {
            scores = logits.map { 1 / (1 + exp(-$0)) }
        } else {
            let sum = logits.reduce(0) { $0 + exp($1) }
            scores = logits.map { exp($0) / sum }
        }
        var ranked = scores.enumerated().map { (expert: $0, rank: $1 + Double(routing.correction?[$0] ?? 0)) }
        if let groups = routing.groups {
            let size = scores.count / groups.count
            let sums = (0..<groups.count).map { g in
                (g, ranked[g * size..<(g + 1) * size].map(\.rank).sorted(by: >).prefix(groups.best).reduce(0, +))
            }
            let open = sums.sorted { $0.1 > $1.1 }.prefix(groups.chosen).map(\.0)
            ranked = ranked.filter { open.contains($0.expert / size) }
        }
        let chosen = ranked.sorted { $0.rank > $1.rank }.prefix(routing.perToken).map { scores[$0.expert] }
        let sum = routing.normalized ? chosen.reduce(0, +) : 1
        return chosen.map { Double(routing.scale) * $0 / sum }
    }
}
