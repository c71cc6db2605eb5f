/// A token that is recognised in the text itself, before the model sees it: control tokens, and words added later.
public struct AddedToken: Sendable, Equatable {
    /// Where a token is looked for.
    public enum Matching: Sendable {
        /// In the text as it is.
        case plain
        /// In the normalised text, in the token's own normalised form.
        case normalized
        /// In the normalised text, as it is.
        case verbatimInNormalized
        /// In the text as it is, but only when control tokens are asked for.
        case onRequest
    }

    /// Its text.
    public var content: String
    /// Its id; nil: the model's vocabulary has it, or it gets the next free one.
    public var id: Int32?
    /// Whether it is found only where no letter, digit or underscore touches it.
    public var singleWord: Bool
    /// Whether it takes the white space before it along.
    public var stripsLeft: Bool
    /// Whether it takes the white space after it along.
    public var stripsRight: Bool
    /// Where it is looked for.
    public var matching: Matching
    /// Whether decoding can leave it out.
    public var special: Bool

    /// An added token; a special one that is looked for in the text as it is unless said otherwise.
    public init(
        _ content: String, id: Int32? = nil, singleWord: Bool = false, stripsLeft: Bool = false,
        stripsRight: Bool = false, matching: Matching = .plain, special: Bool = true
    ) {
        self.content = content
        self.id = id
        self.singleWord = singleWord
        self.stripsLeft = stripsLeft
        self.stripsRight = stripsRight
        self.matching = matching
        self.special = special
    }
}
