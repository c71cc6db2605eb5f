/// The best way to each byte of a piece.
final class UnigramLattice {
    private var best: [(score: Double, start: Int32, id: Int32)] = []
    private var count = 0
    private var singlePrecision = false
    /// The furthest place that a path ends at.
    private var reached = 0

    /// Forgets the last piece and makes room for one of so many bytes.
    func begin(_ count: Int, singlePrecision: Bool) {
        self.count = count
        self.singlePrecision = singlePrecision
        reached = 0
        best.removeAll(keepingCapacity: best.capacity < 1 << 20)
        best.append(contentsOf: repeatElement((score: 0, start: -1, id: -1), count: count + 1))
    }

    /// Whether some path ends at `at`.
    func isReached(_ at: Int) -> Bool { at == 0 || best[at].start >= 0 }

    /// Proposes a token between two places; of equal scores the first proposed stays.
    func offer(from start: Int, to end: Int, _ id: Int32, _ score: Double) {
        let total = rounded(best[start].score + score)
        if best[end].start < 0 || total > best[end].score { best[end] = (total, Int32(start), id) }
        reached = max(reached, end)
    }

    /// Starts sums anew from a place where they have grown so large that single precision blurs them, as SentencePiece
    /// does.
    func rebase(at start: Int) {
        let offset = best[start].score
        guard singlePrecision, abs(offset) > 100_000 else { return }
        for i in start...max(start, reached) where i == start || best[i].start >= 0 {
            best[i].score = rounded(best[i].score - offset)
        }
    }

    private func rounded(_ sum: Double) -> Double { singlePrecision ? Double(Float(sum)) : sum }

    /// The tokens of the best path, first to last.
    func bestPath() -> [(start: Int, end: Int, id: Int32)] {
        var path: [(start: Int, end: Int, id: Int32)] = []
        var end = count
        while end > 0, best[end].start >= 0 {
            path.append((Int(best[end].start), end, best[end].id))
            end = Int(best[end].start)
        }
        return path.reversed()
    }
}
