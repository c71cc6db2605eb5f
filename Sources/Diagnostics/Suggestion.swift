/// The candidate a mistyped word was probably meant to be: at most a third of its letters differ.
public func suggestion(for word: String, among candidates: some Sequence<String>) -> String? {
    let word = Array(word.lowercased())
    let ranked = candidates.map { (name: $0, distance: editDistance(word, Array($0.lowercased()))) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    let length = max(word.count, best.name.count)
    return best.distance <= max(length > 3 ? 2 : 1, length / 3) ? best.name : nil
}

/// Levenshtein's distance: the fewest insertions, deletions and replacements that turn one word into the other.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let substituted = diagonal + (x == y ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
        }
    }
    return row[b.count]
}
