/// Text from ids that come one by one: gives out only what can no longer change, and in the end the same text as
/// ``Tokenizer/decode(_:skipSpecialTokens:)``.
public struct IncrementalDecoder {
    private let tokenizer: Tokenizer
    private let skipSpecialTokens: Bool
    // The last ids: enough of what is given out already for decoding to know that it is not at the text's start.
    private var ids: [Int32] = []
    // Where in `ids` those begin that came since the text was last complete.
    private var fresh = 0
    // How many bytes of the text of `ids` are given out.
    private var given = 0

    /// A decoder at the start of a text.
    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
    }

    /// The text that has become certain with this id; empty while a character is incomplete.
    public mutating func append(_ id: Int32) -> String {
        guard let token = tokenizer.bytes(ofToken: id), !(skipSpecialTokens && tokenizer.added.isSkipped(id)) else {
            return ""
        }
        ids.append(id)
        if let decoder = tokenizer.decoder, decoder.awaitsMore(after: token[...]) { return "" }
        let text = Array(tokenizer.decode(ids, skipSpecialTokens: skipSpecialTokens).utf8)
        // An incomplete character shows as U+FFFD at the end; more bytes may complete it.
        let isComplete = text.suffix(3) != [0xef, 0xbf, 0xbd]
        let new = give(isComplete ? text[...] : text.dropLast(3))
        if isComplete {
            let kept = Array(ids[fresh...])
            let context = tokenizer.decode(kept, skipSpecialTokens: skipSpecialTokens)
            // Tokens that show as nothing are no context: the next would be taken for the text's first.
            if !context.isEmpty {
                ids = kept
                given = context.utf8.count
            }
            fresh = ids.count
        }
        return new
    }

    /// What is left at the end of the text: characters that never became complete, as U+FFFD.
    public mutating func finish() -> String {
        give(Array(tokenizer.decode(ids, skipSpecialTokens: skipSpecialTokens).utf8)[...])
    }

    private mutating func give(_ text: ArraySlice<UInt8>) -> String {
        guard text.count > given else { return "" }
        defer { given = text.count }
        return UTF8Text.string(text.dropFirst(given))
    }
}
