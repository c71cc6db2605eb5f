import Tensors

enum EmbeddingCases {
    static let all: [GradientCase] = [
        table("repeated ids, scaled", vocabulary: 11, width: 67, ids: [3, 0, 3, 10, 3, 0, 7], scale: 1.5),
        table("one token", vocabulary: 5, width: 130, ids: [4], scale: 1),
        table("wide", vocabulary: 3, width: 200, ids: [1, 1, 2, 0], scale: 0.25),
    ]

    private static func table(
        _ name: String, vocabulary: Int, width: Int, ids: [Int32], scale: Float
    ) -> GradientCase {
        GradientCase(.embedding, name, [Variable(vocabulary, width)]) { x in
            [embedding(ids, in: .trained(x.parameters[0]), scale: scale)]
        } reference: { v in
            [Grid(ids.count, width) { Double(scale) * v[0][Int(ids[$0]), $1] }]
        }
    }
}
