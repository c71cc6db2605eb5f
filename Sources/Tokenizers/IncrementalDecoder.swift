/// Text from ids that come one by one: gives out only what can no longer change, and in the end the same text as
/// ``Tokenizer/decode(_:skipSpecialTokens:)``.
public struct IncrementalDecoder {
    private let tokenizer: Tokenizer
    private let skipSpecialTokens: Bool
    // The ids whose text is not all given out, after some whose text is: decoding depends on what stands before.
    private var ids: [Int32] = []
    private var done = 0

    /// A decoder at the start of a text.
    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
    }

    /// The text that has become certain with this id; empty while a character is incomplete.
    public mutating func append(_ id: Int32) -> String {
        ids.append(id)
        if let token = tokenizer.bytes(ofToken: id), let decoder = tokenizer.decoder,
            decoder.awaitsMore(after: token[...])
        {
            return ""
        }
        let text = tokenizer.decode(ids, skipSpecialTokens: skipSpecialTokens)
        // An incomplete character ends in U+FFFD; more bytes may complete it.
        if text.unicodeScalars.last == "\u{fffd}" { return "" }
        return give(text)
    }

    /// What is left at the end of the text: characters that never became complete, as U+FFFD.
    public mutating func finish() -> String {
        give(tokenizer.decode(ids, skipSpecialTokens: skipSpecialTokens))
    }

    private mutating func give(_ text: String) -> String {
        let before = tokenizer.decode(Array(ids[..<done]), skipSpecialTokens: skipSpecialTokens)
        guard text.utf8.count > before.utf8.count else { return "" }
        let new = UTF8Text.string(Array(text.utf8.dropFirst(before.utf8.count)))
        ids.removeFirst(done)
        done = ids.count
        return new
    }
}
