extension Vocabulary {
    /// The merges that a vocabulary with scores implies: every way to put a token together from two others, those of
    /// the best score first. Tokens of equal score share a rank, so that among them the leftmost pair merges first.
    ///
    /// - Parameters:
    ///   - scores: the score of each id; larger merges earlier.
    ///   - isText: whether text can become this token.
    func merges(
        scores: [Double], isText: (Int32) -> Bool = { _ in true }, atCharacters: Bool = true
    ) -> [(left: Int32, right: Int32, rank: UInt32, id: Int32)] {
        var ranks = [UInt32](repeating: 0, count: scores.count)
        var rank: UInt32 = 0
        var last = Double.infinity
        for id in scores.indices.sorted(by: { scores[$0] > scores[$1] }) {
            if scores[id] < last { rank += 1 }
            last = scores[id]
            ranks[id] = rank
        }
        var merges: [(left: Int32, right: Int32, rank: UInt32, id: Int32)] = []
        forEach { token, id in
            guard isText(id) else { return }
            for cut in 1..<max(token.count, 1) where !atCharacters || token[cut] & 0xc0 != 0x80 {
                guard let left = self.id(UnsafeBufferPointer(rebasing: token[..<cut])), isText(left),
                    let right = self.id(UnsafeBufferPointer(rebasing: token[cut...])), isText(right)
                else { continue }
                merges.append((left, right, ranks[Int(id)], id))
            }
        }
        return merges
    }
}
