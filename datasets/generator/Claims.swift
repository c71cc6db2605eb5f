import Foundation

/// What datasets/handbook/README.md claims, checked on the rows as they are written.
struct Claims {
    let handbook: Handbook
    let documents: String
    let training: [Row]
    let heldOut: [Row]
    let general: [Row]

    /// A sentence for each claim that does not hold.
    var violations: [String] {
        var found: [String] = []
        let taught = Set(Kind.all.flatMap { $0.attributes.flatMap { $0.asked } })
        for wording in Kind.all.flatMap({ $0.attributes.flatMap { $0.heldOut } }) where taught.contains(wording) {
            found.append("a held-out wording is taught: \(wording)")
        }
        let known = Set((training + general).flatMap { $0.turns.map { $0.question.lowercased() } })
        for turn in heldOut.flatMap({ $0.turns }) {
            if known.contains(turn.question.lowercased()) {
                found.append("a held-out question is taught: \(turn.question)")
            }
            if !isStated(turn) { found.append("no document says: \(turn.question) \(turn.answer)") }
        }
        for entity in handbook.entities where entity.givesAway(documents) {
            found.append("a document speaks in the words of a held-out question about \(entity.name)")
        }
        for row in general {
            for word in Self.words(row) where handbook.names.contains(word) {
                found.append("general text speaks of the handbook's \(word)")
            }
        }
        return found
    }

    /// Whether the entry whose heading the question names holds the answer.
    private func isStated(_ turn: (question: String, answer: String)) -> Bool {
        documents.components(separatedBy: "\n## ").contains { entry in
            let heading = entry.prefix { $0 != "\n" }.lowercased()
            return turn.question.lowercased().contains(heading) && entry.contains(turn.answer)
        }
    }

    private static func words(_ row: Row) -> Set<String> {
        let text: String
        switch row {
        case .text(let content): text = content
        case .chat(let turns): text = turns.map { $0.question + " " + $0.answer }.joined(separator: " ")
        }
        return Set(text.split(whereSeparator: { !$0.isLetter }).map { String($0) })
    }
}

extension Row {
    /// The questions with their answers; none in a text.
    var turns: [(question: String, answer: String)] {
        if case .chat(let turns) = self { return turns }
        return []
    }
}
