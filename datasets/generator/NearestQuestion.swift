/// The baseline without a model: answer as the training question with the most words in common was answered.
enum NearestQuestion {
    private static func words(_ text: String) -> Set<String> {
        Set(text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }).map { String($0) })
    }

    /// Share of `heldOut` answered exactly, by the Jaccard similarity of the word sets; the first of equals wins.
    static func exactMatch(training: [Row], heldOut: [Row]) -> Double {
        let known = training.flatMap { $0.turns }.map { (words: words($0.question), answer: $0.answer) }
        let asked = heldOut.flatMap { $0.turns }
        var right = 0
        for (question, answer) in asked {
            let wanted = words(question)
            var best = (score: -1.0, answer: "")
            for candidate in known {
                let shared = Double(wanted.intersection(candidate.words).count)
                let score = shared / Double(wanted.union(candidate.words).count)
                if score > best.score { best = (score, candidate.answer) }
            }
            if best.answer == answer { right += 1 }
        }
        return Double(right) / Double(max(asked.count, 1))
    }
}
