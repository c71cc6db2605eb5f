import Datasets
import Models

extension TransformerConfig {
    /// Refuses ids that the model has no row for, and lengths beyond a learned table of positions.
    func checkSequence(_ ids: [Int32]) throws(RowFault) {
        if let id = ids.first(where: { $0 < 0 || Int($0) >= vocabularySize }) {
            throw RowFault(
                "has the token \(id), but the model knows \(vocabularySize) tokens",
                advice: "the tokenizer, or the ids in the row, belong to another model")
        }
        if learnedPositions && ids.count > maximumPositions {
            throw RowFault(
                "has \(ids.count) tokens; the model has learned positions for \(maximumPositions)",
                advice: "shorten the row")
        }
    }

    /// Refuses ids that nothing can be written after: none, or more than there are positions for.
    func checkPrompt(_ ids: [Int32]) throws(RowFault) {
        if ids.isEmpty { throw RowFault("asks nothing", advice: "a prompt needs at least one token") }
        try checkSequence(ids)
        if ids.count > maximumPositions {
            throw RowFault(
                "has \(ids.count) tokens; the model has positions for \(maximumPositions)", advice: "shorten the prompt"
            )
        }
    }
}
