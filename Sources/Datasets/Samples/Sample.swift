/// Token ids with the loss mask of a stretch that is trained on as a whole.
public struct Sample: Sendable, Equatable {
    /// The tokens.
    public var ids: [Int32]
    /// `targets[i]` says that predicting `ids[i]` from what precedes it carries loss; the first is never a target.
    public var targets: [Bool]
    /// Whether a chat template wrote it and, if so, whether a token with loss ends an assistant's turn.
    public var turnEnd: TurnEnd

    /// What is known about the end of the assistant's turn.
    public enum TurnEnd: Sendable, Equatable {
        /// No template wrote this sample.
        case notTemplated
        /// The end-of-turn token carries loss.
        case supervised
        /// The template writes nothing behind an answer.
        case missing
    }

    /// A sample; the first token is made no target, for nothing precedes it.
    public init(ids: [Int32], targets: [Bool], turnEnd: TurnEnd) {
        precondition(ids.count == targets.count, "Sample: \(ids.count) ids but \(targets.count) targets")
        self.ids = ids
        self.targets = targets
        self.turnEnd = turnEnd
        if !targets.isEmpty { self.targets[0] = false }
    }

    /// How many tokens there are.
    public var count: Int { ids.count }
    /// How many tokens carry loss.
    public var targetCount: Int { targets.reduce(0) { $0 + ($1 ? 1 : 0) } }
}
