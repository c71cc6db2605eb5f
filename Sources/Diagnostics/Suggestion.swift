/// The candidate a mistyped word was probably meant to be: at most a third of its letters differ.
public func suggestion(for word: String, among candidates: some Sequence<String>) -> String? {
    let word = Array(word.lowercased())
    let ranked = candidates.map { (name: $0, distance: editDistance(word, Array($0.lowercased()))) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    let length = max(word.count, best.name.count)
    return best.distance <= max(length > 3 ? 2 : 1, length / 3) ? best.name : nil
}

/// The fewest insertions, deletions, replacements and swaps of neighbours that turn one word into the other, no letter
/// being changed twice (optimal string alignment).
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var before: [Int] = []
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var next = [i + 1]
        for (j, y) in b.enumerated() {
            var least = min(row[j] + (x == y ? 0 : 1), row[j + 1] + 1, next[j] + 1)
            if i > 0, j > 0, x == b[j - 1], a[i - 1] == y { least = min(least, before[j - 1] + 1) }
            next.append(least)
        }
        (before, row) = (row, next)
    }
    return row[b.count]
}
