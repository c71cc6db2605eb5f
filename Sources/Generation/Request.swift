/// What is to be continued, and how far.
public struct GenerationRequest: Sendable {
    /// The ids to continue; at least one.
    public var prompt: [Int32]
    /// Tokens to write at most.
    public var maxTokens: Int
    /// Ids that end the answer and are not part of it.
    public var stopIDs: Set<Int32>
    /// Texts that end the answer and are not part of it.
    public var stopStrings: [String]
    /// How tokens are chosen.
    public var sampling: Sampling
    /// Tells this row's chance from other rows'.
    public var key: UInt64
    /// Whether the answer goes on in the middle of the prompt's text, so that a space at its start is kept.
    public var continuesText: Bool
    /// Which of the model's sets of adapters it is answered with, beside others that have other ones.
    public var adapterSet = 0

    /// A request.
    public init(
        _ prompt: [Int32], maxTokens: Int, stopIDs: Set<Int32> = [], stopStrings: [String] = [],
        sampling: Sampling = Sampling(), key: UInt64 = 0, continuesText: Bool = false
    ) {
        self.prompt = prompt
        self.maxTokens = maxTokens
        self.stopIDs = stopIDs
        self.stopStrings = stopStrings.filter { !$0.isEmpty }
        self.sampling = sampling
        self.key = key
        self.continuesText = continuesText
    }
}

/// Why an answer ended.
public enum GenerationEnd: Sendable, Equatable {
    /// A token that ends answers.
    case stopToken(Int32)
    /// A text that ends answers.
    case stopString(String)
    /// The most tokens were written.
    case length
    /// The model has no position left.
    case contextFull
    /// The listener wanted no more.
    case cancelled

    /// The word for it in results.
    public var name: String {
        switch self {
        case .stopToken: "stop_token"
        case .stopString: "stop_string"
        case .length: "length"
        case .contextFull: "context_full"
        case .cancelled: "cancelled"
        }
    }
}

/// An answer.
public struct Generation: Sendable, Equatable {
    /// The tokens, without the one that ended it.
    public var ids: [Int32]
    /// Their text, up to a stop string; empty when the generator has no tokenizer.
    public var text: String
    /// Why it ended.
    public var end: GenerationEnd
}
